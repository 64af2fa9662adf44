"""Cached lists of a channel are never stale, whatever changes in the channel (packages.md 9.5)."""

from collections.abc import Callable

import pytest

from chalicelib.channels import newest_of_all
from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import LINUX, WINDOWS, a_release, change_channel, promoted, with_visibility
from tests.perf.calls import counted_calls

Change = Callable[[Depot, PackageIdent, PackageIdent], object]


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
    lists = {"older": [str(older)], "newer": [str(newer)], None: []}
    assert newest(depot, origin) == newest(depot, origin, by=None) == [str(newer)]

    change(depot, older, newer)

    for _ in range(2):
        shown = [newest(depot, origin), newest(depot, origin, by=None)]
        assert shown == [lists[release] for release in expected]


def test_the_newest_releases_are_computed_once_per_change(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent]
) -> None:
    origin = releases[0].origin
    newest(depot, origin)

    with counted_calls() as calls:
        assert newest(depot, origin) == newest(depot, origin, by=None) == [str(releases[1])]
        assert newest(depot, origin, target=WINDOWS) == []

    assert calls == {"BatchGetItem": 3, "Query": 1, "BatchWriteItem": 1}


def test_a_list_too_large_for_a_row_is_computed_every_time(
    depot: Depot, releases: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_of_all, "LARGEST_CACHED", 10)

    assert newest(depot, releases[0].origin) == newest(depot, releases[0].origin) == [str(releases[1])]
