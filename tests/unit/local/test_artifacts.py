"""Artifacts from the bucket: a failure of the bucket is logged with its cause."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import logs
from local import artifacts
from local.artifacts import Artifacts
from local.http_messages import HttpAnswer, HttpRequest

REDIRECT = HttpAnswer(200, [("X-Accel-Redirect", "/artifacts/key")])


OBJECT = {"ContentLength": 3, "ETag": "etag"}


def a_bucket(*, head: Exception | dict[str, Any], get: Exception) -> SimpleNamespace:
    """A client of S3 that answers or fails in this way."""

    def head_object(**parameters: Any) -> dict[str, Any]:
        if isinstance(head, Exception) or "Range" in parameters:
            raise head if isinstance(head, Exception) else get
        return head

    def get_object(**_: Any) -> None:
        raise get

    return SimpleNamespace(head_object=head_object, get_object=get_object)


@pytest.mark.parametrize("problem", [BotoCoreError(), ClientError({"Error": {"Code": "InternalError"}}, "GetObject")])
@pytest.mark.parametrize("head_fails", [True, False])
def test_a_failure_of_the_bucket_is_502_with_its_cause_in_the_log(
    monkeypatch: pytest.MonkeyPatch, problem: Exception, head_fails: bool
) -> None:
    logged: list[BaseException] = []
    bucket = a_bucket(head=problem if head_fails else OBJECT, get=problem)
    monkeypatch.setattr(logs, "unexpected_error", logged.append)
    monkeypatch.setattr(artifacts, "client", lambda _: bucket)

    assert Artifacts("bucket").internal_redirect(REDIRECT, HttpRequest("GET", "/v1")).status == 502
    assert logged == [problem]


def test_an_unsatisfiable_range_is_416_with_the_size(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = a_bucket(head=OBJECT, get=ClientError({"Error": {"Code": "416"}}, "HeadObject"))
    monkeypatch.setattr(artifacts, "client", lambda _: bucket)

    answer = Artifacts("bucket").internal_redirect(REDIRECT, HttpRequest("GET", "/v1", {"range": "bytes=9-"}))

    assert (answer.status, answer.header("content-range")) == (416, "bytes */3")


def test_a_bucket_that_fails_after_an_unsatisfiable_range_is_502(monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([ClientError({"Error": {"Code": "416"}}, "HeadObject"), BotoCoreError()])

    def head_object(**_: Any) -> None:
        raise next(failures)

    monkeypatch.setattr(artifacts, "client", lambda _: SimpleNamespace(head_object=head_object))

    assert Artifacts("bucket").internal_redirect(REDIRECT, HttpRequest("GET", "/v1")).status == 502
