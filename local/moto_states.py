"""Patches for moto's Step Functions, which then run our state machines as AWS does, also a thousand at once.

moto interprets the definitions. It starts three threads per waiting execution and keeps them and all histories for
ever, cannot stop an execution that waits, parses the definition again for each execution, and has two timeouts that
exclude each other. tests/local/test_engine_states.py covers each patch.
"""

import json
import logging
import threading
import time
from functools import lru_cache
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.core.exceptions import AWSError
from moto.stepfunctions.exceptions import ExecutionAlreadyExists
from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.api import HistoryEventType, TaskTimedOutEventDetails
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.execute_state import ExecutionState
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.resource import ResourceCondition
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_callback import (
    StateTaskServiceCallback,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
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
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from local.moto_functions import (
    LONGEST_SECONDS,
    FunctionMissing,
    FunctionsUnavailable,
    Outcome,
    functions,
    timed_out,
)
from local.patching import replace, wrap

STATUS_CHANGE_FUNCTION = "reconcile"
"""The function that the template's rule invokes when an execution ends without success."""

KEPT_EXECUTIONS = 500
"""How many ended executions of a machine are kept with their histories. Step Functions keeps them for 90 days."""

KEPT_NAMES = 100_000
_PRUNING_STEP = 100
_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")
_log = logging.getLogger(__name__)
_starting = threading.RLock()
_ending = threading.Lock()
_names_by_machine: dict[str, dict[str, None]] = {}  # not in the machine, which moto copies for each execution
_waiting: dict[str, CallbackEndpoint] = {}
"""The tasks that wait for their token."""

parsed = lru_cache(64)(AmazonStateLanguageParser.parse)
"""Returns the program of a definition."""


def apply() -> None:
    """Patch moto in this process."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # errors that a state catches, and their input
    _parse_once()
    _use_one_thread_per_execution()
    _end_executions_at_once()
    _replace_tokens()
    _replace_waits()
    _name_heartbeat_timeouts()
    replace(StateTaskServiceLambda, "_eval_service_task", _invoke_function)
    wrap(StepFunctionsParserBackend, "start_execution", _start_execution)
    wrap(BaseExecutionWorkerCommunication, "terminated", _terminated)


def forget_executions() -> int:
    """Drop all executions and end their threads, as a new engine would have none. Returns how many were running."""
    with _starting:
        machines = [
            machine
            for regions in list(stepfunctions_parser_backends.values())
            for backend in list(regions.values())
            for machine in backend.state_machines
        ]
        executions: list[Any] = [execution for machine in machines for execution in machine.executions]
        for machine in machines:
            machine.executions.clear()
            _ended_names(machine).clear()
    running = [execution for execution in executions if execution.status == "RUNNING"]
    for execution in running:
        with _ending:
            execution.exec_status = None  # neither reported nor described
        execution.exec_worker.env.set_stop(stop_date=None, error=None, cause=None)
    return len(running)


def _parse_once() -> None:
    """Parse each definition once: ANTLR takes longer for it than a whole execution. Executions do not change it."""
    replace(AmazonStateLanguageParser, "parse", staticmethod(parsed))


def _use_one_thread_per_execution() -> None:
    """Run the states of an execution in its own thread. moto starts a thread for the program and one per task, only
    for their timeouts. Our tasks have time limits of their own.
    """

    class Inline:
        def __init__(self, target: Any, **_: Any) -> None:
            self.start = target

    def evaluate(original: Any, program: Program, env: Environment) -> None:
        if program.timeout_seconds is not None:
            original(program, env)
        elif env.is_running():
            env.next_state_name = program.start_at.start_at_name
            EvalComponent.eval(program, env)

    replace(execute_state, "Thread", Inline)
    wrap(Program, "eval", evaluate)


def _end_executions_at_once() -> None:
    """Wake tasks that wait when their execution is stopped or takes too long, and let no later error hide the reason.

    moto creates the environment in the thread, so an execution could not be stopped before that runs.
    """

    def start(original: Any, worker: ExecutionWorker) -> None:
        worker.env = worker._get_evaluation_environment()
        worker.env.next_state_name = ""  # makes it running
        original(worker)

    def environment(original: Any, worker: ExecutionWorker) -> Environment:
        return worker.env or original(worker)

    def end(original: Any, env: Environment, *args: Any, **named: Any) -> None:
        original(env, *args, **named)
        for endpoint in list(env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    def set_error(original: Any, env: Environment, *args: Any, **named: Any) -> None:
        if env.is_running():
            original(env, *args, **named)

    def stop(original: Any, execution: Any, *args: Any, **named: Any) -> None:
        original(execution, *args, **named)
        execution.exec_worker._execution_communication.terminated()

    wrap(ExecutionWorker, "start", start)
    wrap(ExecutionWorker, "_get_evaluation_environment", environment)
    wrap(Environment, "set_stop", end)
    wrap(Environment, "set_timed_out", end)
    wrap(Environment, "set_error", set_error)
    wrap(Execution, "stop", stop)


def _replace_tokens() -> None:
    """Give each attempt of a task a token of its own, which is valid once, as in AWS.

    moto keeps the token for retries, which then end with the outcome of the first attempt. It also searches all
    executions for a token.
    """

    def evaluate(original: Any, state: ExecutionState, env: Environment) -> None:
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

    def succeed(_backend: Any, task_token: str, outcome: str) -> None:
        try:
            json.loads(outcome)
        except ValueError:
            raise _InvalidOutputError("Invalid Output") from None
        _finish(CallbackOutcomeSuccess(task_token, outcome))

    def fail(_backend: Any, task_token: str, error: str | None = None, cause: str | None = None) -> None:
        _finish(CallbackOutcomeFailure(task_token, error, cause))

    def heartbeat(_backend: Any, task_token: str) -> None:
        endpoint = _waiting.get(task_token)
        if endpoint is None:
            raise _TaskTimedOutError(_GONE)
        endpoint.notify_heartbeat()

    wrap(ExecutionState, "_evaluate_with_timeout", evaluate)
    replace(StepFunctionsParserBackend, "send_task_success", succeed)
    replace(StepFunctionsParserBackend, "send_task_failure", fail)
    replace(StepFunctionsParserBackend, "send_task_heartbeat", heartbeat)


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


def _invoke_function(
    task: StateTaskServiceLambda,
    env: Environment,
    resource_runtime_part: Any,
    normalised_parameters: dict[str, Any],
    state_credentials: Any,
) -> None:
    """Invoke a registered function directly. moto creates an SDK client for each invocation, which takes 20 ms."""
    task.timeout.eval(env=env)
    seconds = env.stack.pop()
    name, event = normalised_parameters["FunctionName"], normalised_parameters.get("Payload") or b"{}"
    try:
        outcome = functions.invoke(name, event, seconds)
    except FunctionMissing:
        raise _lambda_error("ResourceNotFoundException", f"Function not found: {name}", 404) from None
    except FunctionsUnavailable:
        raise _lambda_error("ServiceException", "The functions do not run at present", 500) from None
    except TimeoutError:
        if seconds <= LONGEST_SECONDS:
            raise
        outcome = Outcome(timed_out(LONGEST_SECONDS), is_error=True)
    if outcome.is_error:
        raise LambdaFunctionErrorException("Unhandled", outcome.payload.decode())
    env.stack.append(
        {"ExecutedVersion": "$LATEST", "Payload": json.loads(outcome.payload or b"null"), "StatusCode": 200}
    )


def _lambda_error(code: str, message: str, status: int) -> ClientError:
    metadata = {"HTTPStatusCode": status, "RequestId": str(uuid4())}
    return ClientError({"Error": {"Code": code, "Message": message}, "ResponseMetadata": metadata}, "Invoke")


def _start_execution(
    original: Any, backend: Any, state_machine_arn: str, name: str | None = None, *args: Any, **named: Any
) -> Any:
    """Start an execution. Names are unique, also under concurrency and after the execution was dropped.

    moto gives executions without a name the same one.
    """
    name = name or str(uuid4())
    with _starting:
        machine = backend.describe_state_machine(state_machine_arn)
        if name in _ended_names(machine):
            arn = f"{state_machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{arn}'")
        _prune(machine)
        return original(backend, state_machine_arn, name, *args, **named)


def _ended_names(machine: Any) -> dict[str, None]:
    """Return the names of the executions of a machine that were dropped, oldest first."""
    return _names_by_machine.setdefault(machine.arn, {})


def _prune(machine: Any) -> None:
    """Drop the oldest ended executions of a machine, with their histories."""
    if len(machine.executions) % _PRUNING_STEP:
        return
    ended = [execution for execution in machine.executions if execution.status != "RUNNING"]
    dropped = ended[:-KEPT_EXECUTIONS]
    if not dropped:
        return
    gone, names = {id(execution) for execution in dropped}, _ended_names(machine)
    machine.executions[:] = [execution for execution in machine.executions if id(execution) not in gone]
    names.update(dict.fromkeys(execution.name for execution in dropped))
    for name in list(names)[:-KEPT_NAMES]:
        del names[name]


def _terminated(original: Any, communication: BaseExecutionWorkerCommunication) -> None:
    """Report the end of an execution once, and invoke the function of the template's rule if it was no success."""
    execution = communication.execution
    utils.TMP_THREADS.clear()  # moto adds all threads and removes none
    with _ending:
        if execution.exec_status is None or execution.status != "RUNNING":
            return
        original(communication)
    if execution.status not in _UNSUCCESSFUL:
        return
    _log.warning("execution %s ended: %s %s", execution.name, execution.status, execution.error or "")
    try:
        functions.invoke_later(STATUS_CHANGE_FUNCTION, json.dumps(_status_change(execution)).encode())
    except FunctionMissing:
        _log.warning("there is no function %s to invoke", STATUS_CHANGE_FUNCTION)


def _status_change(execution: Any) -> dict[str, Any]:
    """Return the event that EventBridge sends."""
    milliseconds = {
        name: int(moment.timestamp() * 1000)
        for name, moment in (("startDate", execution.start_date), ("stopDate", execution.stop_date))
    }
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Step Functions Execution Status Change",
        "source": "aws.states",
        "account": execution.account_id,
        "time": execution.stop_date.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": execution.region_name,
        "resources": [execution.exec_arn],
        "detail": {
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine.arn,
            "name": execution.name,
            "status": execution.status,
            **milliseconds,
            "input": execution.execution_input,
            "output": None,
        },
    }
