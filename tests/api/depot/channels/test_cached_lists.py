"""Cached lists of a channel are never stale, whatever changes in the channel (packages.md 9.4, 9.5)."""

from collections.abc import Callable

import pytest

from chalicelib.channels import newest_of_all, page_starts
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


@pytest.mark.parametrize("by", ["bobo", None])
@pytest.mark.parametrize("private", [False, True])
def test_a_deep_page_starts_at_its_offset(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, private: bool, by: str | None
) -> None:
    origin, name = an_origin(depot), a_name("package")
    idents = [a_release(depot, origin, name, f"{version}.0") for version in range(5)]
    for ident in idents[:2] if private else ():
        with_visibility(depot, ident, "private")
    expected = [str(ident) for ident in (idents if by or not private else idents[2:])]
    monkeypatch.setattr("chalicelib.http.paging.PAGE_SIZE", 2)
    monkeypatch.setattr(page_starts, "DEEP", 0)

    for below in ("", f"/{name}"):
        path = f"/depot/channels/{origin}/unstable/pkgs{below}"
        pages = [depot.get(path, by=by, query={"range": start}).json()["data"] for start in (0, 2, 4, 6)]
        shown = [["/".join(ident.values()) for ident in page] for page in pages]
        assert shown == [expected[start : start + 2] for start in (0, 2, 4, 6)]


def test_consecutive_pages_start_where_the_page_before_ended(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, name = an_origin(depot), a_name("package")
    idents = [a_release(depot, origin, name, f"{version}.0") for version in range(8)]
    with_visibility(depot, idents[3], "private")
    monkeypatch.setattr("chalicelib.http.paging.PAGE_SIZE", 2)
    monkeypatch.setattr(page_starts, "DEEP", 0)

    def page(start: int, by: str | None) -> list[str]:
        reply = depot.get(f"/depot/channels/{origin}/unstable/pkgs", by=by, query={"range": start})
        return ["/".join(ident.values()) for ident in reply.json()["data"]]

    def last_pages_first() -> list[list[str]]:
        return [page(start, by) for by in ("bobo", None) for _ in range(2) for start in (6, 4, 2, 0)]

    for by, hidden in (("bobo", None), (None, idents[3])):
        visible = [str(ident) for ident in idents if ident != hidden]
        assert [page(start, by) for start in (0, 2)] == [visible[:2], visible[2:4]]
        with counted_calls() as calls:
            assert page(4, by) == visible[4:6]
        assert calls["Query"] == 1 and calls.total() == 3, calls

    changes: list[Callable[[], object]] = [
        lambda: a_release(depot, origin, name, "0.5"),
        lambda: with_visibility(depot, idents[1], "private"),
        lambda: with_visibility(depot, idents[3], "public"),
        lambda: depot.delete(f"/depot/pkgs/{idents[0]}", by="bobo"),
    ]
    for change in changes:
        change()
        shown = last_pages_first()
        with monkeypatch.context() as without_cache:
            without_cache.setattr(page_starts, "DEEP", 1_000)
            assert shown == last_pages_first()
