"""Executions are started once, woken by the token of the row, and never fail a request."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from chalicelib.builds import motor
from chalicelib.builds.rows import GroupRow
from chalicelib.platform import logs, step_functions
from chalicelib.platform.aws import client
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import Config
from chalicelib.platform.step_functions import Execution, StepFunctionsFailed
from chalicelib.platform.table import StoreUnavailable
from tests.builders import state_machines as machines
from tests.builders.group_rows import a_group, change_group, group_row
from tests.builders.waiting import until


@pytest.fixture
def started(table: None, settings: Config) -> Iterator[list[str]]:
    """An engine with the machines of the template; the names of the steps that were taken."""
    steps: list[str] = []

    def note(event: dict[str, object]) -> dict[str, object]:
        steps.append(f"{event['correlation_id']} {event['step']}")
        return {**event, "state": "Queued", "next": "sleep"}

    with machines.an_engine_with_functions({"StepGroup": note, "StepJob": note}):
        machines.create("GroupMachine")
        machines.create("JobMachine")
        yield steps


def test_an_execution_is_started_once(started: list[str]) -> None:
    group, job = new_id(), new_id()

    for _ in range(2):
        motor.start_group(group)
        motor.start_job(job, 2)

    assert until(lambda: len(started) == 3)
    assert sorted(started) == sorted([f"grp-{group}-1 check", f"grp-{group}-1 sleep", f"job-{job}-2 watch"])


def test_a_group_is_woken_by_the_token_in_its_row(started: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    woken: list[str] = []
    monkeypatch.setattr(step_functions, "end_wait", woken.append)
    group = a_group()

    motor.wake_group(int(group.id))
    change_group(group, GroupRow.sleeper.set("a token"))
    for _ in range(2):
        motor.wake_group(int(group.id))

    assert woken == ["a token"] * 2


def test_the_next_generation_follows_once(started: list[str]) -> None:
    group = a_group()
    group_id = int(group.id)

    for _ in range(2):
        motor.next_generation(group_id, 1)

    assert int(group_row(group_id).generation) == 2
    assert motor.find_group(group_id, 2) is Execution.RUNNING
    assert motor.find_group(group_id, 3) is Execution.MISSING


def test_an_older_generation_has_no_successor(started: list[str]) -> None:
    group = a_group(generation=5)

    motor.next_generation(int(group.id), 1)

    assert int(group_row(int(group.id)).generation) == 5
    assert motor.find_group(int(group.id), 2) is Execution.MISSING


def test_a_lost_start_of_the_next_generation_can_be_repeated(
    started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    group_id = int(a_group().id)
    with monkeypatch.context() as interruption, pytest.raises(StepFunctionsFailed):
        interruption.setattr(step_functions, "start", fail)
        motor.next_generation(group_id, 1)

    assert motor.find_group(group_id, 2) is Execution.MISSING
    motor.next_generation(group_id, 1)

    assert motor.find_group(group_id, 2) is Execution.RUNNING


def fail(*_: object, **__: object) -> None:
    raise StepFunctionsFailed


@pytest.mark.parametrize("code", ["StateMachineDoesNotExist", "ThrottlingException"])
def test_errors_of_aws_are_logged_and_not_raised(
    table: None, settings: Config, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    logged: list[BaseException] = []
    monkeypatch.setattr(logs, "failed_call", logged.append)
    group = a_group(sleeper="a token")

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code}}, "StartExecution")

    for operation in ("start_execution", "send_task_success", "send_task_heartbeat"):
        monkeypatch.setattr(client("stepfunctions"), operation, refuse)

    motor.start_group(int(group.id))
    motor.start_job(1, 1)
    motor.wake_group(int(group.id))
    motor.end_wait("a token")
    motor.heartbeat("a token")

    assert [type(problem) for problem in logged] == [StepFunctionsFailed] * 5


@pytest.mark.parametrize("code", ["TaskDoesNotExist", "TaskTimedOut", "InvalidToken"])
def test_tokens_of_ended_executions_are_ignored(table: None, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    logged: list[BaseException] = []
    monkeypatch.setattr(logs, "failed_call", logged.append)

    def refuse(**_: object) -> None:
        raise ClientError({"Error": {"Code": code}}, "SendTaskSuccess")

    monkeypatch.setattr(client("stepfunctions"), "send_task_success", refuse)
    motor.end_wait("a token")

    assert logged == []


def test_without_state_machines_nothing_is_called(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    group = a_group(sleeper="a token")
    monkeypatch.setattr(step_functions, "client", fail)

    motor.start_group(int(group.id))
    motor.start_job(1, 1)
    motor.wake_group(int(group.id))
    motor.next_generation(int(group.id), 1)

    assert motor.find_group(int(group.id), 1) is None
    assert int(group_row(int(group.id)).generation) == 2


def test_the_input_of_an_execution_has_only_numbers(started: list[str], settings: Config) -> None:
    group, job = new_id(), new_id()
    motor.start_group(group)
    motor.start_job(job, 1)

    inputs = [
        machines.description_of(settings.group_machine, f"grp-{group}-1")["input"],
        machines.description_of(settings.job_machine, f"job-{job}-1")["input"],
    ]

    assert inputs == [
        f'{{"group":{group},"generation":1,"rounds":0}}',
        f'{{"job":{job},"attempt":1,"seconds":4200}}',
    ]


def test_a_failed_read_does_not_fail_a_wake_up(table: None, settings: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[BaseException] = []
    monkeypatch.setattr(logs, "failed_call", logged.append)

    def unavailable(_: object) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(motor, "read", unavailable)
    motor.wake_group(1)

    assert [type(problem) for problem in logged] == [StoreUnavailable]
