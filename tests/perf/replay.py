"""CPU of a request without its transport: what AWS answered comes again from memory (design.md section 7)."""

import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from chalice.app import Chalice, Response
from moto.core.botocore_stubber import BotocoreStubber

from chalicelib.platform.aws import client
from local.event import Invocation
from tests.perf.recording import Recording


def handler(app: Any, recording: Recording) -> Callable[[], None]:
    """The app's own work on a recorded request."""
    return _invoked(app, recording)


def bare_route(recording: Recording) -> Callable[[], None]:
    """The least that any handler does: a Chalice route that makes the same calls to AWS and gives the same answer."""
    bare = Chalice("bare")
    bare.api.binary_types = ["*/*"]
    body = json.loads(recording.answer) if recording.answer[:1] in (b"{", b"[") else recording.answer

    def view(**_: str) -> Response:
        for exchange in recording.exchanges:
            client(exchange.service)._make_api_call(exchange.operation, exchange.parameters)
        return Response(body=body, status_code=recording.status, headers={"Content-Type": "application/json"})

    path = recording.event["resource"]
    bare.route(path, methods=[recording.event["httpMethod"]], content_types=["*/*"])(view)
    return _invoked(bare, recording)


def milliseconds(works: Sequence[Callable[[], None]], seconds: float = 0.5) -> list[float]:
    """The least CPU time of each, taken in turn so that whatever else the machine does falls on all of them."""
    for work in works:
        work()
    taken: list[list[int]] = [[] for _ in works]
    deadline = time.monotonic() + seconds * len(works)
    while time.monotonic() < deadline or len(taken[0]) < 5:
        for work, times in zip(works, taken, strict=True):
            started = time.thread_time_ns()
            work()
            times.append(time.thread_time_ns() - started)
    return [min(times) / 1e6 for times in taken]


def _invoked(app: Any, recording: Recording) -> Callable[[], None]:
    context = Invocation("bench")
    event = {
        **recording.event,
        "headers": {**recording.event["headers"], "accept": "*/*"},
        "pathParameters": recording.event["pathParameters"] or {},
    }

    def invoke() -> None:
        with _answered_from_memory(recording):
            answer = app(event, context)
        if answer["statusCode"] != recording.status:
            raise AssertionError(f"{event['path']}: {answer['statusCode']} instead of {recording.status}")

    return invoke


@contextmanager
def _answered_from_memory(recording: Recording) -> Iterator[None]:
    answers = iter(recording.exchanges)

    def answered(_session: Any, request: Any) -> AWSResponse:
        exchange = next(answers)
        return AWSResponse(request.url, exchange.status, exchange.headers, _Raw(exchange.body))

    # where an engine is in the process it would take the requests before they are sent
    with (
        patch.object(BotocoreStubber, "__call__", lambda *_, **__: None),
        patch.object(URLLib3Session, "send", answered),
    ):
        yield


class _Raw(io.BytesIO):
    """A body as botocore reads it."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """All of it."""
        yield self.read()
