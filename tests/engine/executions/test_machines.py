"""Every state, every retry and every catcher of both state machines, run by the embedded engine."""

from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.platform import step_functions
from chalicelib.platform.clock import new_id
from chalicelib.platform.step_functions import Execution
from infra.template import machine
from tests.builders import state_machines as machines
from tests.builders.waiting import until

MANY = 99


class Failed(Exception):
    """What background.run raises when a step fails. Only its name matters."""


class Unforeseen(Exception):
    """An error that is not retried while a task waits for a token."""


class Functions:
    """Functions that fail as often as a test says, and wake or leave waiting what waits for a token.

    `errors` has the errors of a step that are still to come, by the number of the execution and the step.
    """

    def __init__(self) -> None:
        self.errors: dict[tuple[int, str], list[Exception]] = defaultdict(list)
        self.decisions: dict[int, list[str]] = defaultdict(list)
        self.silent: set[int] = set()
        self.causes: dict[int, list[str]] = defaultdict(list)

    def group(self, event: dict[str, Any]) -> Any:
        number = event["group"]
        self._fail(number, event["step"])
        match event["step"]:
            case "check":
                decided = self.decisions[number].pop(0)
                return {"group": number, "generation": 1, "rounds": event["rounds"] + 1, "state": "x", "next": decided}
            case "sleep":
                self._wait(number, event["token"])
        return None

    def job(self, event: dict[str, Any]) -> None:
        number = event["job"]
        self._fail(number, event["step"])
        match event["step"]:
            case "watch":
                self._wait(number, event["token"])
            case "settle":
                self.causes[number].append(event["cause"])

    def _fail(self, number: int, step: str) -> None:
        if self.errors[number, step]:
            raise self.errors[number, step].pop()

    def _wait(self, number: int, token: str) -> None:
        if number not in self.silent:
            step_functions.end_wait(token)


@pytest.fixture
def functions(table: None) -> Iterator[Functions]:
    """Functions for both machines, in an engine that executes them."""
    double = Functions()
    with machines.an_engine_with_functions({"StepGroup": double.group, "StepJob": double.job}):
        yield double


def errors(number: int, kind: type[Exception] = Failed) -> list[Exception]:
    """Return as many errors."""
    return [kind() for _ in range(number)]


def transitions(definition: dict[str, Any]) -> set[tuple[str, str]]:
    """Return all transitions that a definition has."""
    found = set()
    for name, state in definition["States"].items():
        targets = [state.get("Next"), state.get("Default")]
        targets += [each["Next"] for each in (*state.get("Choices", ()), *state.get("Catch", ()))]
        found |= {(name, target) for target in targets if target is not None}
    return found


def retried(history: list[dict[str, Any]]) -> set[str]:
    """Return the states that tried their task again."""
    states, current, failed = set(), "", False
    for event in history:
        if event["type"] == "TaskStateEntered":
            current, failed = event["stateEnteredEventDetails"]["name"], False
        elif event["type"] == "TaskFailed":
            failed = True
        elif event["type"] == "TaskScheduled" and failed:
            states.add(current)
    return states


def has_ended(arn: str, name: str) -> bool:
    """Return True for an execution that has ended."""
    return step_functions.find(arn, name) is Execution.ENDED


def finish(arn: str, names: dict[int, str]) -> dict[int, list[str]]:
    """Wait for executions, and return the states that each has entered."""
    for name in names.values():
        assert until(partial(has_ended, arn, name))
    return {number: machines.states_of(arn, name) for number, name in names.items()}


def test_all_of_the_group_machine(functions: Functions) -> None:
    arn = machines.create("GroupMachine", machines.hurry)
    woken, timed_out, renewed, recovered, broken_check, broken_sleep, broken_renewal, broken_fault = (
        new_id() for _ in range(8)
    )
    functions.decisions |= {
        woken: ["sleep", "end"],
        timed_out: ["sleep", "end"],
        renewed: ["renew"],
        recovered: ["sleep", "renew"],
        broken_sleep: ["sleep"],
        broken_renewal: ["renew"],
    }
    functions.silent.add(timed_out)
    for step in ("check", "sleep", "renew"):
        functions.errors[recovered, step] = errors(1)
    functions.errors[broken_check, "check"] = errors(MANY)
    functions.errors[broken_check, "fault"] = errors(1)
    functions.errors[broken_sleep, "sleep"] = errors(MANY)
    functions.errors[broken_renewal, "renew"] = errors(MANY)
    functions.errors[broken_fault, "check"] = errors(MANY)
    functions.errors[broken_fault, "fault"] = errors(MANY)
    numbers = (woken, timed_out, renewed, recovered, broken_check, broken_sleep, broken_renewal, broken_fault)
    names = {number: f"grp-{number}-1" for number in numbers}
    for number, name in names.items():
        step_functions.start(arn, name, group=number, generation=1, rounds=0)

    entered = finish(arn, names)

    assert entered[woken] == ["Check", "Decide", "Sleep", "Check", "Decide", "Ended"]
    assert entered[timed_out] == entered[woken]
    assert entered[renewed] == ["Check", "Decide", "Renew", "Ended"]
    assert entered[recovered] == ["Check", "Decide", "Sleep", "Check", "Decide", "Renew", "Ended"]
    assert entered[broken_check] == ["Check", "Fault", "Failed"]
    assert entered[broken_sleep] == ["Check", "Decide", "Sleep", "Fault", "Failed"]
    assert entered[broken_renewal] == ["Check", "Decide", "Renew", "Fault", "Failed"]
    assert entered[broken_fault] == ["Check", "Fault", "Failed"]
    assert_complete(arn, "GroupMachine", names, entered)


def test_all_of_the_job_machine(functions: Functions) -> None:
    arn = machines.create("JobMachine", machines.hurry)
    reported, silent, timed_out, unforeseen, recovered, broken_settling = (new_id() for _ in range(6))
    functions.silent |= {silent, timed_out}
    functions.errors[unforeseen, "watch"] = errors(MANY, Unforeseen)
    for number in (recovered, timed_out, unforeseen):
        for step in ("settle", "archive"):
            functions.errors[number, step] = errors(1)
    functions.errors[recovered, "watch"] = errors(1)
    functions.errors[broken_settling, "settle"] = errors(MANY)
    numbers = (reported, silent, timed_out, unforeseen, recovered, broken_settling)
    names = {number: f"job-{number}-1" for number in numbers}
    for number, name in names.items():
        step_functions.start(arn, name, job=number, attempt=1, seconds=1 if number == timed_out else 60)

    entered = finish(arn, names)

    assert entered[reported] == ["Watch", "SettleReported", "Archive"]
    assert entered[silent] == ["Watch", "SettleLost", "Archive"]
    assert entered[timed_out] == ["Watch", "SettleTimedOut", "Archive"]
    assert entered[unforeseen] == ["Watch", "SettleLost", "Archive"]
    assert entered[recovered] == entered[reported]
    assert machines.description_of(arn, names[broken_settling])["status"] == "FAILED"
    assert functions.causes[reported] == ["reported"]
    assert functions.causes[timed_out] == ["timed out"]
    assert functions.causes[unforeseen] == ["lost"]
    assert_complete(arn, "JobMachine", names, entered)


def assert_complete(arn: str, logical_id: str, names: dict[int, str], entered: dict[int, list[str]]) -> None:
    """Assert that the executions have taken every transition and retried every state."""
    definition = machine(logical_id)
    taken = {pair for states in entered.values() for pair in pairwise(states)}
    tried_again = set().union(*(retried(machines.history_of(arn, name)) for name in names.values()))

    assert transitions(definition) == taken
    assert {name for name, state in definition["States"].items() if "Retry" in state} == tried_again


def test_a_round_of_a_group_takes_few_events(functions: Functions) -> None:
    arn = machines.create("GroupMachine", machines.hurry)
    number = new_id()
    functions.decisions[number] = ["sleep"] * 10 + ["end"]
    name = f"grp-{number}-1"
    step_functions.start(arn, name, group=number, generation=1, rounds=0)
    finish(arn, {number: name})

    assert len(machines.history_of(arn, name)) <= 10 * 15 + 12
