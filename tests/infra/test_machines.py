"""The definitions of the state machines are valid, and follow rules that a validator does not know."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from statelint.config import Config
from statelint.linter import Linter

from chalicelib.builds.steps import group, job
from chalicelib.long_changes import steps as long_changes
from infra.template import machine

MACHINES = ("GroupMachine", "JobMachine", "LongChangeMachine")
LAMBDA_SECONDS = 900
STRUCTS = {"StepGroup": group.Step, "StepJob": job.Step, "ContinueLongChange": long_changes.Step}


def tasks(logical_id: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the tasks of a machine with their names."""
    return ((name, state) for name, state in machine(logical_id)["States"].items() if state["Type"] == "Task")


@pytest.mark.parametrize("logical_id", MACHINES)
def test_the_definition_is_valid(logical_id: str) -> None:
    assert Linter.validate(json.dumps(machine(logical_id)), Config()) == []


def test_the_validator_finds_a_state_that_is_missing() -> None:
    definition = machine("JobMachine")
    del definition["States"]["Archive"]

    assert Linter.validate(json.dumps(definition), Config()) != []


@pytest.mark.parametrize("logical_id", MACHINES)
def test_every_task_ends_and_is_retried_with_jitter(logical_id: str) -> None:
    for name, state in tasks(logical_id):
        assert "TimeoutSecondsPath" in state or state["TimeoutSeconds"] > (0 if name == "Sleep" else LAMBDA_SECONDS)
        for retrier in state["Retry"]:
            assert (retrier["JitterStrategy"], retrier["BackoffRate"], retrier["MaxAttempts"]) == ("FULL", 2.0, 10)


@pytest.mark.parametrize("logical_id", MACHINES)
def test_a_time_out_of_a_wait_is_not_retried(logical_id: str) -> None:
    for _, state in tasks(logical_id):
        if state["Resource"].endswith(".waitForTaskToken"):
            retried = {error for retrier in state["Retry"] for error in retrier["ErrorEquals"]}
            assert not {error for error in retried if error.startswith("States.")}
            assert "Failed" in retried, "background.Failed is what a function raises"


def test_every_task_of_a_group_leads_to_the_fault() -> None:
    for name, state in tasks("GroupMachine"):
        [*_, last] = state["Catch"]
        assert last["ErrorEquals"] == ["States.ALL"]
        assert last["Next"] == ("Failed" if name == "Fault" else "Fault")


def test_a_job_takes_at_most_four_transitions() -> None:
    states = machine("JobMachine")["States"]
    path = ["Watch"]
    while "Next" in states[path[-1]]:
        path.append(states[path[-1]]["Next"])

    assert len(path) <= 4


@pytest.mark.parametrize("logical_id", MACHINES)
def test_steps_get_fields_that_they_know_and_no_names(logical_id: str) -> None:
    for _, state in tasks(logical_id):
        payload = state["Parameters"]["Payload"]
        function = state["Parameters"]["FunctionName"][2:].removesuffix(".Arn}")
        fields = {field.removesuffix(".$") for field in payload} - {"correlation_id"}
        assert fields <= set(STRUCTS[function].__struct_fields__)
        assert payload["correlation_id.$"] == "$$.Execution.Name"
