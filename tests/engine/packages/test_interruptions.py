"""A process may end between any two calls to AWS (packages.md 7-9).

Readers then see all of a change or none of it, and repeating the request completes it.
"""

import json
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.endpoint import Endpoint

from chalicelib.catalog.lists import list_changes
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.packages.search import snapshots
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.histories import Killed
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote, set_visibility, upload
from tests.builders.shelf import assert_consistent

WINDOWS = "x86_64-windows"
VARYING = {"id", "owner_id", "checksum", "size", "created_at", "updated_at", "promoted_at"}


@dataclass
class Scene:
    """A package name and a channel name that no other test uses, and the archives published under the name."""

    depot: Depot
    origin: str
    name: str = field(default_factory=lambda: a_name("package"))
    channel: str = field(default_factory=lambda: a_name("channel"))
    harts: list[Hart] = field(default_factory=list)

    def publish(self, **hart: Any) -> Hart:
        self.harts.append(a_package(self.depot, self.origin, name=self.name, **hart))
        return self.harts[-1]

    def hart(self, **values: Any) -> Hart:
        return a_hart(origin=self.origin, name=self.name, **values)

    def view(self, but: frozenset[str] = frozenset()) -> list[tuple[str, int, Any]]:
        """Return what members and others see, without values that vary between scenes and without the keys in `but`."""
        below = f"{self.origin}/{self.name}"
        in_channel = f"/depot/channels/{self.origin}/{self.channel}/pkgs"
        paths = [f"/depot/pkgs/{below}", f"/depot/pkgs/{below}/latest", f"/depot/channels/{self.origin}"]
        paths += [
            f"{in_channel}/{self.name}",
            f"{in_channel}/{self.name}/latest",
            f"{in_channel}/_latest?target=x86_64-linux",
        ]
        for hart in {hart.path: hart for hart in self.harts or [self.hart()]}.values():
            paths += [hart.url, f"{hart.url}/download", f"{hart.url}/channels", hart.in_channel(self.channel)]
        for_members = [f"/settings/{below}", f"/depot/pkgs/{below}", f"/depot/pkgs/{below}/latest"]
        requests = [(path, None) for path in paths] + [(path, "bobo") for path in for_members]
        return [(path, *self._answer(path, by, but)) for path, by in requests]

    def _answer(self, path: str, by: str | None, but: frozenset[str]) -> tuple[int, Any]:
        reply = self.depot.get(path, by=by)
        if path == f"/depot/channels/{self.origin}":
            return reply.status, {"name": self.channel} in reply.json()
        if path.endswith("/download"):
            return reply.status, len(reply.body) > 0
        if reply.headers.get("Content-Type") != "application/json":
            return reply.status, reply.body
        return reply.status, _without(json.loads(reply.text), VARYING | but)

    def compared(self, view: list[tuple[str, int, Any]]) -> list[str]:
        """Return a view with the names of the scene replaced, so that the views of scenes can be compared."""
        return [repr(each).replace(self.name, "NAME").replace(self.channel, "CHANNEL") for each in view]


@pytest.fixture(autouse=True)
def _no_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A repeat does not wait for the end of the lease of the process that died."""
    monkeypatch.setattr(long_change_states, "LEASE_SECONDS", 0.0)


def _without(value: Any, keys: frozenset[str] | set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(each, keys) for key, each in value.items() if key not in keys}
    return [_without(each, keys) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True)
class Interruption:
    """A request, its preparation, and its status when it succeeds (`granted`) and when it is then repeated."""

    prepare: Callable[[Scene], object]
    request: Callable[[Scene], Reply]
    granted: int
    repeated: int
    unfinished: frozenset[str] = frozenset()
    """Keys of answers that an interrupted change may leave unchanged until it is completed."""


def _two_targets(scene: Scene) -> None:
    for target in ("x86_64-linux", WINDOWS):
        hart = scene.publish(target=target)
    a_channel(scene.depot, scene.origin, scene.channel)
    promote(scene.depot, hart, scene.channel)


def _promoted(scene: Scene) -> None:
    scene.publish(version="0.9")
    hart = scene.publish()
    a_channel(scene.depot, scene.origin, scene.channel)
    promote(scene.depot, hart, scene.channel)


def _filled(scene: Scene) -> None:
    a_channel(scene.depot, scene.origin, scene.channel)
    for version in ("1.0", "2.0", "main"):
        promote(scene.depot, scene.publish(version=version), scene.channel)


def _hidden(scene: Scene) -> None:
    _promoted(scene)
    set_visibility(scene.depot, scene.harts[-1], "private")


def _huge(scene: Scene) -> Hart:
    return scene.hart(manifest=random.Random(3).randbytes(310_000).hex())


def _put(verb: str) -> Callable[[Scene], Reply]:
    return lambda scene: scene.depot.put(f"{scene.harts[-1].in_channel(scene.channel)}/{verb}", by="bobo")


INTERRUPTIONS = {
    "a first upload": Interruption(lambda _: None, lambda scene: upload(scene.depot, scene.hart()), 201, 409),
    "an upload with long texts": Interruption(
        lambda _: None, lambda scene: upload(scene.depot, _huge(scene)), 201, 409
    ),
    "an upload for another target": Interruption(
        lambda scene: scene.publish(), lambda scene: upload(scene.depot, scene.hart(target=WINDOWS)), 201, 409
    ),
    "a forced upload": Interruption(_hidden, lambda scene: upload(scene.depot, scene.harts[-1], forced=True), 201, 201),
    "a promotion": Interruption(
        lambda scene: (scene.publish(), a_channel(scene.depot, scene.origin, scene.channel)), _put("promote"), 200, 200
    ),
    "a demotion": Interruption(_promoted, _put("demote"), 200, 400),
    "a change of visibility": Interruption(
        _two_targets, lambda scene: scene.depot.patch(f"{scene.harts[-1].url}/private", by="bobo"), 200, 200
    ),
    "a deletion": Interruption(_promoted, lambda scene: scene.depot.delete(scene.harts[-1].url, by="bobo"), 204, 404),
    "the creation of a channel": Interruption(
        lambda scene: scene.publish(),
        lambda scene: scene.depot.post(f"/depot/channels/{scene.origin}/{scene.channel}", by="bobo"),
        201,
        409,
    ),
    "the deletion of a channel": Interruption(
        _filled,
        lambda scene: scene.depot.delete(f"/depot/channels/{scene.origin}/{scene.channel}", by="bobo"),
        200,
        200,
        frozenset({"channels"}),
    ),
}


@contextmanager
def dying(before_call: int | None = None) -> Iterator[list[str]]:
    """The calls to AWS inside the block. The process is killed before the call with this number."""
    calls: list[str] = []

    def make(endpoint: Any, operation_model: Any, request_dict: Any) -> Any:
        if len(calls) == before_call:
            raise Killed
        calls.append(operation_model.name)
        return send(endpoint, operation_model, request_dict)

    send = Endpoint.make_request
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Endpoint, "make_request", make)
        yield calls


@pytest.fixture(autouse=True)
def _no_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests make the same calls each time: none is one of those that fold a log."""
    monkeypatch.setattr(list_changes, "FOLDED_EVERY", sys.maxsize)
    monkeypatch.setattr(snapshots, "FOLD_EVERY", sys.maxsize)


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin for all scenes of a test. A first upload has written the rows that are written only once per origin."""
    origin = an_origin(depot)
    a_package(depot, origin, name=a_name("package"))
    return origin


@pytest.mark.parametrize("what", INTERRUPTIONS)
def test_readers_see_all_of_a_change_or_none_and_a_repeat_completes_it(depot: Depot, origin: str, what: str) -> None:
    case = INTERRUPTIONS[what]
    undisturbed = Scene(depot, origin)
    case.prepare(undisturbed)
    before, before_but = (undisturbed.compared(undisturbed.view(but)) for but in (frozenset(), case.unfinished))
    with dying() as calls:
        assert case.request(undisturbed).status == case.granted
    after, after_but = (undisturbed.compared(undisturbed.view(but)) for but in (frozenset(), case.unfinished))
    assert after != before
    assert len(calls) > 1

    for number in range(len(calls)):
        scene = Scene(depot, origin)
        case.prepare(scene)
        with dying(before_call=number) as made, suppress(Killed):
            pytest.fail(f"survived: {case.request(scene)}")
        assert made == calls[:number]
        view = scene.compared(scene.view(case.unfinished))
        assert view in (before_but, after_but)
        assert_consistent(origin)

        assert case.request(scene).status in {case.granted} | ({case.repeated} if view == after_but else set())

        assert scene.compared(scene.view()) == after
        assert_consistent(origin)
