"""Transient faults have no effect on answers and states, whichever call of an operation they meet."""

import pytest

from tests.api.client import Depot
from tests.faults.injector import faults, lost, once, transient
from tests.faults.operations import READS, WRITES
from tests.faults.scenes import Scene
from tests.faults.stage import Stage
from tests.faults.state import differences


@pytest.mark.parametrize("name", READS)
def test_a_read_returns_the_same_answer(stable_release: Scene, name: str) -> None:
    read = READS[name].act
    read(stable_release)  # the first read writes rows that speed up the next ones
    with faults() as wire:
        expected = read(stable_release)
    assert expected.status in (200, 206)

    for call in wire.calls:
        for fault_name, fault in list(transient(call.service).items())[len(name) % 3 :: 3]:
            with faults(once(call.call, fault)):
                reply = read(stable_release)
            assert (reply.status, reply.body) == (expected.status, expected.body), (call, fault_name)


@pytest.mark.parametrize("name", WRITES)
def test_a_write_has_the_same_effect(depot: Depot, token: str, name: str) -> None:
    stage = Stage(depot, token, WRITES[name])

    for call in stage.wire.calls:
        several = list(transient(call.service).items())
        chosen = several[(call.call * 5 + len(name)) % len(several)]
        for fault_name, fault in [chosen, ("lost", lost)] if call.writes else [chosen]:
            scene = stage.reset()
            with faults(once(call.call, fault)):
                reply = stage.operation.act(scene)
            assert reply.status == stage.answer.status, (call, fault_name, reply)
            assert not differences(stage.after, stage.state()), (call, fault_name)
