"""Bulk promotion and demotion (packages.md 9.9)."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import pytest

from chalicelib.catalog import steps
from chalicelib.catalog.channel_rows import channel_key
from chalicelib.catalog.events.event_rows import GroupEventRow, group_events_partition
from chalicelib.catalog.lists.list_rows import channel_list
from chalicelib.channels import deletion, service
from chalicelib.channels.bulk import moves, progress
from chalicelib.channels.bulk import service as bulk
from chalicelib.core.ident import PackageIdent
from chalicelib.platform import table
from tests.api.client import Depot, Reply
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.races import run_after_first_read
from tests.builders.releases import WINDOWS, a_release, change_channel, promoted, with_visibility
from tests.builders.shelf import stored_totals


def in_bulk(
    depot: Depot, origin: str, source: str, verb: str, target: str | None, by: str | None = "bobo", method: str = "PUT"
) -> Reply:
    query = {} if target is None else {"channel": target}
    return depot.request(method, f"/depot/channels/{origin}/{source}/pkgs/{verb}", by=by, query=query)


def members(depot: Depot, origin: str, channel: str, by: str | None = "bobo") -> list[str]:
    """The idents in a channel, ascending; the list must fit one page."""
    listed = depot.get(f"/depot/channels/{origin}/{channel}/pkgs", by=by).json()
    assert listed["total_count"] == len(listed["data"])
    return ["/".join(row.values()) for row in listed["data"]]


def states(origin: str) -> list[str]:
    return [row.state for row in table.rows(GroupEventRow, group_events_partition(origin))]


@pytest.fixture(scope="module")
def source(depot: Depot) -> tuple[str, list[PackageIdent]]:
    """An origin whose channel `from` contains a public release, a private one, and one for two targets."""
    origin = an_origin(depot)
    idents = [a_release(depot, origin, name) for name in ("one", "three", "two")]
    a_release(depot, origin, "two", idents[2].version, idents[2].release, WINDOWS)
    with_visibility(depot, idents[1], "private")
    for ident in idents:
        promoted(depot, ident, "from")
    assert change_channel(depot, idents[2], "from", "promote", WINDOWS) == 200
    return origin, idents


@pytest.fixture(params=["PUT", "POST"])
def method(request: pytest.FixtureRequest) -> Iterator[str]:
    yield request.param


def test_all_packages_of_the_source_join_the_target_which_is_created(
    depot: Depot, source: tuple[str, list[PackageIdent]], method: str
) -> None:
    origin, (public, private, both) = source
    target = a_name("channel")

    reply = in_bulk(depot, origin, "from", "promote", target, method=method)

    assert (reply.status, reply.body) == (200, b"")
    assert members(depot, origin, target) == [str(public), str(private), str(both), str(both)]
    assert members(depot, origin, target, by=None) == [str(public), str(both), str(both)]
    assert {"name": target} in depot.get(f"/depot/channels/{origin}").json()
    latest = depot.get(f"/depot/channels/{origin}/{target}/pkgs/two/latest", query={"target": WINDOWS})
    assert target in latest.json()["channels"]


def test_all_packages_of_the_source_leave_the_target_and_stay_in_the_source(
    depot: Depot, source: tuple[str, list[PackageIdent]], method: str
) -> None:
    origin, idents = source
    target = a_name("channel")
    other = a_release(depot, origin)
    promoted(depot, other, target)
    in_bulk(depot, origin, "from", "promote", target)

    reply = in_bulk(depot, origin, "from", "demote", target, method=method)

    assert (reply.status, reply.body) == (200, b"")
    assert members(depot, origin, target) == [str(other)]
    assert len(members(depot, origin, "from")) == 4
    assert depot.get(f"/depot/channels/{origin}/{target}/pkgs/one/latest").status == 404
    assert target not in depot.get(f"/depot/pkgs/{idents[0]}").json()["channels"]


def test_existing_memberships_stay_as_they_are(depot: Depot, source: tuple[str, list[PackageIdent]]) -> None:
    origin, idents = source
    target = a_name("channel")
    promoted(depot, idents[0], target)
    before = depot.get(f"/depot/pkgs/{idents[0]}/channels").json()

    in_bulk(depot, origin, "from", "promote", target)
    in_bulk(depot, origin, "from", "promote", target)

    assert depot.get(f"/depot/pkgs/{idents[0]}/channels").json() == before
    assert len(members(depot, origin, target)) == 4


def test_packages_that_are_not_in_the_target_may_be_demoted(
    depot: Depot, source: tuple[str, list[PackageIdent]]
) -> None:
    origin, idents = source
    target = a_name("channel")
    promoted(depot, idents[0], target)

    for _ in range(2):
        assert in_bulk(depot, origin, "from", "demote", target).status == 200

    assert members(depot, origin, target) == []


@pytest.mark.parametrize("verb", ["promote", "demote"])
def test_an_unknown_source_is_empty_and_the_target_is_created(depot: Depot, verb: str) -> None:
    origin, target = an_origin(depot), a_name("channel")

    reply = in_bulk(depot, origin, "nothing", verb, target)

    assert (reply.status, reply.body) == (200, b"")
    assert {"name": target} in depot.get(f"/depot/channels/{origin}").json()
    assert depot.post(f"/depot/channels/{origin}/{target}", by="bobo").status == 409


def test_the_caller_owns_the_created_channel(depot: Depot, source: tuple[str, list[PackageIdent]]) -> None:
    origin, _ = source
    a_member(depot, origin, "hank", "maintainer")
    target = a_name("channel")

    assert in_bulk(depot, origin, "from", "promote", target, by="hank").status == 200

    row = table.read(channel_key(origin, target))
    assert row is not None
    assert str(int(row.owner_id)) == depot.get("/profile", by="hank").json()["id"]


@pytest.mark.parametrize("verb", ["promote", "demote"])
def test_callers_below_maintainer_are_401_before_any_other_check(depot: Depot, verb: str) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "member")

    for by in (None, "mystique", "wesker"):
        for target in ("elsewhere", "unstable", None):
            reply = in_bulk(depot, origin, "stable", verb, target, by=by)
            assert (reply.status, reply.body) == (401, b"")
    assert in_bulk(depot, a_name("nowhere"), "stable", verb, "elsewhere").status == 401
    assert {"name": "elsewhere"} not in depot.get(f"/depot/channels/{origin}").json()


REFUSED = [
    ("promote", "stable", "unstable"),
    ("promote", "stable", "stable"),
    ("promote", "nothing", "nothing"),
    ("promote", "stable", ""),
    ("promote", "stable", None),
    ("demote", "unstable", "stable"),
    ("demote", "stable", "unstable"),
    ("demote", "stable", "stable"),
    ("demote", "stable", ""),
    ("demote", "stable", None),
]


@pytest.mark.parametrize(("verb", "source_channel", "target"), REFUSED)
def test_refused_combinations_of_channels_are_400(
    depot: Depot, verb: str, source_channel: str, target: str | None
) -> None:
    origin = an_origin(depot)

    reply = in_bulk(depot, origin, source_channel, verb, target)

    assert (reply.status, reply.body) == (400, b"")
    assert depot.get(f"/depot/channels/{origin}").json() == [{"name": "stable"}, {"name": "unstable"}]


def test_unstable_may_be_the_source_of_a_promotion(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot))

    assert in_bulk(depot, release.origin, "unstable", "promote", "stable").status == 200

    assert members(depot, release.origin, "stable") == [str(release)]


def test_a_bulk_change_records_a_group_event_and_no_events(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot))
    day = {"from_date": "2000-01-01", "to_date": "2999-12-31", "query": f"{release.origin}/{release.name}"}

    in_bulk(depot, release.origin, "unstable", "promote", "stable")
    in_bulk(depot, release.origin, "unstable", "promote", "other")
    in_bulk(depot, release.origin, "stable", "demote", "other")

    assert depot.get("/depot/events", by="bobo", query=day).json()["total_count"] == 0
    recorded = list(table.rows(GroupEventRow, group_events_partition(release.origin)))
    assert [(row.operation, row.source, row.target, row.state, row.requester) for row in recorded] == [
        ("Promote", "unstable", "stable", "done", "bobo"),
        ("Promote", "unstable", "other", "done", "bobo"),
        ("Demote", "stable", "other", "done", "bobo"),
    ]


@pytest.fixture(scope="module")
def many(depot: Depot) -> str:
    """An origin with seven releases of one name and three of others."""
    origin = an_origin(depot)
    for version in range(1, 8):
        a_release(depot, origin, "many", f"1.{version}")
    for name in ("a", "n", "z"):
        a_release(depot, origin, name)
    return origin


@pytest.fixture
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two packages per transaction."""
    monkeypatch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 8)


class Interrupted(Exception):
    """The process ended."""


def interrupt(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Interrupt the bulk change after this many transactions."""
    real, left = steps.steps_together, iter(range(after))

    def write(change: Any, changed: Any, **more: Any) -> None:
        if next(left, None) is None:
            raise Interrupted
        real(change, changed, **more)

    monkeypatch.setattr(steps, "steps_together", write)


@pytest.mark.usefixtures("small_transactions")
@pytest.mark.parametrize("written", [0, 1, 3])
def test_an_interrupted_bulk_change_is_completed_by_a_repeat(
    depot: Depot, many: str, monkeypatch: pytest.MonkeyPatch, written: int
) -> None:
    target = a_name("channel")
    with monkeypatch.context() as fault:
        interrupt(fault, written)
        assert in_bulk(depot, many, "unstable", "promote", target).status == 500

    assert len(members(depot, many, target)) == written * 2
    assert states(many)[-1] == "started"
    assert in_bulk(depot, many, "unstable", "promote", target).status == 200

    assert members(depot, many, target) == members(depot, many, "unstable")
    assert states(many)[-1] == "done"
    assert stored_totals(many)[channel_list(target)] == (10, 10)


@pytest.mark.usefixtures("small_transactions")
def test_the_newest_release_changes_directly_from_the_old_to_the_new_one(
    depot: Depot, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, target = a_name("channel"), a_name("channel")
    in_bulk(depot, many, "unstable", "promote", copy)
    versions: list[str] = []
    real = steps.steps_together

    def look_up() -> None:
        reply = depot.get(f"/depot/channels/{many}/{target}/pkgs/many/latest")
        versions.append(reply.json()["ident"]["version"] if reply.status == 200 else "none")

    def write(change: Any, changed: Any, **more: Any) -> None:
        look_up()
        real(change, changed, **more)

    monkeypatch.setattr(steps, "steps_together", write)

    in_bulk(depot, many, "unstable", "promote", target)
    in_bulk(depot, many, copy, "demote", target)
    look_up()

    assert len(versions) > 8
    assert [version for version, _ in groupby(versions)] == ["none", "1.7", "none"]


@pytest.mark.usefixtures("small_transactions")
def test_a_slow_bulk_change_is_503_and_continues_when_repeated(
    depot: Depot, many: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = a_name("channel")
    with monkeypatch.context() as slow:
        slow.setattr(bulk, "SECONDS", -1)
        replies = [in_bulk(depot, many, "unstable", "promote", target) for _ in range(5)]

    assert [reply.status for reply in replies] == [503, 503, 503, 503, 200]
    assert replies[0].headers["Retry-After"] == "1"
    assert members(depot, many, target) == members(depot, many, "unstable")


def test_an_unavailable_table_is_503(depot: Depot, many: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def unavailable(*_: Any, **__: Any) -> None:
        raise table.StoreUnavailable

    monkeypatch.setattr(steps, "steps_together", unavailable)

    assert in_bulk(depot, many, "unstable", "promote", a_name("channel")).status == 503


def test_a_concurrent_change_is_kept(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the bulk change has read the standings, one release becomes private and another one is deleted."""
    origin = an_origin(depot)
    first, second, third = (a_release(depot, origin, name) for name in ("a", "b", "c"))

    def change_releases() -> None:
        with_visibility(depot, first, "private")
        depot.delete(f"/depot/pkgs/{second}", by="bobo")

    run_after_first_read(monkeypatch, progress, change_releases)

    assert in_bulk(depot, origin, "unstable", "promote", "stable").status == 200

    assert members(depot, origin, "stable") == [str(first), str(third)]
    assert members(depot, origin, "stable", by=None) == [str(third)]


def test_a_target_that_is_deleted_concurrently_is_404(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    release = a_release(depot, an_origin(depot))
    run_after_first_read(monkeypatch, progress, lambda: service.delete(release.origin, "other", UPLOADER))

    reply = in_bulk(depot, release.origin, "unstable", "promote", "other")

    assert (reply.status, reply.body) == (404, b"")


def test_nothing_moves_when_one_package_is_in_too_many_channels(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Including packages of earlier transactions."""
    origin = an_origin(depot)
    first, second = a_release(depot, origin, "a"), a_release(depot, origin, "b")
    promoted(depot, second, "other")
    monkeypatch.setattr(steps, "CHANNELS_LIMIT", 2)
    monkeypatch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 4)

    assert in_bulk(depot, origin, "unstable", "promote", "stable").status == 422

    assert members(depot, origin, "stable") == []
    assert "stable" not in depot.get(f"/depot/pkgs/{first}").json()["channels"]


@pytest.mark.parametrize("verb", ["promote", "demote"])
def test_a_missing_stable_is_not_created(depot: Depot, verb: str) -> None:
    release = a_release(depot, an_origin(depot))
    table.delete_many([channel_key(release.origin, "stable")])

    reply = in_bulk(depot, release.origin, "other", verb, "stable")

    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/channels/{release.origin}").json() == [{"name": "unstable"}]


def test_a_source_that_is_being_deleted_is_empty(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    release = a_release(depot, an_origin(depot))
    promoted(depot, release, "other")
    monkeypatch.setattr(deletion, "_remove_members", lambda *_: False)  # the deletion is interrupted here
    assert depot.delete(f"/depot/channels/{release.origin}/other", by="bobo").status == 200

    assert in_bulk(depot, release.origin, "other", "promote", "stable").status == 200

    assert members(depot, release.origin, "stable") == []


@pytest.mark.parametrize("name", ["promote", "demote"])
def test_packages_named_like_the_operations_can_be_listed(depot: Depot, name: str) -> None:
    release = a_release(depot, an_origin(depot), name)

    listed = depot.get(f"/depot/channels/{release.origin}/unstable/pkgs/{name}")

    assert listed.json()["data"] == [release.as_json()]
    assert depot.get(f"/depot/channels/{release.origin}/unstable/pkgs/{name}/latest").status == 200
