"""Patches for moto's Step Functions, which then run our state machines as AWS does, also a thousand at once.

moto interprets the definitions. It starts three threads per waiting execution, parses the definition again for each
execution, and creates an SDK client for each invocation of a function. The other patches: moto_executions.py about the
start and the end of executions, moto_tasks.py about tasks that wait for a token. tests/local/test_engine_states.py
covers each patch.
"""

import json
import logging
from functools import lru_cache
from typing import Any
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.core.config import default_user_config
from moto.stepfunctions.parser.api import InvalidDefinition
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_task.lambda_eval_utils import LambdaFunctionErrorException
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.eval.environment import Environment
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.models import StepFunctionsParserBackend

from local import moto_executions, moto_tasks
from local.moto_functions import (
    LONGEST_SECONDS,
    FunctionMissing,
    FunctionsUnavailable,
    Outcome,
    functions,
    timed_out,
)
from local.patching import replace, wrap

parsed = lru_cache(64)(AmazonStateLanguageParser.parse)
"""Returns the program of a definition."""


def apply() -> None:
    """Patch moto in this process."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    logging.getLogger("moto.stepfunctions").setLevel(logging.CRITICAL)  # errors that a state catches, and their input
    _parse_once()
    _use_one_thread_per_execution()
    replace(StateTaskServiceLambda, "_eval_service_task", _invoke_function)
    moto_executions.apply()
    moto_tasks.apply()


def _parse_once() -> None:
    """Parse each definition once, before its first execution, and not when its machine is created.

    ANTLR takes longer for it than a whole execution. Executions do not change the program.
    """
    replace(AmazonStateLanguageParser, "parse", staticmethod(parsed))
    replace(StepFunctionsParserBackend, "_validate_definition", staticmethod(_require_json))


def _require_json(definition: str) -> None:
    try:
        json.loads(definition)
    except ValueError as problem:
        raise InvalidDefinition(message=str(problem)) from None


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
