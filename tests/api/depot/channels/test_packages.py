"""GET /depot/channels/{origin}/{channel}/pkgs[/{name}[/{version}]]: lists of family C (packages.md 1.9, 9.4)."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.lifetimes import SHARED
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, delete, demote, promote, set_visibility, upload

WINDOWS = "x86_64-windows"
EMPTY = {"range_start": 0, "range_end": 0, "total_count": 0, "data": []}


def listed(depot: Depot, path: str, by: str | None = None) -> list[str]:
    """The rows as `name/version/release`; the list must fit one page."""
    reply = depot.get(f"/depot/channels/{path}", by=by)
    assert reply.status == 200
    assert reply.json()["total_count"] == len(reply.json()["data"])
    return ["/".join(row[part] for part in ("name", "version", "release")) for row in reply.json()["data"]]


class TestRows:
    def test_rows_are_idents_one_per_target(self, depot: Depot, origin: str, name: str) -> None:
        a_channel(depot, origin, name)
        harts = [a_package(depot, origin, name=name, target=target) for target in ("x86_64-linux", WINDOWS)]
        for hart in harts:
            promote(depot, hart, name)

        reply = depot.get(f"/depot/channels/{origin}/{name}/pkgs")

        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.headers["Cache-Control"] == SHARED
        ident = {"origin": origin, "name": name, "version": "1.2.3", "release": "20240301123456"}
        assert reply.json() == {"range_start": 0, "range_end": 1, "total_count": 2, "data": [ident, ident]}

    def test_rows_are_ascending_by_bytes(self, depot: Depot) -> None:
        origin = an_origin(depot)
        parts = [
            ("Tool", "9", "1"),
            ("tool-x", "1.0", "1"),
            ("tool", "1.2.13", "1"),
            ("tool", "1.2.9", "1"),
            ("tool", "1.2.9", "1 b"),
            ("tool", "1.2.9", "1!"),
            ("tool", "1.2.9", "2"),
            ("tool", "main", "1"),
            ("tool2", "1.0", "1"),
        ]
        parts.sort(key="/".join)
        for name, version, release in parts[::2] + parts[1::2]:
            hart = a_hart(origin=origin, name=name, version=version, release=release)
            assert upload(depot, hart, path=quote(hart.path)).status == 201

        expected = ["/".join(each) for each in parts]
        assert listed(depot, f"{origin}/unstable/pkgs") == expected
        assert listed(depot, f"{origin}/unstable/pkgs/tool") == [each for each in expected if each.startswith("tool/")]
        assert listed(depot, f"{origin}/unstable/pkgs/tool/main") == ["tool/main/1"]

    @pytest.mark.parametrize(
        "path",
        [
            "nowhere/unstable/pkgs",
            "{o}/missing/pkgs",
            "{o}/unstable/pkgs/nothing",
            "{o}/unstable/pkgs/{n}/9",
            "{o}/unstable/pkgs/1.2.3/{n}",
            "{o}/unstable/pkgs/{n}%2F1.2.3",
            "{o}/stable/pkgs/{n}",
            "{o}/UNSTABLE/pkgs",
        ],
    )
    def test_unknown_names_and_channels_give_an_empty_list(
        self, depot: Depot, origin: str, name: str, path: str
    ) -> None:
        a_package(depot, origin, name=name)

        for by in ("bobo", None):
            reply = depot.get(f"/depot/channels/{path.format(o=origin, n=name)}", by=by)
            assert (reply.status, reply.json()) == (200, EMPTY)

    def test_demoted_and_deleted_packages_are_not_listed(self, depot: Depot, origin: str, name: str) -> None:
        a_channel(depot, origin, name)
        first, second = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0"))
        for hart in (first, second):
            promote(depot, hart, name)

        demote(depot, first, name)
        assert listed(depot, f"{origin}/{name}/pkgs") == [f"{name}/2.0/{second.ident.release}"]
        delete(depot, second)
        assert listed(depot, f"{origin}/{name}/pkgs") == listed(depot, f"{origin}/{name}/pkgs/{name}") == []


def test_members_see_all_packages_and_others_the_public_ones(depot: Depot, origin: str, name: str) -> None:
    a_channel(depot, origin, name)
    public, private = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0"))
    for hart in (public, private):
        promote(depot, hart, name)
    set_visibility(depot, private, "private")

    for other in (None, "mystique"):
        for path in (f"{origin}/{name}/pkgs", f"{origin}/{name}/pkgs/{name}"):
            assert listed(depot, path, by=other) == [f"{name}/1.0/{public.ident.release}"]
        assert listed(depot, f"{origin}/{name}/pkgs/{name}/2.0", by=other) == []
    for member in ("bobo", "hank"):
        assert len(listed(depot, f"{origin}/{name}/pkgs", by=member)) == 2
        assert len(listed(depot, f"{origin}/{name}/pkgs/{name}/2.0", by=member)) == 1


@pytest.fixture(scope="module")
def crowded(depot: Depot) -> str:
    """An origin with 101 public releases of `many`, then a private one, and one of `two`."""
    origin = an_origin(depot)
    for number in range(102):
        hart = a_package(depot, origin, name="many", version="1.0", release=f"{number:03}")
    set_visibility(depot, hart, "private")
    a_package(depot, origin, name="two")
    return origin


class TestPaging:
    def page(
        self, depot: Depot, path: str, requested: Any, by: str | None = "bobo"
    ) -> tuple[int, int, int, int, list[str]]:
        query = {} if requested is None else {"range": requested, "distinct": "whatever"}
        reply = depot.get(f"/depot/channels/{path}", by=by, query=query)
        shown = reply.json()
        idents = [f"{row['name']}/{row['release']}" for row in shown["data"]]
        return reply.status, shown["range_start"], shown["range_end"], shown["total_count"], idents

    @pytest.mark.parametrize(
        ("requested", "status", "start", "end", "rows"),
        [
            (None, 206, 0, 49, (0, 50)),
            (-1, 206, 0, 49, (0, 50)),
            (0, 206, 0, 49, (0, 50)),
            (1, 206, 1, 50, (0, 50)),
            (49, 206, 49, 98, (0, 50)),
            (50, 206, 50, 99, (50, 100)),
            (53, 200, 53, 102, (50, 100)),
            (99, 200, 99, 148, (50, 100)),
            (100, 200, 100, 102, (100, 103)),
            (149, 200, 149, 151, (100, 103)),
            (150, 200, 150, 103, (103, 103)),
            (10**17, 200, 10**17, 103, (103, 103)),
        ],
    )
    def test_pages_are_aligned_and_show_the_requested_start(
        self, depot: Depot, crowded: str, requested: Any, status: int, start: int, end: int, rows: tuple[int, int]
    ) -> None:
        every = [*(f"many/{number:03}" for number in range(102)), "two/20240301123456"]

        shown = self.page(depot, f"{crowded}/unstable/pkgs", requested)

        assert shown == (status, start, end, 103, every[slice(*rows)])

    @pytest.mark.parametrize("below", ["", "/many", "/many/1.0"])
    def test_pages_of_non_members_contain_public_packages_only(self, depot: Depot, crowded: str, below: str) -> None:
        total = 102 if not below else 101
        every = [f"many/{number:03}" for number in range(101)] + ["two/20240301123456"]
        path = f"{crowded}/unstable/pkgs{below}"

        pages = [self.page(depot, path, start, by=None) for start in (0, 50, 100)]

        assert [page[:4] for page in pages] == [
            (206, 0, 49, total),
            (206, 50, 99, total),
            (200, 100, total - 1, total),
        ]
        assert [ident for page in pages for ident in page[4]] == every[:total]


@pytest.mark.parametrize("query", ["range=abc", "range=", "range=1.5"])
@pytest.mark.parametrize("by", [None, "mystique"])
def test_a_range_that_is_not_a_number_is_400(depot: Depot, origin: str, query: str, by: str | None) -> None:
    for below in ("", "/x", "/x/1"):
        reply = depot.get(f"/depot/channels/{origin}/unstable/pkgs{below}?{query}", by=by)
        assert reply.status == 400
        assert reply.text.startswith("Query deserialize error:")


def test_a_bad_token_is_401(depot: Depot, origin: str) -> None:
    for below in ("", "/x", "/x/1", "/_latest?target=x86_64-linux", "/x/latest", "/x/1/latest", "/x/1/2"):
        reply = depot.get(f"/depot/channels/{origin}/unstable/pkgs{below}", by="nonsense")
        assert (reply.status, reply.body) == (401, b"")
