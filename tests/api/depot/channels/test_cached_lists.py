"""The newest releases of a channel are never stale, whatever changes in the channel (packages.md 9.5)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from string import ascii_lowercase
from typing import Any

import pytest

from chalicelib.catalog import channel_rows, newest_views
from chalicelib.catalog.lists import counted_lists, list_folding, list_rows
from chalicelib.channels import newest_of_all
from chalicelib.core.ident import PackageIdent
from chalicelib.core.newest_names import NewestNames
from chalicelib.core.shown import Shown
from chalicelib.core.target import Target
from chalicelib.platform.table import read
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import LINUX, a_release, change_channel, promoted, with_visibility
from tests.builders.rows import put_copies, row_at
from tests.perf.recording import recorded_calls

Change = Callable[[Depot, PackageIdent, PackageIdent], object]


@pytest.fixture(autouse=True)
def _with_views(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 0)


@pytest.fixture
def releases(depot: Depot) -> tuple[PackageIdent, PackageIdent]:
    """An older and a newer release of a name, both in the channel `other`."""
    origin, name = an_origin(depot), a_name("package")
    older, newer = (a_release(depot, origin, name, version) for version in ("1.9", "1.10"))
    for ident in (older, newer):
        promoted(depot, ident, "other")
    return older, newer


def newest(
    depot: Depot, origin: str, by: str | None = "bobo", target: str = LINUX, channel: str = "other"
) -> list[str]:
    reply = depot.get(f"/depot/channels/{origin}/{channel}/pkgs/_latest", by=by, query={"target": target})
    return ["/".join(ident.values()) for ident in reply.json()["data"]]


def recreate_channel(depot: Depot, older: PackageIdent, _: PackageIdent) -> None:
    depot.delete(f"/depot/channels/{older.origin}/other", by="bobo")
    promoted(depot, older, "other")


def change_and_restore(depot: Depot, _: PackageIdent, newer: PackageIdent) -> None:
    change_channel(depot, newer, "other", "demote")
    promoted(depot, newer, "other")
    with_visibility(depot, newer, "private")
    with_visibility(depot, newer, "public")


# Each change with the newest release that a member and the public then get.
CHANGES: dict[str, tuple[Change, str | None, str | None]] = {
    "nothing": (lambda depot, older, newer: None, "newer", "newer"),
    "demote the newest": (
        lambda depot, older, newer: change_channel(depot, newer, "other", "demote"),
        "older",
        "older",
    ),
    "demote another": (lambda depot, older, newer: change_channel(depot, older, "other", "demote"), "newer", "newer"),
    "make the newest private": (lambda depot, older, newer: with_visibility(depot, newer, "private"), "newer", "older"),
    "make another private": (lambda depot, older, newer: with_visibility(depot, older, "private"), "newer", "newer"),
    "delete the newest": (
        lambda depot, older, newer: depot.delete(f"/depot/pkgs/{newer}", by="bobo"),
        "older",
        "older",
    ),
    "delete the channel": (
        lambda depot, older, newer: depot.delete(f"/depot/channels/{older.origin}/other", by="bobo"),
        None,
        None,
    ),
    "recreate the channel": (recreate_channel, "older", "older"),
    "change and restore": (change_and_restore, "newer", "newer"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_newest_releases_are_right_after_a_change(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], name: str
) -> None:
    change, *expected = CHANGES[name]
    older, newer = releases
    origin = older.origin
    shown_as = {"older": [str(older)], "newer": [str(newer)], None: []}
    assert newest(depot, origin) == newest(depot, origin, by=None) == [str(newer)]

    change(depot, older, newer)

    for _ in range(2):
        shown = [newest(depot, origin), newest(depot, origin, by=None)]
        assert shown == [shown_as[release] for release in expected]


@pytest.mark.parametrize("name", CHANGES)
def test_the_newest_releases_are_right_after_a_fold(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(list_folding, "SETTLED", timedelta(0))
    change, *expected = CHANGES[name]
    older, newer = releases
    newest(depot, older.origin)
    change(depot, older, newer)

    list_folding.fold(older.origin)

    shown_as = {"older": [str(older)], "newer": [str(newer)], None: []}
    for _ in range(2):
        shown = [newest(depot, older.origin), newest(depot, older.origin, by=None)]
        assert shown == [shown_as[release] for release in expected]


def view_of(origin: str, channel: str = "other") -> dict[str, Any] | None:
    key = channel_rows.newest_of_all_key(origin, channel, LINUX)
    return row_at(key.pk, key.sk)


def test_a_channel_with_few_packages_gets_no_view(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = releases[0].origin
    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 2)

    assert newest(depot, origin) == [str(releases[1])]
    assert view_of(origin) is None

    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 1)
    assert newest(depot, origin) == [str(releases[1])]
    assert view_of(origin) is not None


def test_a_view_that_does_not_fit_a_row_is_not_kept(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = releases[0].origin
    monkeypatch.setattr(newest_views, "LARGEST", 10)

    assert newest(depot, origin) == newest(depot, origin) == [str(releases[1])]
    assert view_of(origin) is None


def test_a_view_that_has_become_too_large_is_deleted(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = releases[0].origin
    newest(depot, origin)
    monkeypatch.setattr(newest_views, "LARGEST", 10)
    monkeypatch.setattr(list_folding, "SETTLED", timedelta(0))
    change_channel(depot, releases[1], "other", "demote")

    list_folding.fold(origin)

    assert view_of(origin) is None
    assert newest(depot, origin) == [str(releases[0])]


@pytest.mark.parametrize("by", ["bobo", None])
def test_a_change_in_a_channel_of_30_000_packages_costs_few_units(depot: Depot, by: str | None) -> None:
    origin, ident = filled_channel(depot)
    assert len(newest(depot, origin, by=by)) == NAMES

    for change in ("promote", "demote"):
        change_channel(depot, ident, "other", change)
        with recorded_calls() as recorder:
            listed = newest(depot, origin, by=by)

        assert (str(ident) in listed) is (change == "promote")
        assert recorder.operations == {"Query": 1 if change == "promote" else 2, "BatchGetItem": 1}
        assert recorder.read_units <= 20


def test_a_reader_writes_the_newest_releases_that_it_has_found(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = releases[0].origin
    newest(depot, origin)
    monkeypatch.setattr(newest_of_all, "WRITTEN_EVERY", timedelta(0))
    monkeypatch.setattr(list_folding, "SETTLED", timedelta(0))
    change_channel(depot, releases[1], "other", "demote")

    with recorded_calls() as first:
        assert newest(depot, origin) == [str(releases[0])]
    with recorded_calls() as second:
        assert newest(depot, origin) == [str(releases[0])]

    assert first.operations == {"Query": 2, "BatchGetItem": 1, "PutItem": 1}
    assert second.operations == {"Query": 1, "BatchGetItem": 1}


def test_if_the_newest_releases_of_many_names_are_unknown_the_channel_is_read(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = releases[0].origin
    newest(depot, origin)
    change_channel(depot, releases[1], "other", "demote")
    monkeypatch.setattr(newest_of_all, "RESOLVED_AT_MOST", 0)

    assert newest(depot, origin) == [str(releases[0])]
    with recorded_calls() as calls:
        assert newest(depot, origin) == [str(releases[0])]

    assert calls.operations == {"Query": 1, "BatchGetItem": 1}


NAMES, RELEASES_OF_NAME = 3_600, 8


def filled_channel(depot: Depot) -> tuple[str, PackageIdent]:
    """Return an origin with 28,800 packages in the channel `other`, and a package that is not in it."""
    origin = an_origin(depot)
    ident = a_release(depot, origin, "a-new-tool")
    other = a_release(depot, origin, "tool")
    promoted(depot, other, "other")
    random = Random(0)
    names = [a_text(random) + str(number) for number in range(NAMES - 1)]
    rows = [f"{name}/{a_version(random)}\x1f{LINUX}" for name in names for _ in range(RELEASES_OF_NAME)]
    key = channel_rows.membership_key("other", other, Target.X86_64_LINUX)
    row = read(key)
    assert row is not None
    put_copies(row, [key.sk, *rows])
    _write_view(origin, [key.sk, *rows])
    return origin, ident


def _write_view(origin: str, sort_keys: list[str]) -> None:
    """Write the view of the channel: the embedded engine takes a minute to read so many rows."""
    view = newest_views.pause(origin, "other", LINUX, None)
    assert view is not None
    included = newest_views.included_before(counted_lists.log_of(origin), list_rows.channel_list("other"), view)
    paths = (sk.partition("\x1f")[0].split("/") for sk in sort_keys)
    releases = [(name, version, release, Shown.EVERYONE) for name, version, release in paths]
    assert newest_views.write(view, NewestNames.of_releases(releases), included)


def a_text(random: Random) -> str:
    return "".join(random.choices(ascii_lowercase, k=random.randint(2, 9)))


def a_version(random: Random) -> str:
    time = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=random.randrange(5 * 365 * 86_400))
    return f"{random.randrange(12)}.{random.randrange(30)}.{random.randrange(20)}/{time:%Y%m%d%H%M%S}"
