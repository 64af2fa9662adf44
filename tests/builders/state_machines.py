"""The state machines of the template in the embedded engine, with functions that run inside the process."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from chalicelib.platform.aws import client
from infra.template import machine
from tests.builders.engine import an_engine
from tests.builders.machines import these_functions
from tests.rights.policies import function_arn, machine_arn

Function = Callable[[dict[str, Any]], Any]
ROLE = "arn:aws:iam::123456789012:role/machines"


@contextmanager
def an_engine_with_functions(functions: Mapping[str, Function]) -> Iterator[None]:
    """Run an engine whose executions call these functions, by logical id. Errors become Lambda's error answers."""
    with an_engine(), these_functions(**functions):
        yield


def create(logical_id: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> str:
    """Create a state machine of the template, or give it this definition, and return its ARN.

    `change` may edit the definition. Executions that run keep theirs.
    """
    definition = deepcopy(machine(logical_id))
    change(definition)
    text = json.dumps(definition)
    for function in ("StepGroup", "StepJob", "ContinueLongChange"):
        text = text.replace(f"${{{function}.Arn}}", function_arn(function))
    engine = client("stepfunctions")
    engine.create_state_machine(name=logical_id, definition=text, roleArn=ROLE)
    # moto keeps the definition of a machine that exists
    engine.update_state_machine(stateMachineArn=machine_arn(logical_id), definition=text)
    return machine_arn(logical_id)


def hurry(definition: dict[str, Any]) -> None:
    """Let a wait last a second, heartbeats be due after three, and tasks be tried three times."""
    for state in definition["States"].values():
        if "TimeoutSeconds" in state and ".waitForTaskToken" in state["Resource"]:
            state["TimeoutSeconds"] = 1
        if "HeartbeatSeconds" in state:
            state["HeartbeatSeconds"] = 3
        for retrier in state.get("Retry", ()):
            retrier |= {"IntervalSeconds": 1, "MaxAttempts": 2, "MaxDelaySeconds": 2}


def fail_at_once(definition: dict[str, Any]) -> None:
    """Let an execution end at its first failed task, so that none is left running where there are no functions."""
    for state in definition["States"].values():
        state.pop("Retry", None)
        state.pop("Catch", None)


def description_of(machine_arn: str, name: str) -> dict[str, Any]:
    """Return the status and the output of an execution."""
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    described: dict[str, Any] = client("stepfunctions").describe_execution(executionArn=arn)
    return described


def history_of(machine_arn: str, name: str) -> list[dict[str, Any]]:
    """Return the events of an execution."""
    arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
    pages = client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
    return [deepcopy(event) for page in pages for event in page["events"]]


def states_of(machine_arn: str, name: str) -> list[str]:
    """Return the states that an execution has entered, in order."""
    entered = (event.get("stateEnteredEventDetails") for event in history_of(machine_arn, name))
    return [details["name"] for details in entered if details]
