"""Outages that begin at any call of an operation: 503 or 502 in time, all or nothing, and a repeat completes it."""

import pytest
from msgspec.structs import replace

from chalicelib.builds.groups import beginning
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.faults.injector import (
    THROTTLED,
    Fault,
    Wire,
    at_random,
    cut_off,
    faults,
    lost,
    outage,
    refused,
    s3_refused,
    silent,
)
from tests.faults.operations import READS, WRITES
from tests.faults.scenes import Scene
from tests.faults.stage import Stage
from tests.faults.state import differences, without_counted

REQUEST_SECONDS = 10


def busy(service: str) -> Fault:
    return s3_refused(503, "SlowDown") if service == "s3" else THROTTLED


def assert_unavailable(reply: Reply, wire: Wire) -> None:
    assert reply.status in (502, 503), reply
    assert reply.body == b""
    assert ("Retry-After" in reply.headers) == (reply.status == 503)
    assert wire.seconds <= REQUEST_SECONDS


@pytest.mark.parametrize("name", READS)
def test_a_read_is_unavailable_and_then_answers_as_before(stable_release: Scene, name: str) -> None:
    read = READS[name].act
    read(stable_release)  # the first read writes rows that speed up the next ones
    with faults() as wire:
        expected = read(stable_release)

    for call in wire.calls:
        for fault in (busy(call.service), silent):
            with faults(outage(call.call, call.service, fault)) as broken:
                reply = read(stable_release)
            if call.service == "s3" and fault is silent:
                assert reply.status == 502  # one timeout of S3 is longer than REQUEST_SECONDS
            else:
                assert_unavailable(reply, broken)
    assert read(stable_release).body == expected.body


@pytest.mark.parametrize("name", WRITES)
def test_a_write_takes_effect_completely_or_not_at_all(depot: Depot, token: str, name: str) -> None:
    assert_complete_or_nothing(Stage(depot, token, WRITES[name]))


@pytest.mark.parametrize("name", ["schedule a build", "rebuild a job group"])
@pytest.mark.parametrize("limit", ["IN_ONE_TRANSACTION", "IN_THE_REQUEST"])
def test_so_does_a_group_that_takes_several_transactions(
    depot: Depot, token: str, name: str, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(beginning, limit, 0)
    monkeypatch.setattr(beginning, "config", replace(config, group_machine="its execution fills large groups"))
    assert_complete_or_nothing(Stage(depot, token, WRITES[name]))


def assert_complete_or_nothing(stage: Stage) -> None:
    for call in stage.wire.calls:
        for response_is_lost in {False, call.writes}:
            scene = stage.reset()
            fault = lost if response_is_lost else busy(call.service)
            with faults(outage(call.call, call.service, fault)) as wire:
                reply = stage.operation.act(scene)
            if reply.status == stage.answer.status:  # the remaining calls are optional, or the background makes them
                assert wire.seconds <= REQUEST_SECONDS
                stage.operation.finish(scene)
                assert not differences(stage.after, stage.state()), call
                continue
            assert_unavailable(reply, wire)
            assert_a_repeat_completes(stage, scene, f"{call}, response lost: {response_is_lost}")


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        ("schedule a build", "StartExecution"),
        ("rebuild a job group", "StartExecution"),
        ("claim a job", "StartExecution"),
        ("renew a job", "SendTaskHeartbeat"),
        ("report a result", "SendTaskSuccess"),
        ("cancel a job group", "SendTaskSuccess"),
    ],
)
def test_the_calls_of_step_functions_are_among_those_that_fail(
    depot: Depot, token: str, name: str, operation: str
) -> None:
    assert operation in [call.operation for call in Stage(depot, token, WRITES[name]).wire.calls]


def assert_a_repeat_completes(stage: Stage, scene: Scene, where: str) -> None:
    state = stage.state()
    is_done, is_not_done = not differences(stage.after, state), not differences(stage.before, state)
    assert is_done or is_not_done or stage.operation.partial, (where, differences(stage.before, state))

    reply = stage.operation.act(scene)
    stage.operation.finish(scene)

    allowed = stage.operation.again if is_done else ()
    assert reply.status in (stage.answer.status, *allowed), (where, reply)
    if not (stage.operation.adds and is_done):
        assert not differences(without_counted(stage.after), without_counted(stage.state())), where


@pytest.mark.parametrize("seed", range(6))
def test_a_write_under_random_faults_can_be_completed_by_a_repeat(depot: Depot, token: str, seed: int) -> None:
    several = [refused(400, "ThrottlingException"), refused(500, "InternalServerError"), cut_off, lost]
    for name in ("upload", "promote", "delete a package", "create an origin", "transfer", "delete a channel"):
        stage = Stage(depot, token, WRITES[name])
        scene = stage.reset()
        with faults(at_random(seed, 0.4, several)) as wire:
            reply = stage.operation.act(scene)
        assert reply.status in (stage.answer.status, 502, 503), (name, reply)
        assert wire.seconds <= REQUEST_SECONDS
        if reply.status in (502, 503):
            assert stage.operation.act(scene).status in (stage.answer.status, *stage.operation.again)
        assert stage.state() == stage.after or stage.operation.adds
