"""Calls of AWS Step Functions: start, look up and wake executions of state machines."""

from enum import Enum
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.aws import client

_ENDED_TASKS = frozenset({"InvalidToken", "TaskDoesNotExist", "TaskTimedOut"})


class StepFunctionsFailed(Exception):
    """Step Functions could not be reached or refused a call; the call may be repeated."""


class Execution(Enum):
    """What is known about an execution."""

    MISSING = "missing"
    RUNNING = "running"
    ENDED = "ended"


def start(machine: str, name: str, **parameters: int | str) -> None:
    """Start an execution of a state machine (ARN). Does nothing if one of this name exists or has existed.

    Raises StepFunctionsFailed. Names are unique for 90 days after the end of an execution.
    """
    text = msgspec.json.encode(parameters).decode()
    _call("start_execution", frozenset({"ExecutionAlreadyExists"}), stateMachineArn=machine, name=name, input=text)


def find(machine: str, name: str) -> Execution:
    """Return the state of an execution. Raises StepFunctionsFailed."""
    arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
    found = _call("describe_execution", frozenset({"ExecutionDoesNotExist"}), executionArn=arn)
    if found is None:
        return Execution.MISSING
    return Execution.RUNNING if found["status"] == "RUNNING" else Execution.ENDED


def end_wait(task_token: str) -> None:
    """End the wait of a task with success. Does nothing if the task has ended. Raises StepFunctionsFailed."""
    _call("send_task_success", _ENDED_TASKS, taskToken=task_token, output="{}")


def heartbeat(task_token: str) -> None:
    """Reset the heartbeat timer of a task. Does nothing if the task has ended. Raises StepFunctionsFailed."""
    _call("send_task_heartbeat", _ENDED_TASKS, taskToken=task_token)


def _call(operation: str, ignored: frozenset[str], **arguments: Any) -> Any:
    """Return the response of a call, or None after an error that the caller ignores."""
    try:
        return getattr(client("stepfunctions"), operation)(**arguments)
    except ClientError as problem:
        if problem.response["Error"]["Code"] in ignored:
            return None
        raise StepFunctionsFailed from problem
    except BotoCoreError as problem:
        raise StepFunctionsFailed from problem
