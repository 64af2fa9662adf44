"""Long changes in the embedded engine: every transition of the state machine, and changes that it completes."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

import app
from chalicelib.catalog.long_changes import long_change_motor
from chalicelib.channels import deletion
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk import service as bulk
from chalicelib.core.long_change import LongChangeKind
from chalicelib.core.target import Target
from chalicelib.long_changes import steps
from chalicelib.packages import hints, pending_hints
from chalicelib.platform import logs, step_functions
from chalicelib.platform.aws import client
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.step_functions import Execution
from tests.api.client import Depot
from tests.builders import state_machines as machines
from tests.builders.bulk import changes
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package
from tests.builders.releases import an_origin_with_promoted
from tests.builders.rows import empty_partition, partition_rows
from tests.builders.waiting import until
from tests.engine.executions.test_machines import assert_complete
from tests.rights.policies import machine_arn

LINUX = Target.X86_64_LINUX
ARN = machine_arn("LongChangeMachine")
MANY = 99


class Failed(Exception):
    """What background.run raises when a step fails. Only its name matters."""


@pytest.fixture
def _configured(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_motor, "config", replace(config, long_change_machine=ARN))


@pytest.fixture
def deployed(_configured: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The deployed state machine and function. Requests and steps change one package each."""
    for module, name in (
        (bulk, "SECONDS"),
        (deletion, "REQUEST_SECONDS"),
        (deletion, "CREATION_SECONDS"),
        (steps, "SECONDS"),
    ):
        monkeypatch.setattr(module, name, -1.0)
    monkeypatch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 3)
    monkeypatch.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 3)
    step = {"ContinueLongChange": lambda event: app.continue_long_change(event, None)}
    with machines.an_engine_with_functions(step):
        machines.create("LongChangeMachine")
        yield


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin of bobo with four packages in the channel `from`."""
    return an_origin_with_promoted(depot, 4, "from")


def has_ended(name: str) -> bool:
    return step_functions.find(ARN, name) is Execution.ENDED


def test_all_of_the_machine(_configured: None) -> None:
    events: dict[str, list[Any]] = defaultdict(list)
    results: dict[str, list[str]] = {"twice": ["again", "end"], "recovered": ["end"]}
    failures = {"recovered": [Failed()], "broken": [Failed() for _ in range(MANY)]}

    def step(event: dict[str, Any]) -> Any:
        identifier = event.pop("id")
        events[identifier].append(event)
        if failures.get(identifier):
            raise failures[identifier].pop()
        return {**event, "id": identifier, "rounds": event["rounds"] + 1, "next": results[identifier].pop(0)}

    number = new_id()
    names = {each: f"promotion-{each}-{number}" for each in ("twice", "recovered", "broken")}
    with machines.an_engine_with_functions({"ContinueLongChange": step}):
        machines.create("LongChangeMachine", machines.hurry)
        for each in names:
            long_change_motor.start(LongChangeKind.PROMOTION, "core", each, number)
        for name in names.values():
            assert until(partial(has_ended, name))
        entered = {each: machines.states_of(ARN, name) for each, name in names.items()}
        numbered = dict(enumerate(names.values()))
        assert_complete(ARN, "LongChangeMachine", numbered, dict(enumerate(entered.values())))

    assert entered["twice"] == ["Continue", "Decide", "Continue", "Decide", "Ended"]
    assert entered["recovered"] == ["Continue", "Decide", "Ended"]
    assert entered["broken"] == ["Continue", "Failed"]
    first, second = events["twice"]
    assert first == {
        "kind": "promotion",
        "origin": "core",
        "generation": number,
        "rounds": 0,
        "correlation_id": names["twice"],
    }
    assert second == first | {"rounds": 1}


@pytest.mark.usefixtures("deployed")
def test_a_bulk_promotion_is_completed_by_the_machine(depot: Depot, origin: str) -> None:
    reply = depot.put(f"/depot/channels/{origin}/from/pkgs/promote", by="bobo", query={"channel": "to"})
    assert reply.status == 503

    assert until(lambda: not changes(origin)[0].is_running)

    assert depot.get(f"/depot/channels/{origin}/to/pkgs").json()["total_count"] == 4
    assert changes(origin)[0].state == "done"


@pytest.mark.usefixtures("deployed")
def test_the_deletion_of_a_channel_is_completed_by_the_machine(depot: Depot, origin: str) -> None:
    assert depot.delete(f"/depot/channels/{origin}/from", by="bobo").status == 200

    assert until(lambda: not changes(origin)[0].is_running)

    assert depot.post(f"/depot/channels/{origin}/from", by="bobo").status == 201
    assert depot.get(f"/depot/channels/{origin}/from/pkgs").json()["total_count"] == 0


@pytest.mark.usefixtures("deployed")
def test_pending_hints_are_written_by_the_machine(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "PENDING_AFTER", 0)
    empty_partition(pending_hints.pending_partition(LINUX))
    origin, name = an_origin(depot), a_name("needy")
    a_package(depot, origin, name=name, tdeps=[f"{origin}/lib/1/1"])

    assert until(lambda: not partition_rows(pending_hints.pending_partition(LINUX)))

    assert list(partition_rows(f"DEPENDENTS#{origin}/lib/{LINUX}")) == [f"{origin}/{name}"]


@pytest.mark.usefixtures("deployed")
def test_another_execution_takes_over_before_the_history_is_full(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "ROUNDS", 2)
    depot.delete(f"/depot/channels/{origin}/from", by="bobo")

    assert until(lambda: not changes(origin)[0].is_running)

    name = f"channel-deletion-{changes(origin)[0].id}"
    assert until(partial(has_ended, f"{name}-2"))
    assert machines.states_of(ARN, f"{name}-1") == ["Continue", "Decide"] * 2 + ["Ended"]


@pytest.mark.usefixtures("deployed")
def test_a_round_takes_few_events(depot: Depot, origin: str) -> None:
    """25,000 events are the limit of a history, and ROUNDS stay far below it."""
    depot.delete(f"/depot/channels/{origin}/from", by="bobo")
    name = f"channel-deletion-{changes(origin)[0].id}-1"
    assert until(partial(has_ended, name))

    rounds = machines.states_of(ARN, name).count("Continue")
    assert len(machines.history_of(ARN, name)) * steps.ROUNDS / rounds < 6_000


def test_an_error_of_step_functions_does_not_fail_a_request(
    _configured: None, depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    logged: list[BaseException] = []
    monkeypatch.setattr(logs, "failed_call", logged.append)
    monkeypatch.setattr(deletion, "REQUEST_SECONDS", -1.0)
    monkeypatch.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 3)

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException"}}, "StartExecution")

    monkeypatch.setattr(client("stepfunctions"), "start_execution", refuse)

    assert depot.delete(f"/depot/channels/{origin}/from", by="bobo").status == 200
    assert len(logged) == 1
    assert changes(origin)[0].is_running
