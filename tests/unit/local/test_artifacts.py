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


@pytest.mark.parametrize("problem", [BotoCoreError(), ClientError({"Error": {"Code": "InternalError"}}, "GetObject")])
def test_a_failure_of_the_bucket_is_502_with_its_cause_in_the_log(
    monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    logged: list[BaseException] = []

    def get_object(**_: Any) -> None:
        raise problem

    monkeypatch.setattr(logs, "unexpected_error", logged.append)
    monkeypatch.setattr(artifacts, "client", lambda _: SimpleNamespace(get_object=get_object))

    assert Artifacts("bucket").internal_redirect(REDIRECT, HttpRequest("GET", "/v1")).status == 502
    assert logged == [problem]


def test_a_bucket_that_fails_after_an_unsatisfiable_range_is_502(monkeypatch: pytest.MonkeyPatch) -> None:
    def get_object(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")

    def head_object(**_: Any) -> None:
        raise BotoCoreError

    double = SimpleNamespace(get_object=get_object, head_object=head_object)
    monkeypatch.setattr(artifacts, "client", lambda _: double)

    assert Artifacts("bucket").internal_redirect(REDIRECT, HttpRequest("GET", "/v1")).status == 502
