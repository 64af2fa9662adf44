"""An operation that can be repeated from the same state, with and without faults."""

import pytest

from chalicelib.platform import background
from chalicelib.uploads import rows, service
from tests.api.client import Depot
from tests.faults.injector import faults
from tests.faults.operations import Operation
from tests.faults.scenes import Scene, a_scene
from tests.faults.state import Checkpoint, State, state_of


class Stage:
    """An operation that ran once without faults: its calls, its answer, and the states before and after."""

    def __init__(self, depot: Depot, token: str, operation: Operation) -> None:
        self.operation = operation
        self._depot, self._token = depot, token
        self._scene = a_scene(depot, token, operation.prepare)
        self._checkpoint = Checkpoint(self._scene.origin)
        self.before = self.state()
        with faults() as self.wire:
            self.answer = operation.act(self._scene)
        assert self.answer.status in (200, 201, 204), self.answer
        operation.finish(self._scene)
        self.after = self.state()

    def reset(self) -> Scene:
        """Return the scene in its state before the operation, or a new scene if the object store is part of it."""
        if self.operation.objects:
            self._scene = a_scene(self._depot, self._token, self.operation.prepare)
        else:
            self._checkpoint.restore()
        return self._scene

    def state(self) -> State:
        """Return the current state."""
        return state_of(self._scene.origin)


def finish_within_request(patch: pytest.MonkeyPatch) -> None:
    """Let uploads finish within their requests, so that no request waits for another thread."""
    patch.setattr(background, "start", lambda _, work, **event: work(**event))
    patch.setattr(service, "WAIT_SECONDS", 0)
    patch.setattr(rows, "LEASE_SECONDS", -1)
