"""An outage that begins at any call of an operation: 503 or 502 in time, nothing half-done, and a repeat converges."""

import pytest

from tests.api.client import Depot, Reply
from tests.faults.injector import THROTTLED, Fault, Wire, faults, lost, outage, s3_refused, silent
from tests.faults.operations import READS, WRITES, Scene, Stage
from tests.faults.state import differences, without_books

REQUEST_SECONDS = 10


def a_fault(service: str, is_lost: bool) -> Fault:
    if is_lost:
        return lost
    return s3_refused(503, "SlowDown") if service == "s3" else THROTTLED


def assert_unavailable(reply: Reply, wire: Wire) -> None:
    assert reply.status in (502, 503), reply
    assert reply.body == b""
    assert ("Retry-After" in reply.headers) == (reply.status == 503)
    assert wire.seconds <= REQUEST_SECONDS


@pytest.mark.parametrize("what", READS)
def test_a_read_is_unavailable(shelf: Scene, what: str) -> None:
    READS[what].act(shelf)  # the first reader leaves notes for the next ones
    with faults() as undisturbed:
        wanted = READS[what].act(shelf)

    for call in undisturbed.calls:
        for fault in (a_fault(call.service, False), silent):
            with faults(outage(call.call, call.service, fault)) as wire:
                reply = READS[what].act(shelf)
            if call.service == "s3" and fault is silent:
                assert reply.status == 502  # one silence of S3 is all that a request waits for
            else:
                assert_unavailable(reply, wire)
    assert READS[what].act(shelf).body == wanted.body


@pytest.mark.parametrize("what", WRITES)
def test_a_write_is_done_or_not_done(depot: Depot, token: str, what: str) -> None:
    stage = Stage(depot, token, WRITES[what])

    for call in stage.undisturbed.calls:
        for is_lost in {False, call.changes}:
            scene = stage.set()
            with faults(outage(call.call, call.service, a_fault(call.service, is_lost))) as wire:
                reply = stage.operation.act(scene)
            if reply.status == stage.answer.status:  # the rest of the work can be done without
                assert not differences(stage.after, stage.state()), call
                continue
            assert_unavailable(reply, wire)
            assert_converges(stage, scene, f"{call}, lost: {is_lost}")


def assert_converges(stage: Stage, scene: Scene, where: str) -> None:
    seen = stage.state()
    is_done, is_not_done = not differences(stage.after, seen), not differences(stage.before, seen)
    assert is_done or is_not_done or stage.operation.partial, (where, differences(stage.before, seen))

    reply = stage.operation.act(scene)

    allowed = stage.operation.again if is_done else ()
    assert reply.status in (stage.answer.status, *allowed), (where, reply)
    if not (stage.operation.adds and is_done):
        assert not differences(without_books(stage.after), without_books(stage.state())), where
