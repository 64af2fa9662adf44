"""The state machines of the template in the embedded engine, with functions that run inside the process.

A double of what the local stack does in its own processes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from typing import Any
from unittest.mock import patch

from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.stepfunctions.parser.asl.eval.callback.callback import CallbackEndpoint

from chalicelib.platform.aws import client
from infra.template import machine
from local.patching import replace, wrap
from tests.builders.engine import an_engine
from tests.rights.policies import function_arn, machine_arn

Function = Callable[[dict[str, Any]], Any]
ROLE = "arn:aws:iam::123456789012:role/machines"

_functions: dict[str, Function] = {}


@contextmanager
def an_engine_with_functions(functions: Mapping[str, Function]) -> Iterator[None]:
    """Run an engine whose executions call these functions, by logical id. Errors become Lambda's error answers."""
    _patch()
    settings = {"stepfunctions": {"execute_state_machine": True}, "lambda": {"use_docker": False}}
    with an_engine(), patch.dict(default_user_config, settings), patch.dict(_functions, functions):
        yield


def create(logical_id: str, change: Callable[[dict[str, Any]], None] = lambda _: None) -> str:
    """Create a state machine of the template, or give it this definition, and return its ARN.

    `change` may edit the definition. Executions that run keep theirs.
    """
    definition = deepcopy(machine(logical_id))
    change(definition)
    text = json.dumps(definition)
    for function in ("StepGroup", "StepJob"):
        text = text.replace(f"${{{function}.Arn}}", function_arn(function))
    engine = client("stepfunctions")
    try:
        engine.create_state_machine(name=logical_id, definition=text, roleArn=ROLE)
    except engine.exceptions.StateMachineAlreadyExists:
        engine.update_state_machine(stateMachineArn=machine_arn(logical_id), definition=text)
    return machine_arn(logical_id)


def hurry(definition: dict[str, Any]) -> None:
    """Let a wait last a second, heartbeats be due after three, and tasks be tried three times in quick succession."""
    for state in definition["States"].values():
        if "TimeoutSeconds" in state and ".waitForTaskToken" in state["Resource"]:
            state["TimeoutSeconds"] = 1
        if "HeartbeatSeconds" in state:
            state["HeartbeatSeconds"] = 3
        for retrier in state.get("Retry", ()):
            retrier |= {"IntervalSeconds": 1, "MaxAttempts": 2, "MaxDelaySeconds": 2}


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


@cache
def _patch() -> None:
    """Let moto's Lambda without containers call our functions, and end a wait before it has begun, once per process."""

    def end_if_known(original: Any, endpoint: CallbackEndpoint, **named: Any) -> Any:
        heartbeats = original(endpoint, **named)
        if endpoint.get_outcome() is not None:
            heartbeats.notify()
        return heartbeats

    def invoke(
        _backend: Any, function_name: str, _qualifier: Any, body: Any, _headers: Any, response_headers: Any
    ) -> bytes:
        name = function_name.rpartition(":")[2]
        try:
            return json.dumps(_functions[name](json.loads(body or "{}"))).encode()
        except Exception as problem:  # noqa: BLE001 - as Lambda does
            response_headers["x-amz-function-error"] = "Unhandled"
            return json.dumps({"errorMessage": "", "errorType": type(problem).__name__}).encode()

    replace(LambdaSimpleBackend, "invoke", invoke)
    wrap(CallbackEndpoint, "setup_heartbeat_endpoint", end_if_known)
