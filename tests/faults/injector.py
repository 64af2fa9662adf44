"""Faults of AWS on the wire: requests of botocore are refused, cut off, or carried out with their responses lost.

A call is one invocation of botocore, which may make several attempts; a plan decides about each attempt. Time is
simulated: only pauses and timeouts advance it, so tests measure how long a client would wait without waiting.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from chalicelib.platform import aws, retry_budget

CarryOut = Callable[[], AWSResponse]
"""Carries a request out and returns its response."""

Fault = Callable[[Any, CarryOut], AWSResponse]
"""Returns the response to a request, or raises an error of botocore."""

START = 1000.0


@dataclass(frozen=True)
class Attempt:
    """One request on the wire: the number of its call, the number of the attempt (both from 1), and the operation."""

    call: int
    number: int
    service: str
    operation: str
    body: Any = field(repr=False)

    @property
    def writes(self) -> bool:
        """True if the operation changes something."""
        return not self.operation.startswith(("Get", "BatchGet", "Query", "Head", "List"))


Plan = Callable[[Attempt], Fault | None]


@dataclass
class Wire:
    """The attempts that were made, and the simulated time."""

    attempts: list[Attempt] = field(default_factory=list)
    now: float = START
    _calls: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> list[Attempt]:
        """The first attempt of each call."""
        return [attempt for attempt in self.attempts if attempt.number == 1]

    @property
    def seconds(self) -> float:
        """The duration of all pauses and timeouts."""
        return self.now - START

    def sleep(self, seconds: float) -> None:
        """Advance the simulated time."""
        self.now += seconds

    def record(self, event: str, request: Any) -> Attempt:
        """Record the attempt of an event of botocore."""
        _, service, operation = event.split(".")
        with self._lock:
            invocation = str(request.headers["amz-sdk-invocation-id"])
            call = self._calls.setdefault(invocation, len(self._calls) + 1)
            number = 1 + sum(attempt.call == call for attempt in self.attempts)
            self.attempts.append(Attempt(call, number, service, operation, request.body))
            return self.attempts[-1]


_wires: list[Wire] = []


@contextmanager
def faults(plan: Plan = lambda _: None) -> Iterator[Wire]:
    """Apply a plan to all requests to AWS inside the block."""
    wire, respond = Wire(), BotocoreStubber.__call__

    def send(stubber: BotocoreStubber, event_name: str, request: Any, **options: Any) -> Any:
        fault = plan(wire.record(event_name, request))
        carry_out = partial(respond, stubber, event_name, request, **options)
        return carry_out() if fault is None else fault(request, carry_out)

    _wires.append(wire)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(BotocoreStubber, "__call__", send)
            patch.setattr(retry_budget, "sleep", wire.sleep)
            patch.setattr(retry_budget, "clock", lambda: wire.now)
            yield wire
    finally:
        _wires.pop()


def once(call: int, fault: Fault) -> Plan:
    """Fail the first attempt of one call."""
    return lambda attempt: fault if (attempt.call, attempt.number) == (call, 1) else None


def outage(call: int, service: str, fault: Fault) -> Plan:
    """Fail all attempts on a service from one call on."""
    return lambda attempt: fault if attempt.call >= call and attempt.service == service else None


def everything(fault: Fault) -> Plan:
    """Fail all attempts."""
    return lambda _: fault


def at_random(seed: int, probability: float, several: Sequence[Fault]) -> Plan:
    """Fail each attempt with a probability, with one of several faults."""
    drawn = random.Random(seed)
    return lambda _: drawn.choice(several) if drawn.random() < probability else None


def refused(status: int, code: str, message: str = "injected") -> Fault:
    """An error of DynamoDB, Secrets Manager or Lambda. The request is not carried out."""
    return lambda request, _: _json(request, status, {"__type": f"com.amazonaws#{code}", "message": message})


def cancelled(*reasons: str) -> Fault:
    """A transaction is cancelled, with reasons for its last rows. Other calls are throttled."""

    def respond(request: Any, carry_out: CarryOut) -> AWSResponse:
        items = json.loads(request.body).get("TransactItems")
        if items is None:
            return THROTTLED(request, carry_out)
        codes = [*["None"] * len(items), *reasons][-len(items) :]
        kind = "com.amazonaws.dynamodb.v20120810#TransactionCanceledException"
        content = {"__type": kind, "Message": "injected", "CancellationReasons": [{"Code": code} for code in codes]}
        return _json(request, 400, content)

    return respond


def s3_refused(status: int, code: str) -> Fault:
    """An error of S3. The request is not carried out."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    return lambda request, _: AWSResponse(
        request.url, status, {"Content-Type": "application/xml"}, MockRawResponse(body)
    )


def cut_off(request: Any, _: CarryOut) -> AWSResponse:
    """The connection breaks before the request is carried out."""
    raise ConnectionClosedError(endpoint_url=request.url)


def lost(request: Any, carry_out: CarryOut) -> AWSResponse:
    """The request is carried out, but the connection breaks before the response."""
    carry_out()
    raise ConnectionClosedError(endpoint_url=request.url)


def silent(request: Any, carry_out: CarryOut) -> AWSResponse:
    """The request is carried out, but there is no response within the timeout."""
    carry_out()
    _wires[-1].sleep(aws.S3_READ_SECONDS if ".s3." in request.url else aws.READ_SECONDS)
    raise ReadTimeoutError(endpoint_url=request.url)


def unreachable(request: Any, _: CarryOut) -> AWSResponse:
    """The connection is not accepted within the timeout."""
    _wires[-1].sleep(aws.CONNECT_SECONDS)
    raise ConnectTimeoutError(endpoint_url=request.url)


def unprocessed(share: float = 1.0) -> Fault:
    """A share of a batch, at least one entry, is returned unprocessed. Other calls are throttled."""

    def respond(request: Any, carry_out: CarryOut) -> AWSResponse:
        content = json.loads(request.body)
        if "RequestItems" not in content:
            return THROTTLED(request, carry_out)
        [(table, batch)] = content["RequestItems"].items()
        reads = isinstance(batch, dict)
        entries = batch["Keys"] if reads else batch
        end = len(entries) - max(1, round(share * len(entries)))
        response: dict[str, Any] = {"Responses": {table: []}} if reads else {}
        if end:
            content["RequestItems"][table] = {**batch, "Keys": entries[:end]} if reads else entries[:end]
            request.body = json.dumps(content).encode()
            response = json.loads(carry_out().content)
        if reads:
            return _json(request, 200, {**response, "UnprocessedKeys": {table: {**batch, "Keys": entries[end:]}}})
        return _json(request, 200, {**response, "UnprocessedItems": {table: entries[end:]}})

    return respond


def _json(request: Any, status: int, content: Any) -> AWSResponse:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-requestid": "injected"}
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(content)))


THROTTLED = refused(400, "ProvisionedThroughputExceededException")
TRANSIENT: dict[str, Fault] = {
    "throughput exceeded": THROTTLED,
    "throttled": refused(400, "ThrottlingException"),
    "request limit": refused(400, "RequestLimitExceeded"),
    "internal error": refused(500, "InternalServerError"),
    "unavailable": refused(503, "ServiceUnavailable"),
    "conflict": cancelled("TransactionConflict"),
    "conflict of a write": refused(400, "TransactionConflictException"),
    "throttled rows": cancelled("ThrottlingError", "ProvisionedThroughputExceeded"),
    "in progress": refused(400, "TransactionInProgressException"),
    "cut off": cut_off,
    "lost": lost,
    "nothing processed": unprocessed(1.0),
    "half processed": unprocessed(0.5),
}
S3_TRANSIENT: dict[str, Fault] = {
    "slow down": s3_refused(503, "SlowDown"),
    "internal error": s3_refused(500, "InternalError"),
    "cut off": cut_off,
    "lost": lost,
}


def transient(service: str) -> dict[str, Fault]:
    """Return the faults of a service that a retry overcomes, by name."""
    return S3_TRANSIENT if service == "s3" else TRANSIENT
