"""Patches for the start and the end of moto's executions: names, limits on what is kept, and ends that come at once.

moto keeps all executions and their histories for ever, gives executions without a name the same one, cannot stop an
execution that waits, and reports no end.
"""

import json
import logging
import threading
import time
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

from moto.stepfunctions.exceptions import ExecutionAlreadyExists
from moto.stepfunctions.parser import utils
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.common.retry.retrier_decl import RetrierDecl
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.backend.execution import BaseExecutionWorkerCommunication, Execution
from moto.stepfunctions.parser.backend.execution_worker import ExecutionWorker
from moto.stepfunctions.parser.models import StepFunctionsParserBackend, stepfunctions_parser_backends

from local.moto_functions import (
    FunctionMissing,
    functions,
)
from local.patching import replace, wrap

STATUS_CHANGE_FUNCTION = "reconcile"
"""The function that the template's rule invokes when an execution ends without success."""

KEPT_EXECUTIONS = 500
"""How many ended executions of a machine are kept with their histories. Step Functions keeps them for 90 days."""

KEPT_NAMES = 100_000
_PRUNING_STEP = 100
_MISSED_WITHIN = 1.0
"""Seconds after which a pause sees an end whose event came just before it waited for it."""

_UNSUCCESSFUL = ("FAILED", "TIMED_OUT", "ABORTED")
_log = logging.getLogger(__name__)
_starting = threading.RLock()
_ending = threading.Lock()
_names_by_machine: dict[str, dict[str, None]] = {}  # not in the machine, which moto copies for each execution


def apply() -> None:
    """Patch moto in this process."""
    _end_executions_at_once()
    _end_pauses_with_executions()
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


def _end_pauses_with_executions() -> None:
    """Wake the pause before a retry when its execution ends. moto sleeps, for up to the longest delay of the Retry."""
    current = threading.local()

    def evaluate(original: Any, retrier: RetrierDecl, env: Environment) -> None:
        current.env = env
        original(retrier, env)

    def pause(seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while current.env.is_running() and (left := deadline - time.monotonic()) > 0:
            current.env.program_state_event.wait(min(left, _MISSED_WITHIN))

    wrap(RetrierDecl, "_eval_body", evaluate)
    replace(retrier_decl, "time", SimpleNamespace(sleep=pause))


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
