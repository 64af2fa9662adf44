"""Patches for moto's tasks that wait for a token: the tokens, the time limits and the missing heartbeats.

moto keeps the token of a task for its retries, searches all executions for a token, and has two time limits that
exclude each other.
"""

import json
import time
from typing import Any

from moto.core.exceptions import AWSError
from moto.stepfunctions.parser.api import HistoryEventType, TaskTimedOutEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task import StateTask
from moto.stepfunctions.parser.asl.eval.callback.callback import (
    CallbackEndpoint,
    CallbackOutcome,
    CallbackOutcomeFailure,
    CallbackOutcomeSuccess,
    CallbackOutcomeTimedOut,
    HeartbeatEndpoint,
    HeartbeatTimedOut,
    HeartbeatTimeoutError,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local.patching import replace, wrap

_waiting: dict[str, CallbackEndpoint] = {}
"""The tasks that wait for their token."""


def apply() -> None:
    """Patch moto in this process."""
    _replace_tokens()
    _replace_waits()
    _name_heartbeat_timeouts()


def _replace_tokens() -> None:
    """Give each attempt of a task a token of its own, which is valid once, as in AWS.

    moto keeps the token for retries, which then end with the outcome of the first attempt. It also searches all
    executions for a token.
    """
    wrap(ExecutionState, "_evaluate_with_timeout", _evaluate)
    replace(StepFunctionsParserBackend, "send_task_success", _succeed)
    replace(StepFunctionsParserBackend, "send_task_failure", _fail)
    replace(StepFunctionsParserBackend, "send_task_heartbeat", _send_heartbeat)


def _evaluate(original: Any, state: ExecutionState, env: Environment) -> None:
    if not isinstance(state, StateTaskServiceCallback) or (
        state.resource.condition != ResourceCondition.WaitForTaskToken
    ):
        original(state, env)
        return
    context: Any = env.states.context_object
    pool = env.callback_pool_manager
    pool._pool.pop(context.context_object_data["Task"]["Token"], None)
    token = context.update_task_token()
    _waiting[token] = pool.add(token)
    try:
        original(state, env)
    finally:
        _waiting.pop(token, None)


def _succeed(_backend: Any, task_token: str, outcome: str) -> None:
    try:
        json.loads(outcome)
    except ValueError:
        raise _InvalidOutputError("Invalid Output") from None
    _finish(CallbackOutcomeSuccess(task_token, outcome))


def _fail(_backend: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
    _finish(CallbackOutcomeFailure(task_token, error, cause))


def _send_heartbeat(_backend: Any, task_token: str) -> None:
    endpoint = _waiting.get(task_token)
    if endpoint is None:
        raise _TaskTimedOutError(_GONE)
    endpoint.notify_heartbeat()


_GONE = "Task Timed Out: 'Provided task does not exist anymore'"


def _finish(outcome: CallbackOutcome) -> None:
    endpoint = _waiting.pop(outcome.callback_id, None)
    if endpoint is None:
        raise _TaskTimedOutError(_GONE)
    endpoint.notify(outcome)


class _TaskTimedOutError(AWSError):
    TYPE = "TaskTimedOut"
    STATUS = 400


class _InvalidOutputError(AWSError):
    TYPE = "InvalidOutput"
    STATUS = 400


class _ExecutionEndedError(Exception):
    """The execution ended while one of its tasks waited."""


def _replace_waits() -> None:
    """Apply TimeoutSeconds also to tasks with HeartbeatSeconds, and end the wait with the execution."""

    def wait(
        _state: Any,
        env: Environment,
        timeout_seconds: float,
        callback_endpoint: CallbackEndpoint,
        heartbeat_endpoint: HeartbeatEndpoint | None,
    ) -> Any:
        deadline = time.monotonic() + timeout_seconds
        beat_seconds = heartbeat_endpoint._heartbeat_seconds if heartbeat_endpoint else float("inf")
        while env.is_running():
            if callback_endpoint.get_outcome() is not None:
                return callback_endpoint.get_outcome()
            left = deadline - time.monotonic()
            if left <= 0:
                return CallbackOutcomeTimedOut(callback_endpoint.callback_id)
            if not _woken(callback_endpoint, heartbeat_endpoint, min(left, beat_seconds)) and beat_seconds < left:
                return callback_endpoint.get_outcome() or HeartbeatTimedOut()
        raise _ExecutionEndedError

    replace(StateTaskServiceCallback, "_eval_wait_for_task_token", wait)


def _woken(endpoint: CallbackEndpoint, heartbeats: HeartbeatEndpoint | None, seconds: float) -> bool:
    """Wait for an outcome or a heartbeat. Returns False if neither came."""
    if heartbeats is None:
        return endpoint._notify_event.wait(seconds)
    event = heartbeats._next_heartbeat_event
    if not event.wait(seconds):
        return False
    event.clear()
    return True


def _name_heartbeat_timeouts() -> None:
    """Report a missing heartbeat as States.HeartbeatTimeout, which States.Timeout matches too. moto has one name."""
    missed, timeout = (
        StatesErrorName(kind)
        for kind in (StatesErrorNameType.StatesHeartbeatTimeout, StatesErrorNameType.StatesTimeout)
    )

    def from_error(original: Any, task: StateTask, env: Environment, ex: Exception) -> Any:
        if not isinstance(ex, HeartbeatTimeoutError):
            return original(task, env=env, ex=ex)
        details: Any = {"taskTimedOutEventDetails": TaskTimedOutEventDetails(error=missed.error_name)}
        return FailureEvent(env, missed, HistoryEventType.TaskTimedOut, details)

    def matches(original: Any, errors: ErrorEqualsDecl, env: Environment) -> None:
        if env.stack[-1] == missed and timeout in errors.error_names:
            env.stack[-1] = timeout
        original(errors, env)

    wrap(StateTask, "_from_error", from_error)
    wrap(ErrorEqualsDecl, "_eval_body", matches)
