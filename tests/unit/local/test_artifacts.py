"""Artifacts from the bucket: a failure of the bucket is logged with its cause."""

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform import logs
from local import artifacts
from local.artifacts import Artifacts
from local.wsgi import HttpAnswer

REDIRECT = HttpAnswer(200, [("X-Accel-Redirect", "/artifacts/key")])


@pytest.mark.parametrize("problem", [BotoCoreError(), ClientError({"Error": {"Code": "InternalError"}}, "GetObject")])
def test_a_failure_of_the_bucket_is_502_with_its_cause_in_the_log(
    monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    logged: list[BaseException] = []
    statuses: list[str] = []

    def get_object(**_: Any) -> None:
        raise problem

    monkeypatch.setattr(logs, "unexpected_error", logged.append)
    monkeypatch.setattr(artifacts, "client", lambda _: SimpleNamespace(get_object=get_object))
    Artifacts("bucket").internal_redirect(REDIRECT, {"REQUEST_METHOD": "GET"}, lambda line, _: statuses.append(line))

    assert statuses == ["502 Bad Gateway"]
    assert logged == [problem]
