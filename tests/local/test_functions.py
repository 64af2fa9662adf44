"""The process of the functions serves Lambda's call Invoke, and the engine uses it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from app import app
from local import moto_functions
from local.functions import FunctionServer, declared_functions, declared_schedules, engines
from local.moto_functions import FunctionMissing, Functions, FunctionsUnavailable, Outcome, over_http
from local.schedules import rate_seconds
from tests.builders.machines import Unavailable, these_functions
from tests.builders.waiting import until
from tests.builders.wire import free_port
from tests.servers import aws, wsgi_server

SECONDS = 60.0


class Broken(Exception):
    """The error of a function."""


def fail(_event: Any, _context: Any) -> None:
    """Fail as a function does."""
    raise Broken("it broke")


def describe(event: Any, context: Any) -> Any:
    """Return the event and what the context says."""
    return {"event": event, "name": context.function_name, "left": context.get_remaining_time_in_millis()}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a server of three functions."""

    declared = {"fail": fail, "describe": describe, "sleep": lambda _event, _context: time.sleep(1)}
    with wsgi_server(FunctionServer(declared)) as url:
        yield url


def test_a_function_gets_the_event_and_a_context(server: str) -> None:
    outcome = over_http(server)("describe", b'{"number": 1}', SECONDS)
    answer = json.loads(outcome.payload)

    assert not outcome.is_error
    assert (answer["event"], answer["name"]) == ({"number": 1}, "describe")
    assert 0 < answer["left"] <= 900_000


def test_the_error_of_a_function_is_described_as_lambda_does(server: str) -> None:
    outcome = over_http(server)("fail", b"{}", SECONDS)

    assert outcome.is_error
    assert json.loads(outcome.payload) == {"errorMessage": "it broke", "errorType": "Broken", "stackTrace": []}


def test_a_function_that_takes_too_long_is_a_timeout(server: str) -> None:
    with pytest.raises(TimeoutError):
        over_http(server)("sleep", b"{}", 0.1)


@pytest.mark.parametrize("event", [b"{", b""])
def test_an_event_that_is_not_json_is_refused(server: str, event: bytes) -> None:
    if event:
        with pytest.raises(FunctionsUnavailable):
            over_http(server)("describe", event, SECONDS)
    else:
        assert json.loads(over_http(server)("describe", event, SECONDS).payload)["event"] == {}


def test_a_process_that_does_not_run_is_unavailable() -> None:
    with pytest.raises(FunctionsUnavailable):
        over_http(f"http://127.0.0.1:{free_port()}")("describe", b"{}", SECONDS)


def test_all_functions_of_the_app_are_served_and_every_schedule_is_a_rate() -> None:
    functions, schedules = declared_functions(app), declared_schedules(app)

    assert {"finish_upload", "sweep", "apply_retention"} <= set(functions)
    assert {"sweep", "apply_retention"} <= set(schedules) <= set(functions)
    assert all(rate_seconds(expression) >= 60 for expression in schedules.values())


def test_the_functions_register_with_the_engines_of_lambda_and_of_step_functions() -> None:
    own, other = "http://127.0.0.1:1", "http://127.0.0.1:2"

    assert engines({"AWS_ENDPOINT_URL": own}) == [own]
    assert engines({"AWS_ENDPOINT_URL": own, "AWS_ENDPOINT_URL_SFN": other}) == [own, other]
    assert engines({"AWS_ENDPOINT_URL_SFN": other}) == [other]


class Recorder:
    """An invoker that records its events, and fails before it succeeds."""

    def __init__(self, *failures: Any) -> None:
        self.events: list[bytes] = []
        self._failures = list(failures)

    def __call__(self, _name: str, event: bytes, _seconds: float) -> Outcome:
        self.events.append(event)
        failure = self._failures.pop(0) if self._failures else Outcome(b"null")
        if isinstance(failure, Outcome):
            return failure
        raise failure


FAILED = Outcome(b"{}", is_error=True)


@pytest.mark.parametrize(
    ("failures", "calls"),
    [
        ([], 1),
        ([FAILED], 2),
        ([FAILED] * 3, 3),
        ([TimeoutError()] * 3, 3),
        ([FunctionsUnavailable()] * 5, 6),
        ([FunctionsUnavailable(), FAILED, FunctionsUnavailable(), FAILED], 5),
    ],
)
def test_an_event_is_repeated_twice_after_errors_and_until_the_functions_run(
    monkeypatch: pytest.MonkeyPatch, failures: list[Any], calls: int
) -> None:
    monkeypatch.setattr(moto_functions, "RETRY_SECONDS", (0.001, 0.001))
    functions, recorder = Functions(), Recorder(*failures)
    functions.register(frozenset({"work"}), recorder)
    functions.invoke_later("work", b"first")

    assert until(lambda: len(recorder.events) == calls)
    functions.invoke_later("work", b"second")
    assert until(lambda: recorder.events[-1] == b"second")
    assert recorder.events == [*[b"first"] * calls, b"second"]


def test_an_unexpected_error_of_an_invocation_ends_no_thread() -> None:
    functions, recorder = Functions(), Recorder(*[RuntimeError()] * 40)
    functions.register(frozenset({"work"}), recorder)
    for _ in range(41):
        functions.invoke_later("work", b"{}")

    assert until(lambda: len(recorder.events) == 41)


def test_an_unknown_function_is_refused_at_once() -> None:
    functions = Functions()
    with pytest.raises(FunctionMissing):
        functions.invoke_later("work", b"{}")
    functions.register(frozenset({"work"}), None)
    with pytest.raises(FunctionsUnavailable):
        functions.invoke("work", b"{}")


@pytest.mark.usefixtures("table")
def test_the_engine_answers_invocations_as_lambda_does() -> None:
    def unavailable(_event: Any) -> None:
        raise Unavailable

    def broken(_event: Any) -> None:
        raise Broken("it broke")

    received: list[Any] = []
    client = aws("lambda")
    with these_functions(echo=lambda event: event, broken=broken, down=unavailable, keep=received.append):
        echoed = client.invoke(FunctionName="echo", Payload=b'{"a": 1}')
        failed = client.invoke(FunctionName="broken", Payload=b"{}")
        accepted = client.invoke(FunctionName="keep", Payload=b'{"b": 2}', InvocationType="Event")
        assert until(lambda: received == [{"b": 2}])
        for name, code in (("nowhere", "ResourceNotFoundException"), ("down", "ServiceException")):
            with pytest.raises(ClientError) as refused:
                client.invoke(FunctionName=name, Payload=b"{}")
            assert refused.value.response["Error"]["Code"] == code

    assert (echoed["StatusCode"], json.load(echoed["Payload"])) == (200, {"a": 1})
    assert (failed["FunctionError"], json.load(failed["Payload"])["errorType"]) == ("Unhandled", "Broken")
    assert accepted["StatusCode"] == 202
