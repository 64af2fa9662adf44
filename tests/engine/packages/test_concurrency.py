"""Concurrent requests to the packages of an origin leave consistent rows after every call (packages.md 7-9).

Consistent means that every row follows from the visibility and channels of the packages, that every package has the
bytes with which it was published, and that the results of the requests do not contradict each other. The rows of a
BatchGetItem are read one by one here, because a BatchGetItem is not a snapshot. Some clients are
killed halfway.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.catalog import package_rows
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.catalog.package_texts import PackageLists
from chalicelib.channels import reads
from chalicelib.channels.errors import ChannelExists, NotInChannel
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.origins import service as origins
from chalicelib.packages import dependents, hints, pending_hints
from chalicelib.packages import reads as package_reads
from chalicelib.packages.errors import DeletionRefused, ReleaseExists
from chalicelib.packages.pending_hints import PendingHintsRow
from chalicelib.platform.row import Row
from tests.builders.bucket import Bucket, a_bucket
from tests.builders.events import all_events
from tests.builders.histories import Histories, Killed, histories, wait_for_turn
from tests.builders.names import a_name
from tests.builders.package_requests import OPERATIONS, UPLOADER, PackageRequest
from tests.builders.rows import partition_rows
from tests.builders.shelf import Shelf, assert_consistent

Outcome = type[Exception] | None
LINUX, WINDOWS = Target.X86_64_LINUX, Target.X86_64_WINDOWS

HISTORIES = int(os.environ.get("HISTORIES", "48"))
"""The number of random histories of twenty clients each. `HISTORIES=500 make test` runs more of them."""


@dataclass(frozen=True)
class Stage:
    """What all scenes share. `order` decides the order in which the rows of a BatchGetItem are read."""

    histories: Histories
    bucket: Bucket
    order: random.Random


class Scene:
    """An origin and the outcomes of the requests to it."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.stage = stage
        self.origin = a_name("origin")
        self.seed = random.Random(number)
        self.outcomes: dict[PackageRequest, Outcome] = {}
        self._published: dict[str, str] = {}
        stage.order.seed(number)

    def begin(self, *requests: PackageRequest) -> None:
        """Create the origin and make requests that must succeed."""
        origins.create(self.origin, Visibility.PUBLIC, UPLOADER)
        for request in requests:
            assert self.make(request) is None
        self.outcomes.clear()

    def run(self, *requests: PackageRequest, killed: float = 0.0) -> list[Outcome]:
        """Make requests concurrently. Returns the outcome of each; equal requests share the last one."""
        self.run_clients(*(partial(self.make, request) for request in requests), killed=killed)
        return [self.outcomes.get(request) for request in requests]

    def run_clients(self, *clients: Callable[[], Any], killed: float = 0.0) -> None:
        """Run clients concurrently."""
        self.stage.histories.run(self.seed, clients, self.assert_consistent_packages, killed)

    def make(self, request: PackageRequest) -> Outcome:
        """Make one request to this origin."""
        self.outcomes[request] = replace(request, origin=self.origin).send()
        return self.outcomes[request]

    def assert_consistent_packages(self) -> None:
        shelf = assert_consistent(self.origin)
        for ident, target in shelf.packages:
            key = package_rows.package_key(ident, target)
            row = partition_rows(key.pk)[key.sk]
            pending = pending_hints_of(row, target)
            for hint in hints_to(ident, target, PackageLists.unpacked(row["lists"]).tdeps):
                is_found = hint.sk in partition_rows(hint.pk) or hint.pk in pending
                assert is_found, "a package must be found from what it needs"
            assert self.stage.bucket.checksum(row["artifact"]) == row["checksum"]
            assert self._published.setdefault(row["id"], row["checksum"]) == row["checksum"]

    @property
    def shelf(self) -> Shelf:
        return Shelf.read(self.origin)

    def events(self) -> list[str]:
        """The operations of the origin's events, in order of time."""
        return [event.operation for event in all_events() if event.ident.startswith(f"{self.origin}/")]


def hints_to(ident: PackageIdent, target: Target, tdeps: Iterable[str]) -> list[Row]:
    """Return the hints that a package must have."""
    needed = map(PackageIdent.parse, tdeps)
    return [*hints.dependent_hints(ident, target, needed, newest=None)]


def pending_hints_of(row: dict[str, Any], target: Target) -> set[str]:
    """Return the partitions of the hints of a package that are still to be written."""
    key = pending_hints.pending_key(target, int(row["id"]))
    pending = partition_rows(key.pk).get(key.sk)
    if pending is None:
        return set()
    names = PendingHintsRow(names=pending["names"]).needed
    needed = (name.partition("/") for name in names)
    return {package_rows.dependents_partition(origin, name, target) for origin, _, name in needed}


@pytest.fixture(scope="module")
def stage(table: None) -> Iterator[Stage]:
    """An engine and a bucket whose callers take turns. Rows are read one at a time."""
    with histories() as running, a_bucket(wait_for_turn) as bucket, pytest.MonkeyPatch.context() as patch:
        call, order = Connection._make_api_call, random.Random()
        patch.setattr(Connection, "_make_api_call", lambda *args: _one_by_one(order, call, *args))
        yield Stage(running, bucket, order)


def _one_by_one(
    order: random.Random, call: Callable[..., Any], connection: Any, operation: str, request: dict[str, Any]
) -> Any:
    if operation != "BatchGetItem":
        return call(connection, operation, request)
    [(table, wanted)] = request["RequestItems"].items()
    items = []
    for key in order.sample(wanted["Keys"], len(wanted["Keys"])):
        answer = call(connection, operation, {**request, "RequestItems": {table: {**wanted, "Keys": [key]}}})
        items += answer["Responses"].get(table, [])
    return {**answer, "Responses": {table: items}}


@pytest.fixture(params=range(8, 24))
def scene(stage: Stage, request: pytest.FixtureRequest) -> Scene:
    """A scene with one of several orders of the calls."""
    return Scene(stage, request.param)


UPLOAD, REMOVE = PackageRequest("upload", ""), PackageRequest("delete", "")
LIBRARY = ("lib", "2", "1")
UPLOAD_LIBRARY = replace(UPLOAD, package=LIBRARY)
CREATE, DELETE = (
    PackageRequest("create channel", "", channel="one"),
    PackageRequest("delete channel", "", channel="one"),
)
PROMOTE, DEMOTE = PackageRequest("promote", "", channel="one"), PackageRequest("demote", "", channel="one")
PROMOTE_LIBRARY = replace(PROMOTE, package=LIBRARY)


def test_one_of_two_concurrent_uploads_is_published(scene: Scene) -> None:
    scene.begin()

    outcomes = scene.run(replace(UPLOAD, payload=b"one"), replace(UPLOAD, payload=b"other"))

    assert Counter(outcomes) == {None: 1, ReleaseExists: 1}
    assert len(scene.shelf.packages) == 1


def test_a_package_is_either_promoted_to_stable_or_deleted(scene: Scene) -> None:
    scene.begin(UPLOAD)

    promoted, deleted = scene.run(replace(PROMOTE, channel="stable"), REMOVE)

    assert (promoted, deleted) in ((None, DeletionRefused), (ReleaseMissing, None))
    left = [spot.channels for spot in scene.shelf.packages.values()]
    assert left == ([{"stable", "unstable"}] if promoted is None else [])


def test_a_deleted_channel_is_empty_despite_a_concurrent_promotion(scene: Scene) -> None:
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)

    promoted, deleted = scene.run(PROMOTE_LIBRARY, DELETE)

    assert promoted in (None, ChannelMissing)
    assert deleted is None
    assert all(spot.channels == {"unstable"} for spot in scene.shelf.packages.values())


def test_a_recreated_channel_keeps_its_packages_despite_a_slow_deletion(scene: Scene) -> None:
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)

    again: list[Outcome] = []
    scene.run_clients(
        partial(scene.make, DELETE), lambda: again.extend(scene.make(request) for request in (CREATE, PROMOTE))
    )

    assert again in ([ChannelExists, None], [ChannelExists, ChannelMissing], [None, None])
    exists = again == [None, None]
    assert ("one" in scene.shelf.channels) == exists
    assert any("one" in spot.channels for spot in scene.shelf.packages.values()) == exists


@pytest.mark.parametrize("calls", range(18))
def test_a_slow_deletion_of_a_channel_does_not_end_a_later_one(
    stage: Stage, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the last write of a deletion, another client recreates, fills and deletes the channel, or is killed."""
    scene = Scene(stage, calls)
    scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)
    call = Connection._make_api_call
    left = [calls]

    def intervene(connection: Connection, operation: str, request: Any) -> Any:
        if "OPEN-LONG-CHANGES" in str([step.get("Delete") for step in request.get("TransactItems", ())]):
            monkeypatch.setattr(Connection, "_make_api_call", die_after_calls)
            with suppress(Killed):
                for following in (CREATE, PROMOTE, PROMOTE_LIBRARY, DELETE):
                    scene.make(following)
            monkeypatch.setattr(Connection, "_make_api_call", call)
        return call(connection, operation, request)

    def die_after_calls(connection: Connection, operation: str, request: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        return call(connection, operation, request)

    monkeypatch.setattr(Connection, "_make_api_call", intervene)
    assert scene.make(DELETE) is None

    scene.assert_consistent_packages()


def test_promotions_and_demotions_alternate_in_the_events(scene: Scene) -> None:
    scene.begin(UPLOAD, CREATE)

    outcomes = scene.run(PROMOTE, replace(PROMOTE, visibility="public"), DEMOTE, replace(DEMOTE, visibility="public"))

    assert set(outcomes) <= {None, NotInChannel}
    operations = scene.events()
    assert operations[0] == "Promote"
    assert all(before != after for before, after in pairwise(operations))
    [spot] = scene.shelf.packages.values()
    assert ("one" in spot.channels) == (operations[-1] == "Promote")


def test_a_slow_promotion_does_not_show_a_package_that_was_recreated_as_private(scene: Scene) -> None:
    """The promotion may have read the deleted package, which was public."""
    scene.begin(UPLOAD, CREATE)

    def recreate_as_private() -> None:
        for request in (REMOVE, PackageRequest("change settings", "", visibility="private"), UPLOAD):
            assert scene.make(request) is None

    scene.run_clients(recreate_as_private, partial(scene.make, PROMOTE))

    assert scene.outcomes[PROMOTE] in (None, ReleaseMissing)
    [spot] = scene.shelf.packages.values()
    assert spot.visibility == "private"


def test_a_slow_deletion_does_not_delete_the_bytes_of_a_new_upload(scene: Scene) -> None:
    scene.begin(UPLOAD)

    def upload_until_published() -> None:
        while scene.make(UPLOAD) is ReleaseExists:
            pass

    scene.run_clients(partial(scene.make, REMOVE), upload_until_published)

    assert set(scene.outcomes.values()) == {None}
    assert len(scene.shelf.packages) == 1


@pytest.mark.parametrize(
    "change", [REMOVE, DEMOTE, PackageRequest("set visibility", "")], ids=lambda request: request.operation
)
def test_readers_find_the_newest_or_the_next_release_while_the_newest_is_withdrawn(
    scene: Scene, change: PackageRequest
) -> None:
    newer = ("tool", "1.1", "1")
    scene.begin(UPLOAD, CREATE, PROMOTE, replace(UPLOAD, package=newer), replace(PROMOTE, package=newer))
    found: list[str] = []

    def look() -> None:
        package, _ = reads.latest(scene.origin, "one", "tool", None, LINUX, Caller(None, scene.origin))
        found.append(PackageIdent.parse(package.row.ident).version)

    scene.run_clients(look, partial(scene.make, replace(change, package=newer)), look)

    assert set(scene.outcomes.values()) == {None}
    assert len(found) == 2
    assert set(found) <= {"1.0", "1.1"}


def test_a_package_that_has_just_become_private_is_not_shown_to_others(scene: Scene) -> None:
    """A package for another target is read after its ident, and may have become private in between."""
    scene.begin(replace(UPLOAD, target=WINDOWS))

    def look() -> None:
        with suppress(ReleaseMissing):
            ident = replace(UPLOAD, origin=scene.origin).ident
            package = package_reads.exact(ident, LINUX, Caller(None, scene.origin))
            assert package.visibility == "public"

    scene.run_clients(look, partial(scene.make, PackageRequest("set visibility", "")), look)


def test_members_find_a_private_release_while_the_newest_one_is_deleted(scene: Scene) -> None:
    newer = ("tool", "1.1", "1")
    scene.begin(
        UPLOAD,
        CREATE,
        PROMOTE,
        PackageRequest("set visibility", ""),
        replace(UPLOAD, package=newer),
        replace(PROMOTE, package=newer),
    )
    found: list[str] = []

    def look() -> None:
        caller = Caller(Credential(UPLOADER.account_id, key=None, name=UPLOADER.name), scene.origin)
        package, _ = reads.latest(scene.origin, "one", "tool", None, LINUX, caller)
        found.append(PackageIdent.parse(package.row.ident).version)

    scene.run_clients(look, partial(scene.make, replace(REMOVE, package=newer)), look)

    assert set(found) <= {"1.0", "1.1"}


@pytest.mark.parametrize("block", range(4))
def test_every_random_history_is_consistent_after_every_call(stage: Stage, block: int) -> None:
    succeeded: set[str] = set()
    for number in range(block, HISTORIES, 4):
        scene = Scene(stage, number)
        scene.begin(UPLOAD, UPLOAD_LIBRARY, CREATE, PROMOTE)
        scene.run(*(a_request(scene.seed) for _ in range(20)), killed=0.1)
        for ident, target in [each for each, spot in scene.shelf.packages.items() if "one" in spot.channels]:
            package = (ident.name, ident.version, ident.release)
            assert scene.make(PackageRequest("demote", "", package, target, channel="one")) is None
        succeeded |= {request.operation for request, outcome in scene.outcomes.items() if outcome is None}
        for channel in ("one", "two"):  # a client may have been killed during their deletion
            assert scene.make(PackageRequest("delete channel", "", channel=channel)) is None
        scene.assert_consistent_packages()
        assert all(spot.channels <= {"stable", "unstable"} for spot in scene.shelf.packages.values())
    assert succeeded == set(OPERATIONS)


def test_hints_are_exact_while_packages_of_a_name_come_and_go(scene: Scene) -> None:
    other = replace(UPLOAD, package=("tool", "2.0", "1"), payload=b"other")
    scene.begin()

    scene.run(UPLOAD, other, REMOVE, UPLOAD, replace(REMOVE, package=other.package), other, REMOVE, killed=0.1)

    for request in (UPLOAD, other):  # complete what killed clients left, then delete both
        scene.make(request)
        assert scene.make(replace(REMOVE, package=request.package)) is None
    for needed in ("lib", "other"):
        assert not partition_rows(package_rows.dependents_partition(f"{scene.origin}-needs", needed, LINUX))


@pytest.mark.parametrize("number", range(16))
def test_packages_are_found_while_their_hints_are_written_later(
    stage: Stage, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "PENDING_AFTER", 0)
    other = replace(UPLOAD, package=("tool", "2.0", "1"), payload=b"other")
    another = replace(UPLOAD, package=("tool", "3.0", "1"))
    scene = Scene(stage, number)
    scene.begin(UPLOAD)

    def write_pending_hints() -> None:
        for row in pending_hints.older_than(LINUX, -10.0):
            pending_hints.resume(f"{LINUX}-{int(row.sk)}", 60.0)

    writers = [write_pending_hints] * 4
    requests = [REMOVE, other, another, UPLOAD, replace(REMOVE, package=other.package), other, REMOVE]
    scene.run_clients(*(partial(scene.make, request) for request in requests), *writers, killed=0.1)
    write_pending_hints()

    scene.assert_consistent_packages()
    assert not partition_rows(pending_hints.pending_partition(LINUX))


@pytest.mark.parametrize("number", range(8))
def test_a_reader_finds_a_package_whose_hints_are_being_written(
    stage: Stage, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hints, "PENDING_AFTER", 0)
    scene = Scene(stage, number)
    scene.begin(UPLOAD)
    found: list[list[str]] = []

    def write_pending_hints() -> None:
        for row in pending_hints.older_than(LINUX, -10.0):
            pending_hints.resume(f"{LINUX}-{int(row.sk)}", 60.0)

    def look() -> None:
        found.append(list(dependents.of(f"{scene.origin}-needs", "lib", LINUX)))

    scene.run_clients(look, write_pending_hints, look, look)

    assert found == [[f"{scene.origin}/tool"]] * 3


def a_request(seed: random.Random) -> PackageRequest:
    """Return a random request. Changes of packages and channels are more frequent than the others."""
    return PackageRequest(
        seed.choice(
            [*OPERATIONS, *("upload", "promote", "demote", "demote", "delete", "create channel", "delete channel")]
        ),
        "",
        package=seed.choice([("tool", "1.0", "1"), ("tool", "1.0", "1"), ("tool", "main", "2"), LIBRARY]),
        target=seed.choice([LINUX, LINUX, WINDOWS]),
        channel=seed.choice(["stable", "unstable", "one", "one", "two"]),
        visibility=seed.choice(["public", "private"]),
        forced=seed.random() < 0.5,
        payload=seed.choice([b"", b"", b"other"]),
    )
