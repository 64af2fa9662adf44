"""Whatever clients do to the packages of an origin side by side, it is legal after every call (packages.md 7-9).

Legal: every row follows from where the packages are, every package has the bytes that it was published with, and what
was granted to one client fits what was granted to the others. Rows that are read together are read one by one here,
because DynamoDB promises no more. Some clients die halfway.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.catalog import package_rows
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.catalog.event_rows import EVENTS
from chalicelib.channels import reads
from chalicelib.channels.errors import ChannelExists, NotInChannel
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.origins import service as origins
from chalicelib.packages import reads as package_reads
from chalicelib.packages.errors import DeletionRefused, ReleaseExists
from tests.builders.bucket import Bucket, a_bucket
from tests.builders.engine import an_engine
from tests.builders.histories import Histories, Killed, histories, stand_still
from tests.builders.names import a_name
from tests.builders.package_requests import REQUESTS, SOMEBODY, Wish
from tests.builders.rows import partition_rows
from tests.builders.shelf import Shelf, assert_consistent

Outcome = type[Exception] | None
LINUX, WINDOWS = Target.X86_64_LINUX, Target.X86_64_WINDOWS

HISTORIES = int(os.environ.get("HISTORIES", "48"))
"""Seeded histories of twenty clients each; `HISTORIES=500 make test` for a night, 48 keep the run short."""


@dataclass(frozen=True)
class Stage:
    """What all scenes share; `order` draws in which order rows are read that are asked for together."""

    histories: Histories
    bucket: Bucket
    order: random.Random


class Scene:
    """An origin of its own, and what became of every wish."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.origin = a_name("origin")
        self.seed = random.Random(number)
        self.outcomes: dict[Wish, Outcome] = {}
        self._published: dict[str, str] = {}
        stage.order.seed(number)

    def begin(self, *wishes: Wish) -> None:
        """Make the origin and grant the wishes."""
        origins.create(self.origin, Visibility.PUBLIC, SOMEBODY)
        for wish in wishes:
            assert self.ask(wish) is None
        self.outcomes.clear()

    def run(self, *wishes: Wish, killed: float = 0.0) -> list[Outcome]:
        """All wishes side by side; gives what became of each, in their order (as last heard of equal ones)."""
        self.let(*(partial(self.ask, wish) for wish in wishes), killed=killed)
        return [self.outcomes.get(wish) for wish in wishes]

    def let(self, *clients: Callable[[], Any], killed: float = 0.0) -> None:
        """Run clients side by side."""
        self.stage.histories.run(self.seed, clients, self.assert_legal, killed)

    def ask(self, wish: Wish) -> Outcome:
        """One wish, in this origin."""
        self.outcomes[wish] = replace(wish, origin=self.origin).ask()
        return self.outcomes[wish]

    def assert_legal(self) -> None:
        shelf = assert_consistent(self.origin)
        for ident, target in shelf.packages:
            key = package_rows.package_key(ident, target)
            row = partition_rows(key.pk)[key.sk]
            assert self.stage.bucket.checksum(row["artifact"]) == row["checksum"]
            assert self._published.setdefault(row["id"], row["checksum"]) == row["checksum"]

    @property
    def shelf(self) -> Shelf:
        return Shelf.read(self.origin)

    def events(self) -> list[str]:
        """The operations of the origin's events, in order of time."""
        rows = [row for _, row in sorted(partition_rows(EVENTS).items())]
        return [row["operation"] for row in rows if row["ident"].startswith(f"{self.origin}/")]


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """An engine and a bucket whose callers take turns, and that read no two rows at one instant."""
    with an_engine(), histories() as running, a_bucket(stand_still) as bucket, pytest.MonkeyPatch.context() as patch:
        call, order = Connection._make_api_call, random.Random()
        patch.setattr(Connection, "_make_api_call", lambda *args: _one_by_one(order, call, *args))
        yield Stage(running, bucket, order)


def _one_by_one(
    order: random.Random, call: Callable[..., Any], connection: Any, operation: str, request: dict[str, Any]
) -> Any:
    if operation != "BatchGetItem":
        return call(connection, operation, request)
    [(table, wanted)] = request["RequestItems"].items()
    found = []
    for key in order.sample(wanted["Keys"], len(wanted["Keys"])):
        answer = call(connection, operation, {**request, "RequestItems": {table: {**wanted, "Keys": [key]}}})
        found += answer["Responses"].get(table, [])
    return {**answer, "Responses": {table: found}}


@pytest.fixture(params=range(8, 24))
def scene(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """One of many orders of the calls."""
    return Scene(stage, request.param)


UPLOAD, REMOVE = Wish("upload", ""), Wish("delete", "")
LIBRARY = ("lib", "2", "1")
UPLOAD_LIBRARY = replace(UPLOAD, package=LIBRARY)
CREATE, DELETE = Wish("create channel", "", channel="one"), Wish("delete channel", "", channel="one")
PROMOTE, DEMOTE = Wish("promote", "", channel="one"), Wish("demote", "", channel="one")
PROMOTE_LIBRARY = replace(PROMOTE, package=LIBRARY)


def test_of_two_archives_one_is_published(scene: Scene) -> None:
    scene.begin()

    outcomes = scene.run(replace(UPLOAD, payload=b"one"), replace(UPLOAD, payload=b"other"))

    assert Counter(outcomes) == {None: 1, ReleaseExists: 1}
    assert len(scene.shelf.packages) == 1


def test_a_package_that_is_promoted_to_stable_is_not_deleted(scene: Scene) -> None:
    scene.begin(UPLOAD)

    promoted, deleted = scene.run(replace(PROMOTE, channel="stable"), REMOVE)

    assert (promoted, deleted) in ((None, DeletionRefused), (ReleaseMissing, None))
    left = [spot.channels for spot in scene.shelf.packages.values()]
    assert left == ([{"stable", "unstable"}] if promoted is None else [])


def test_a_deleted_channel_holds_nothing_whoever_was_promoting(scene: Scene) -> None:
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)

    promoted, deleted = scene.run(PROMOTE_LIBRARY, DELETE)

    assert promoted in (None, ChannelMissing)
    assert deleted is None
    assert all(spot.channels == {"unstable"} for spot in scene.shelf.packages.values())


def test_a_channel_made_again_keeps_what_is_promoted_to_it(scene: Scene) -> None:
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)

    again: list[Outcome] = []
    scene.let(partial(scene.ask, DELETE), lambda: again.extend(scene.ask(wish) for wish in (CREATE, PROMOTE)))

    assert again in ([ChannelExists, None], [ChannelExists, ChannelMissing], [None, None])
    exists = again == [None, None]
    assert ("one" in scene.shelf.channels) == exists
    assert any("one" in spot.channels for spot in scene.shelf.packages.values()) == exists


@pytest.mark.parametrize("calls", range(18))
def test_a_slow_deletion_of_a_channel_does_not_end_a_later_one(
    stage: Stage, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the last write of a deletion, the channel is made again, filled, and deleted by somebody who may die."""
    scene = Scene(stage, calls)
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)
    call = Connection._make_api_call
    left = [calls]

    def get_between(connection: Connection, operation: str, request: Any) -> Any:
        if "LEAVING-CHANNELS" in str([step.get("Delete") for step in request.get("TransactItems", ())]):
            monkeypatch.setattr(Connection, "_make_api_call", die_in_time)
            with suppress(Killed):
                for wish in (CREATE, PROMOTE, PROMOTE_LIBRARY, DELETE):
                    scene.ask(wish)
            monkeypatch.setattr(Connection, "_make_api_call", call)
        return call(connection, operation, request)

    def die_in_time(connection: Connection, operation: str, request: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return call(connection, operation, request)

    monkeypatch.setattr(Connection, "_make_api_call", get_between)
    assert scene.ask(DELETE) is None

    scene.assert_legal()


def test_memberships_come_and_go_with_their_events(scene: Scene) -> None:
    scene.begin(UPLOAD, CREATE)

    outcomes = scene.run(PROMOTE, replace(PROMOTE, visibility="public"), DEMOTE, replace(DEMOTE, visibility="public"))

    assert set(outcomes) <= {None, NotInChannel}
    happened = scene.events()
    assert happened[0] == "Promote"
    assert all(before != after for before, after in pairwise(happened))
    [spot] = scene.shelf.packages.values()
    assert ("one" in spot.channels) == (happened[-1] == "Promote")


def test_a_package_that_comes_back_private_is_not_shown_by_somebody_slow(scene: Scene) -> None:
    """The promotion may have looked at the package that was there before."""
    scene.begin(UPLOAD, CREATE)

    def take_away_and_bring_back() -> None:
        for wish in (REMOVE, Wish("settings", "", visibility="private"), UPLOAD):
            assert scene.ask(wish) is None

    scene.let(take_away_and_bring_back, partial(scene.ask, PROMOTE))

    assert scene.outcomes[PROMOTE] in (None, ReleaseMissing)
    [spot] = scene.shelf.packages.values()
    assert spot.visibility == "private"


def test_bytes_published_anew_survive_a_slow_deletion(scene: Scene) -> None:
    scene.begin(UPLOAD)

    def insist() -> None:
        while scene.ask(UPLOAD) is ReleaseExists:
            pass

    scene.let(partial(scene.ask, REMOVE), insist)

    assert set(scene.outcomes.values()) == {None}
    assert len(scene.shelf.packages) == 1


@pytest.mark.parametrize("change", [REMOVE, DEMOTE, Wish("show to", "")], ids=lambda wish: wish.what)
def test_while_the_newest_release_goes_readers_find_it_or_the_next(scene: Scene, change: Wish) -> None:
    newer = ("tool", "1.1", "1")
    scene.begin(UPLOAD, CREATE, PROMOTE, replace(UPLOAD, package=newer), replace(PROMOTE, package=newer))
    found: list[str] = []

    def look() -> None:
        row, _ = reads.latest(scene.origin, "one", "tool", None, LINUX, Caller(None, scene.origin))
        found.append(PackageIdent.parse(row.ident).version)

    scene.let(look, partial(scene.ask, replace(change, package=newer)), look)

    assert set(scene.outcomes.values()) == {None}
    assert len(found) == 2
    assert set(found) <= {"1.0", "1.1"}


def test_nobody_is_shown_a_package_that_has_just_become_private(scene: Scene) -> None:
    """The one that is shown, for another target than asked for, is read after the ident that leads to it."""
    scene.begin(replace(UPLOAD, target=WINDOWS))

    def look() -> None:
        with suppress(ReleaseMissing):
            row = package_reads.exact(replace(UPLOAD, origin=scene.origin).ident, LINUX, Caller(None, scene.origin))
            assert row.visibility == "public"

    scene.let(look, partial(scene.ask, Wish("show to", "")), look)


def test_members_find_what_is_private_while_the_newest_release_goes(scene: Scene) -> None:
    newer = ("tool", "1.1", "1")
    scene.begin(
        UPLOAD, CREATE, PROMOTE, Wish("show to", ""), replace(UPLOAD, package=newer), replace(PROMOTE, package=newer)
    )
    found: list[str] = []

    def look() -> None:
        caller = Caller(Credential(SOMEBODY.account_id, key=None, name=SOMEBODY.name), scene.origin)
        row, _ = reads.latest(scene.origin, "one", "tool", None, LINUX, caller)
        found.append(PackageIdent.parse(row.ident).version)

    scene.let(look, partial(scene.ask, replace(REMOVE, package=newer)), look)

    assert set(found) <= {"1.0", "1.1"}


@pytest.mark.parametrize("block", range(4))
def test_every_history_is_legal_after_every_call(stage: Stage, block: int) -> None:
    granted: set[str] = set()
    for number in range(block, HISTORIES, 4):
        scene = Scene(stage, number)
        scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)
        scene.run(*(a_wish(scene.seed) for _ in range(20)), killed=0.1)
        granted |= {wish.what for wish, outcome in scene.outcomes.items() if outcome is None}
        for channel in ("one", "two"):  # whose deletion a client that was killed may have left for the next
            assert scene.ask(Wish("delete channel", "", channel=channel)) is None
        scene.assert_legal()
        assert all(spot.channels <= {"stable", "unstable"} for spot in scene.shelf.packages.values())
    assert granted == set(REQUESTS)


def a_wish(seed: random.Random) -> Wish:
    """What changes packages and channels comes up more often than the rest."""
    return Wish(
        seed.choice([*REQUESTS, *("upload", "promote", "demote", "delete", "create channel", "delete channel")]),
        "",
        package=seed.choice([("tool", "1.0", "1"), ("tool", "1.0", "1"), ("tool", "main", "2"), LIBRARY]),
        target=seed.choice([LINUX, LINUX, WINDOWS]),
        channel=seed.choice(["stable", "unstable", "one", "one", "two"]),
        visibility=seed.choice(["public", "private"]),
        forced=seed.random() < 0.5,
        payload=seed.choice([b"", b"", b"other"]),
    )
