"""Measures the CPU time of a recorded request, with the responses of AWS replayed from memory."""

import io
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse
from botocore.httpsession import URLLib3Session
from botocore.session import get_session
from chalice.app import Chalice, Response
from moto.core.botocore_stubber import BotocoreStubber

from chalicelib.declared_paths import PATHS
from chalicelib.http.events import rest_event
from chalicelib.http.route_tree import RouteTree
from chalicelib.platform.aws import client
from local.event import Invocation
from tests.perf.recording import Exchange, Recording

NOTHING_FOUND = Exchange("dynamodb", "Query", {}, 200, {}, b'{"Items": [], "Count": 0, "ScannedCount": 0}')
"""The response to a call that was not recorded: some changes fold a list, as chance decides."""


def handler(app: Any, recording: Recording) -> Callable[[], None]:
    """Return a function that calls the app with a recorded request."""
    return _caller(app, recording, recording.event)


def _caller(app: Any, recording: Recording, event: dict[str, Any]) -> Callable[[], None]:
    context = Invocation("bench")

    def invoke() -> None:
        recording.memory.restore()
        with _replayed(recording):
            response = app(event, context)
        if response["statusCode"] != recording.status:
            raise AssertionError(
                f"{recording.event['rawPath']}: {response['statusCode']} instead of {recording.status}"
            )

    return invoke


def bare_route(recording: Recording) -> Callable[[], None]:
    """Return a function that calls a minimal Chalice route with the same AWS calls and the same response.

    Its clients are those that botocore creates, with the service's options, but without the service's own code.
    """
    bare = Chalice("bare")
    bare.api.binary_types = ["*/*"]
    body = json.loads(recording.body) if recording.body[:1] in (b"{", b"[") else recording.body

    def view(**_: str) -> Response:
        for exchange in recording.exchanges:
            _ordinary_client(exchange.service)._make_api_call(exchange.operation, exchange.parameters)
        return Response(body=body, status_code=recording.status, headers={"Content-Type": "application/json"})

    event = rest_event(recording.event, RouteTree(PATHS))
    assert event is not None, recording.event
    bare.route(event["resource"], methods=[event["httpMethod"]], content_types=["*/*"])(view)
    return _caller(bare, recording, event)


@cache
def _ordinary_client(service: Any) -> Any:
    return get_session().create_client(service, config=client(service).meta.config)


def cpu_milliseconds(functions: Sequence[Callable[[], None]], seconds: float = 0.5) -> list[float]:
    """Return the minimum CPU time of each function. They run in turn, so that other load affects all of them."""
    for function in functions:
        function()
    measured: list[list[int]] = [[] for _ in functions]
    deadline = time.monotonic() + seconds * len(functions)
    while time.monotonic() < deadline or len(measured[0]) < 5:
        for function, times in zip(functions, measured, strict=True):
            started = time.thread_time_ns()
            function()
            times.append(time.thread_time_ns() - started)
    return [min(times) / 1e6 for times in measured]


@contextmanager
def _replayed(recording: Recording) -> Iterator[None]:
    """Answer the AWS calls made inside the block with the recorded responses, in the order of each operation.

    Threads make calls in any order.
    """
    exchanges = list(recording.exchanges)
    taking = threading.Lock()

    def send(_session: Any, request: Any) -> AWSResponse:
        target = request.headers.get("X-Amz-Target", b"").rpartition(b".")[2].decode()
        with taking:
            matches = (each for each in exchanges if each.operation == target or (each.service == "s3" and not target))
            exchange = next(matches, NOTHING_FOUND)
            if exchange is not NOTHING_FOUND:
                exchanges.remove(exchange)
        return AWSResponse(request.url, exchange.status, exchange.headers, _Raw(exchange.body))

    # An engine in this process would answer the calls before they are sent, so it is disabled.
    with (
        patch.object(BotocoreStubber, "__call__", lambda *_, **__: None),
        patch.object(URLLib3Session, "send", send),
    ):
        yield


class _Raw(io.BytesIO):
    """A response body with the interface that botocore reads."""

    def stream(self, **_: Any) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self.read()
