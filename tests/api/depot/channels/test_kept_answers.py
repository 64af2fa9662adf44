"""What is kept of a channel between requests is what a fresh reading gives, after every kind of change (9.4, 9.5)."""

from collections.abc import Callable

import pytest

from chalicelib.channels import newest_of_all, page_starts
from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import LINUX, WINDOWS, a_release, change_channel, promoted, seen_as
from tests.perf.calls import counted_calls

Change = Callable[[Depot, PackageIdent, PackageIdent], object]


@pytest.fixture
def two(depot: Depot) -> tuple[PackageIdent, PackageIdent]:
    """An older and a newer release of a name, both in a channel called `other`."""
    origin, name = an_origin(depot), a_name("package")
    older, newer = (a_release(depot, origin, name, version) for version in ("1.9", "1.10"))
    for ident in (older, newer):
        promoted(depot, ident, "other")
    return older, newer


def newest(depot: Depot, origin: str, by: str | None = "bobo", target: str = LINUX) -> list[str]:
    reply = depot.get(f"/depot/channels/{origin}/other/pkgs/_latest", by=by, query={"target": target})
    return ["/".join(ident.values()) for ident in reply.json()["data"]]


CHANGES: dict[str, tuple[Change, str | None, str | None]] = {
    "nothing": (lambda depot, older, newer: None, "newer", "newer"),
    "demote the newest": (
        lambda depot, older, newer: change_channel(depot, newer, "other", "demote"),
        "older",
        "older",
    ),
    "demote another": (lambda depot, older, newer: change_channel(depot, older, "other", "demote"), "newer", "newer"),
    "hide the newest": (lambda depot, older, newer: seen_as(depot, newer, "private"), "newer", "older"),
    "hide another": (lambda depot, older, newer: seen_as(depot, older, "private"), "newer", "newer"),
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
    "take the channel anew": (
        lambda depot, older, newer: (
            depot.delete(f"/depot/channels/{older.origin}/other", by="bobo"),
            promoted(depot, older, "other"),
        ),
        "older",
        "older",
    ),
    "swap them in two requests": (
        lambda depot, older, newer: (
            change_channel(depot, newer, "other", "demote"),
            promoted(depot, newer, "other"),
            seen_as(depot, newer, "private"),
            seen_as(depot, newer, "public"),
        ),
        "newer",
        "newer",
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_the_newest_of_all_are_fresh_after(depot: Depot, two: tuple[PackageIdent, PackageIdent], what: str) -> None:
    change, *expected = CHANGES[what]
    older, newer = two
    origin, named = older.origin, {"older": [str(older)], "newer": [str(newer)], None: []}
    assert newest(depot, origin) == newest(depot, origin, by=None) == [str(newer)]

    change(depot, older, newer)

    for _ in range(2):
        assert [newest(depot, origin), newest(depot, origin, by=None)] == [named[who] for who in expected]


def test_the_newest_of_all_are_read_once_per_change(depot: Depot, two: tuple[PackageIdent, PackageIdent]) -> None:
    origin = two[0].origin
    newest(depot, origin)

    with counted_calls() as calls:
        assert newest(depot, origin) == newest(depot, origin, by=None) == [str(two[1])]
        assert newest(depot, origin, target=WINDOWS) == []

    assert calls == {"BatchGetItem": 3, "Query": 1, "BatchWriteItem": 1}


def test_what_is_too_large_to_be_kept_is_read_every_time(
    depot: Depot, two: tuple[PackageIdent, PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_of_all, "LARGEST_CACHED", 10)

    assert newest(depot, two[0].origin) == newest(depot, two[0].origin) == [str(two[1])]


@pytest.mark.parametrize("by", ["bobo", None])
@pytest.mark.parametrize("private", [False, True])
def test_a_deep_page_begins_at_its_offset(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, private: bool, by: str | None
) -> None:
    origin, name = an_origin(depot), a_name("package")
    idents = [a_release(depot, origin, name, f"{version}.0") for version in range(5)]
    for ident in idents[:2] if private else ():
        seen_as(depot, ident, "private")
    expected = [str(ident) for ident in (idents if by or not private else idents[2:])]
    monkeypatch.setattr("chalicelib.http.paging.PAGE_SIZE", 2)
    monkeypatch.setattr(page_starts, "DEEP", 0)

    for below in ("", f"/{name}"):
        path = f"/depot/channels/{origin}/unstable/pkgs{below}"
        pages = [depot.get(path, by=by, query={"range": start}).json()["data"] for start in (0, 2, 4, 6)]
        shown = [["/".join(ident.values()) for ident in page] for page in pages]
        assert shown == [expected[start : start + 2] for start in (0, 2, 4, 6)]


def test_pages_that_follow_one_another_are_found_where_the_one_before_ended(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, name = an_origin(depot), a_name("package")
    idents = [a_release(depot, origin, name, f"{version}.0") for version in range(8)]
    seen_as(depot, idents[3], "private")
    monkeypatch.setattr("chalicelib.http.paging.PAGE_SIZE", 2)
    monkeypatch.setattr(page_starts, "DEEP", 0)

    def page(start: int, by: str | None) -> list[str]:
        reply = depot.get(f"/depot/channels/{origin}/unstable/pkgs", by=by, query={"range": start})
        return ["/".join(ident.values()) for ident in reply.json()["data"]]

    for by, hidden in (("bobo", None), (None, idents[3])):
        shown = [str(ident) for ident in idents if ident != hidden]
        assert [page(start, by) for start in (0, 2)] == [shown[:2], shown[2:4]]
        with counted_calls() as calls:
            assert page(4, by) == shown[4:6]
        assert calls["Query"] == 1 and calls.total() == 3, calls

    changes: list[Callable[[], object]] = [
        lambda: a_release(depot, origin, name, "0.5"),
        lambda: seen_as(depot, idents[1], "private"),
        lambda: seen_as(depot, idents[3], "public"),
        lambda: depot.delete(f"/depot/pkgs/{idents[0]}", by="bobo"),
    ]
    for change in changes:
        change()
        found = [page(start, by) for by in ("bobo", None) for _ in range(2) for start in (6, 4, 2, 0)]
        with monkeypatch.context() as without_notes:
            without_notes.setattr(page_starts, "DEEP", 1_000)
            assert found == [page(start, by) for by in ("bobo", None) for _ in range(2) for start in (6, 4, 2, 0)]
