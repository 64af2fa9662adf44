"""The id of a request is in its log lines, in the answer, and in the lines of the functions that it invokes."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import app
from chalicelib.platform import background, logs
from chalicelib.uploads import finishing
from local.event import Invocation
from tests.api.client import Depot
from tests.builders.log_lines import Log


def an_event(request_id: str) -> dict[str, Any]:
    return {
        "resource": "/status",
        "path": "/status",
        "httpMethod": "GET",
        "headers": {},
        "multiValueHeaders": {},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id,
            "resourcePath": "/status",
            "httpMethod": "GET",
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "body": None,
        "isBase64Encoded": False,
    }


def test_a_line_has_the_ids_of_api_gateway_and_of_lambda(table: None, log: Log) -> None:
    response = app.app(an_event("of-gateway"), Invocation("of-lambda"))

    [line] = log.parsed
    assert (line["correlation_id"], line["function_request_id"]) == ("of-gateway", "of-lambda")
    assert response["headers"]["x-request-id"] == "of-gateway"


def test_lines_after_a_request_do_not_have_its_id(table: None, log: Log) -> None:
    app.app(an_event("of-gateway"), Invocation("of-lambda"))

    logs.logger().info("afterwards")

    assert "correlation_id" not in log.parsed[-1]
    assert "function_request_id" not in log.parsed[-1]


def test_each_thread_has_the_id_of_its_own_request(table: None, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=30)
    correlation_id = logs.correlation_id

    def after_both_have_begun() -> str | None:
        both.wait()
        return correlation_id()

    monkeypatch.setattr(logs, "correlation_id", after_both_have_begun)
    with ThreadPoolExecutor(2) as threads:
        answers = list(threads.map(lambda name: app.app(an_event(name), Invocation(name)), ("one", "two")))

    assert [answer["headers"]["x-request-id"] for answer in answers] == ["one", "two"]
    assert {line["correlation_id"] for line in log.named("request")} == {"one", "two"}


def test_answers_of_every_kind_have_different_ids(depot: Depot) -> None:
    replies = [depot.get("/status"), depot.get("/profile"), depot.get("/depot/origins/no-such-origin")]

    assert [reply.status for reply in replies] == [200, 401, 404]
    assert len({reply.headers["x-request-id"] for reply in replies}) == 3


def test_the_event_of_a_function_has_the_id_of_the_request(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: dict[str, Any] = {}

    class Lambda:
        def invoke(self, **parameters: Any) -> None:
            sent.update(parameters)

    monkeypatch.setattr(background, "client", lambda _: Lambda())
    with logs.correlated("of-gateway", None):
        background.start("finish_upload", finishing.finish, upload_id="1", attempt=2)

    assert json.loads(sent["Payload"]) == {"upload_id": "1", "attempt": 2, "correlation_id": "of-gateway"}


def test_lines_of_a_function_have_the_id_of_the_request_that_invoked_it(table: None, log: Log) -> None:
    app.finish_upload({"upload_id": "0", "attempt": 1, "correlation_id": "of-gateway"}, Invocation("of-lambda"))

    [line] = log.parsed
    assert (line["function"], line["status"]) == ("finish_upload", "done")
    assert (line["correlation_id"], line["function_request_id"]) == ("of-gateway", "of-lambda")


def test_a_function_without_a_request_has_the_id_of_its_invocation(table: None, log: Log) -> None:
    app.finish_upload({"upload_id": "0", "attempt": 1}, Invocation("of-lambda"))

    assert log.parsed[-1]["correlation_id"] == "of-lambda"


def test_a_function_that_fails_logs_the_cause_and_does_not_raise_it(log: Log) -> None:
    def fail() -> None:
        raise ValueError("hunter2")

    with pytest.raises(background.Failed) as caught:
        background.run("sweep", fail, Invocation("of-lambda"))

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    [cause, line] = log.parsed
    assert cause["problem"][0]["type"] == "builtins.ValueError"
    assert (line["function"], line["status"]) == ("sweep", "failed")
    assert cause["correlation_id"] == line["correlation_id"] == "of-lambda"
    assert "hunter2" not in log.text
