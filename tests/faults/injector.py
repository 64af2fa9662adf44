"""Faults of AWS on the wire: what botocore is about to send is answered, cut off, or carried out with its answer lost.

A call of ours is one invocation of botocore, which may be tried several times; a plan decides on every try. Time stands
still but for what pauses and silences take, so tests wait for nothing and see how long a client would have waited.
"""

import json
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ConnectTimeoutError, ReadTimeoutError
from moto.core.botocore_stubber import BotocoreStubber, MockRawResponse

from chalicelib.platform import aws, retry_budget

GoOn = Callable[[], AWSResponse]
Fault = Callable[[Any, GoOn], AWSResponse]
"""From the request and a way to have it carried out to what comes back."""


@dataclass(frozen=True)
class Try:
    """One request on the wire: the call's number (from 1), which try of it this is, and what is asked of whom."""

    call: int
    number: int
    service: str
    operation: str
    body: Any = field(repr=False)

    @property
    def changes(self) -> bool:
        """True if it matters whether it was carried out."""
        return not self.operation.startswith(("Get", "BatchGet", "Query", "Head", "List"))


Plan = Callable[[Try], Fault | None]


@dataclass
class Wire:
    """What was sent, and how much time went by."""

    tries: list[Try] = field(default_factory=list)
    now: float = 1000.0
    _calls: dict[str, int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def calls(self) -> list[Try]:
        """The first try of each call."""
        return [each for each in self.tries if each.number == 1]

    @property
    def seconds(self) -> float:
        """How long pauses and silences took."""
        return self.now - 1000.0

    def sleep(self, seconds: float) -> None:
        """Let time go by."""
        self.now += seconds

    def note(self, event: str, request: Any) -> Try:
        """Write down a try."""
        _, service, operation = event.split(".")
        with self._lock:
            invocation = str(request.headers["amz-sdk-invocation-id"])
            call = self._calls.setdefault(invocation, len(self._calls) + 1)
            number = 1 + sum(each.call == call for each in self.tries)
            self.tries.append(Try(call, number, service, operation, request.body))
            return self.tries[-1]


_wires: list[Wire] = []


@contextmanager
def faults(plan: Plan = lambda _: None) -> Iterator[Wire]:
    """Every request to AWS inside the block goes through the plan."""
    wire, carry_out = Wire(), BotocoreStubber.__call__

    def send(stubber: BotocoreStubber, event_name: str, request: Any, **more: Any) -> Any:
        fault = plan(wire.note(event_name, request))
        go_on: GoOn = lambda: carry_out(stubber, event_name, request, **more)  # type: ignore[assignment, return-value]  # noqa: E731
        return go_on() if fault is None else fault(request, go_on)

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
    """The first try of one call fails."""
    return lambda sent: fault if (sent.call, sent.number) == (call, 1) else None


def outage(call: int, service: str, fault: Fault) -> Plan:
    """From one call on a service fails for good."""
    return lambda sent: fault if sent.call >= call and sent.service == service else None


def everything(fault: Fault) -> Plan:
    """Nothing works."""
    return lambda _: fault


def now_and_then(seed: int, probability: float, several: Sequence[Fault]) -> Plan:
    """Every try fails with a probability; the seed says which, and how."""
    dice = random.Random(seed)
    return lambda _: dice.choice(several) if dice.random() < probability else None


def refused(status: int, code: str, message: str = "injected") -> Fault:
    """An error of DynamoDB, Secrets Manager or Lambda; nothing is carried out."""
    return lambda request, _: _json(request, status, {"__type": f"com.amazonaws#{code}", "message": message})


def cancelled(*reasons: str) -> Fault:
    """A transaction is cancelled for the last rows' reasons. Other calls are throttled."""

    def answer(request: Any, _: GoOn) -> AWSResponse:
        items = json.loads(request.body).get("TransactItems")
        if items is None:
            return THROTTLED(request, _)
        codes = [*["None"] * len(items), *reasons][-len(items) :]
        told = {"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "injected"}
        return _json(request, 400, {**told, "CancellationReasons": [{"Code": code} for code in codes]})

    return answer


def s3_refused(status: int, code: str) -> Fault:
    """An error of S3; nothing is carried out."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>injected</Message></Error>"
    return lambda request, _: AWSResponse(
        request.url, status, {"Content-Type": "application/xml"}, MockRawResponse(body)
    )


def cut_off(request: Any, _: GoOn) -> AWSResponse:
    """The connection breaks before anything is carried out."""
    raise ConnectionClosedError(endpoint_url=request.url)


def lost(request: Any, go_on: GoOn) -> AWSResponse:
    """It is carried out, but the connection breaks before the answer."""
    go_on()
    raise ConnectionClosedError(endpoint_url=request.url)


def silent(request: Any, go_on: GoOn) -> AWSResponse:
    """It is carried out, but the answer does not come within the time limit."""
    go_on()
    _wires[-1].sleep(aws.S3_READ_SECONDS if ".s3." in request.url else aws.READ_SECONDS)
    raise ReadTimeoutError(endpoint_url=request.url)


def unreachable(request: Any, _: GoOn) -> AWSResponse:
    """Nobody takes the connection within the time limit."""
    _wires[-1].sleep(aws.CONNECT_SECONDS)
    raise ConnectTimeoutError(endpoint_url=request.url)


def unprocessed(share: float = 1.0) -> Fault:
    """A batch is carried out but for a share of it, at least one; the rest is given back. Other calls are throttled."""

    def answer(request: Any, go_on: GoOn) -> AWSResponse:
        asked = json.loads(request.body)
        if "RequestItems" not in asked:
            return THROTTLED(request, go_on)
        [(table, wanted)] = asked["RequestItems"].items()
        whole = wanted["Keys"] if isinstance(wanted, dict) else wanted
        left_over = whole[len(whole) - max(1, round(share * len(whole))) :]
        done = whole[: len(whole) - len(left_over)]
        told: dict[str, Any] = {"Responses": {table: []}} if isinstance(wanted, dict) else {}
        if done:
            asked["RequestItems"][table] = {**wanted, "Keys": done} if isinstance(wanted, dict) else done
            request.body = json.dumps(asked).encode()
            told = json.loads(go_on().content)
        if isinstance(wanted, dict):
            return _json(request, 200, {**told, "UnprocessedKeys": {table: {**wanted, "Keys": left_over}}})
        return _json(request, 200, {**told, "UnprocessedItems": {table: left_over}})

    return answer


def _json(request: Any, status: int, content: Any) -> AWSResponse:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-requestid": "injected"}
    return AWSResponse(request.url, status, headers, MockRawResponse(json.dumps(content)))


THROTTLED = refused(400, "ProvisionedThroughputExceededException")
BUSY: dict[str, Fault] = {
    "throughput exceeded": THROTTLED,
    "throttled": refused(400, "ThrottlingException"),
    "request limit": refused(400, "RequestLimitExceeded"),
    "internal error": refused(500, "InternalServerError"),
    "unavailable": refused(503, "ServiceUnavailable"),
    "conflict": cancelled("TransactionConflict"),
    "throttled rows": cancelled("ThrottlingError", "ProvisionedThroughputExceeded"),
    "in progress": refused(400, "TransactionInProgressException"),
    "cut off": cut_off,
    "lost": lost,
    "nothing processed": unprocessed(1.0),
    "half processed": unprocessed(0.5),
}
S3_BUSY: dict[str, Fault] = {
    "slow down": s3_refused(503, "SlowDown"),
    "internal error": s3_refused(500, "InternalError"),
    "cut off": cut_off,
    "lost": lost,
}


def busy(service: str) -> dict[str, Fault]:
    """Passing faults of a service, by name."""
    return S3_BUSY if service == "s3" else BUSY
