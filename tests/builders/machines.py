"""State machines for tests, and functions that a test defines, in the engine of the test process."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl

from local.moto_functions import FunctionsUnavailable, Outcome, functions
from tests.builders.names import a_name
from tests.builders.waiting import until
from tests.servers import aws

ROLE = "arn:aws:iam::123456789012:role/states"
INVOKE = "arn:aws:states:::lambda:invoke"

Function = Callable[[Any], Any]


class Unavailable(Exception):
    """A function raises it to behave as if its process did not run."""


@contextmanager
def these_functions(**declared: Function) -> Iterator[None]:
    """Let the engine of this process invoke these functions, inside the block. It tries again without a pause."""
    before = functions.names, functions.invoker

    def invoke(name: str, event: bytes, _seconds: float) -> Outcome:
        try:
            return Outcome(json.dumps(declared[name](json.loads(event))).encode())
        except (Unavailable, KeyError) as problem:
            raise FunctionsUnavailable from problem
        except Exception as problem:  # noqa: BLE001 - Lambda returns every error too
            error = {"errorType": type(problem).__name__, "errorMessage": str(problem)}
            return Outcome(json.dumps(error).encode(), is_error=True)

    functions.register(frozenset(declared), invoke)
    try:
        with patch.object(retrier_decl, "time", SimpleNamespace(sleep=lambda _: None)):
            yield
    finally:
        functions.register(*before)


def task(function: str, *, waits: bool = False, **fields: Any) -> dict[str, Any]:
    """Return a task that invokes a function, and then waits for its token. It is the last state unless it has Next."""
    payload = {"input.$": "$", **({"token.$": "$$.Task.Token"} if waits else {})}
    return {
        "Type": "Task",
        "Resource": INVOKE + (".waitForTaskToken" if waits else ""),
        "Parameters": {"FunctionName": function, "Payload": payload},
        **({} if waits else {"OutputPath": "$.Payload"}),
        **({} if "Next" in fields else {"End": True}),
        **fields,
    }


class Machine:
    """A state machine, whose first state is `First`."""

    def __init__(self, first: Mapping[str, Any], **others: Mapping[str, Any]) -> None:
        self.client = aws("stepfunctions")
        definition = json.dumps({"StartAt": "First", "States": {"First": first, **others}})
        created = self.client.create_state_machine(name=a_name("machine"), definition=definition, roleArn=ROLE)
        self.arn: str = created["stateMachineArn"]

    def start(self, name: str | None = None, **parameters: Any) -> str:
        """Start an execution and return its ARN. The parameters are its input."""
        named = {"name": name} if name else {}
        started = self.client.start_execution(stateMachineArn=self.arn, input=json.dumps(parameters), **named)
        return str(started["executionArn"])

    def describe(self, execution: str) -> dict[str, Any]:
        """Return the description of an execution."""
        return dict(self.client.describe_execution(executionArn=execution))

    def ended(self, execution: str) -> dict[str, Any]:
        """Wait until an execution has ended, and return its description."""
        assert until(lambda: self.describe(execution)["status"] != "RUNNING")
        return self.describe(execution)

    def run(self, **parameters: Any) -> dict[str, Any]:
        """Run an execution to its end, and return its description."""
        return self.ended(self.start(**parameters))


class Tokens:
    """A function that keeps the tokens that it receives."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def __call__(self, event: Any) -> None:
        """Keep the token of an event."""
        self.all.append(event["token"])

    def nth(self, number: int) -> str:
        """Wait for the nth token, from 1, and return it."""
        assert until(lambda: len(self.all) >= number)
        return self.all[number - 1]
