"""A fault that passes is not noticed: whichever call of an operation it meets, the result is the undisturbed one."""

import pytest

from tests.api.client import Depot
from tests.faults.injector import busy, faults, lost, once
from tests.faults.operations import READS, WRITES, Scene, Stage
from tests.faults.state import differences


@pytest.mark.parametrize("what", READS)
def test_a_read_gives_the_same_answer(shelf: Scene, what: str) -> None:
    READS[what].act(shelf)  # the first reader leaves notes for the next ones
    with faults() as undisturbed:
        wanted = READS[what].act(shelf)
    assert wanted.status in (200, 206)

    for call in undisturbed.calls:
        for name, fault in list(busy(call.service).items())[len(what) % 3 :: 3]:
            with faults(once(call.call, fault)):
                reply = READS[what].act(shelf)
            assert (reply.status, reply.body) == (wanted.status, wanted.body), (call, name)


@pytest.mark.parametrize("what", WRITES)
def test_a_write_has_the_same_effect(depot: Depot, token: str, what: str) -> None:
    stage = Stage(depot, token, WRITES[what])

    for call in stage.undisturbed.calls:
        several = list(busy(call.service).items())
        drawn = several[(call.call * 5 + len(what)) % len(several)]
        for name, fault in [drawn, ("lost", lost)] if call.changes else [drawn]:
            scene = stage.set()
            with faults(once(call.call, fault)):
                reply = stage.operation.act(scene)
            assert reply.status == stage.answer.status, (call, name, reply)
            assert not differences(stage.after, stage.state()), (call, name)
