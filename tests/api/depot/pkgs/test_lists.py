"""GET /depot/pkgs/{origin}[/{name}[/{version}]]: lists of family P (packages.md 1.7, 1.9, 4.2, 5.1)."""

from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.lifetimes import SHARED
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, delete, promote, set_visibility

WINDOWS = "x86_64-windows"
EMPTY = {"range_start": 0, "range_end": 0, "total_count": 0, "data": []}


def listed(depot: Depot, path: str, by: str | None = None, **query: Any) -> list[str]:
    """Return all rows of a list as `name/version/release`."""
    reply = depot.get(f"/depot/pkgs/{path}", by=by, query=query)
    assert reply.status == 200
    assert reply.json()["total_count"] == len(reply.json()["data"])
    rows = reply.json()["data"]
    return ["/".join(row[part] for part in ("name", "version", "release") if row[part]) for row in rows]


class TestRows:
    def test_a_row_has_channels_and_platforms_of_all_targets(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)
        promote(depot, windows, "stable")
        promote(depot, linux, a_channel(depot, origin, f"LTS-{name}"))

        reply = depot.get(f"/depot/pkgs/{origin}/{name}")

        assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
        assert reply.headers["Cache-Control"] == SHARED
        envelope = reply.json()
        assert list(envelope) == ["range_start", "range_end", "total_count", "data"]
        [row] = envelope.pop("data")
        assert envelope == {"range_start": 0, "range_end": 0, "total_count": 1}
        assert row == {
            **linux.ident.as_json(),
            "channels": [f"LTS-{name}", "stable", "unstable"],
            "platforms": ["x86_64-linux", WINDOWS],
        }

    def test_idents_are_in_descending_text_order(self, depot: Depot) -> None:
        origin = an_origin(depot)
        ascending = [
            ("Tool", "9", "1"),
            ("tool-x", "1.0", "1"),
            ("tool", "1.2.13", "1"),
            ("tool", "1.2.9", "1"),
            ("tool", "1.2.9", "2"),
            ("tool", "1.2.9-a", "1"),
            ("tool", "main", "1"),
            ("tool2", "1.0", "1"),
            ("tool_", "1.0", "1"),
        ]
        ascending.sort(key="/".join)
        for name, version, release in ascending[::2] + ascending[1::2]:
            a_package(depot, origin, name=name, version=version, release=release)

        expected = ["/".join(parts) for parts in reversed(ascending)]
        assert listed(depot, origin) == expected
        assert expected.index("tool-x/1.0/1") > expected.index("tool/1.2.9/1") > expected.index("tool2/1.0/1")
        assert listed(depot, f"{origin}/tool") == [row for row in expected if row.startswith("tool/")]
        assert listed(depot, f"{origin}/tool/1.2.9") == ["tool/1.2.9/2", "tool/1.2.9/1"]
        assert listed(depot, origin, distinct="true") == ["Tool", "tool", "tool-x", "tool2", "tool_"]

    @pytest.mark.parametrize(
        "path", ["nowhere", "{o}/nothing", "{o}/{n}/9", "{o}/1.2.3/{n}", "{o}/{n}%2F1.2.3", "{o}/{n}/1.2.3%2F2"]
    )
    @pytest.mark.parametrize("distinct", ["true", "false"])
    @pytest.mark.parametrize("by", ["bobo", None])
    def test_the_list_of_something_unknown_is_empty(
        self, depot: Depot, origin: str, path: str, distinct: str, by: str | None
    ) -> None:
        depot.post(f"/settings/{origin}/only-settings", by="bobo")

        for name in ("listed", "only-settings"):
            reply = depot.get(f"/depot/pkgs/{path.format(o=origin, n=name)}", by=by, query={"distinct": distinct})
            assert (reply.status, reply.json()) == (200, EMPTY)

    def test_a_deleted_package_is_not_listed(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)

        delete(depot, linux)
        assert depot.get(f"/depot/pkgs/{origin}/{name}").json()["data"][0]["platforms"] == [WINDOWS]
        delete(depot, windows)
        for path in (f"{origin}/{name}", f"{origin}/{name}/1.2.3"):
            assert listed(depot, path) == listed(depot, path, distinct="true") == []


class TestDistinct:
    def test_there_is_a_row_per_name_without_other_values(self, depot: Depot, origin: str, name: str) -> None:
        for version in ("1.0", "2.0"):
            a_package(depot, origin, name=name, version=version)

        for path in (f"{origin}/{name}", f"{origin}/{name}/2.0"):
            for query in ({}, {"range": "-1"}):
                reply = depot.get(f"/depot/pkgs/{path}", query={"distinct": "true", **query})
                assert reply.status == 200
                assert reply.json() == {
                    "range_start": 0,
                    "range_end": 0,
                    "total_count": 1,
                    "data": [
                        {
                            "origin": origin,
                            "name": name,
                            "version": None,
                            "release": None,
                            "channels": [],
                            "platforms": [],
                        }
                    ],
                }

    def test_a_page_after_the_only_row_of_a_name_is_empty(self, depot: Depot, origin: str, name: str) -> None:
        a_package(depot, origin, name=name)

        reply = depot.get(f"/depot/pkgs/{origin}/{name}", query={"distinct": "true", "range": 1})

        assert (reply.status, reply.json()) == (200, {"range_start": 1, "range_end": 1, "total_count": 1, "data": []})


class TestVisibility:
    def test_members_see_all_packages_and_others_public_ones(self, depot: Depot, origin: str, name: str) -> None:
        public = a_package(depot, origin, name=name, version="1.0")
        private = a_package(depot, origin, name=name, version="2.0")
        set_visibility(depot, private, "private")
        promote(depot, private, "stable")

        for stranger in (None, "mystique"):
            assert listed(depot, f"{origin}/{name}", by=stranger) == [f"{name}/1.0/{public.ident.release}"]
            assert listed(depot, f"{origin}/{name}/2.0", by=stranger) == []
            assert listed(depot, f"{origin}/{name}/2.0", by=stranger, distinct="true") == []
        for member in ("bobo", "hank"):
            assert len(listed(depot, f"{origin}/{name}", by=member)) == 2
            assert listed(depot, f"{origin}/{name}/2.0", by=member, distinct="true") == [name]

    def test_others_see_only_the_public_targets_of_an_ident(self, depot: Depot, origin: str, name: str) -> None:
        """The visibility of the targets differs because the settings changed between the uploads."""
        linux = a_package(depot, origin, name=name)
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "private"}).status == 200
        windows = a_package(depot, origin, name=name, target=WINDOWS)
        promote(depot, windows, "stable")

        def row(by: str | None) -> tuple[list[str], list[str]]:
            [shown] = depot.get(f"/depot/pkgs/{origin}/{name}", by=by).json()["data"]
            return shown["channels"], shown["platforms"]

        assert row(None) == (["unstable"], ["x86_64-linux"])
        assert row("hank") == (["stable", "unstable"], ["x86_64-linux", WINDOWS])
        set_visibility(depot, linux, "private")
        assert listed(depot, f"{origin}/{name}") == []
        set_visibility(depot, linux, "public")
        assert row(None) == (["stable", "unstable"], ["x86_64-linux", WINDOWS])

    def test_others_do_not_see_a_name_without_public_packages(self, depot: Depot) -> None:
        origin = an_origin(depot)
        harts = {name: a_package(depot, origin, name=name) for name in ("a", "b", "c")}
        set_visibility(depot, harts["b"], "private")

        assert listed(depot, origin, distinct="true") == ["a", "c"]
        assert listed(depot, origin, by="bobo", distinct="true") == ["a", "b", "c"]

    def test_a_bad_token_is_401(self, depot: Depot, origin: str) -> None:
        for path in (origin, f"{origin}/x", f"{origin}/x/1", "nowhere"):
            reply = depot.get(f"/depot/pkgs/{path}", by="nonsense")
            assert (reply.status, reply.body) == (401, b"")


@pytest.fixture(scope="module")
def crowded(depot: Depot) -> str:
    """An origin with 101 releases of `many`, one of them private, and one each of `one` and `two`."""
    origin = an_origin(depot)
    for number in range(101):
        hart = a_package(depot, origin, name="many", version="1.0", release=f"{number:03}")
    set_visibility(depot, hart, "private")
    for name in ("one", "two"):
        a_package(depot, origin, name=name)
    return origin


class TestPaging:
    def page(
        self, depot: Depot, path: str, start_row: Any, by: str | None = "bobo"
    ) -> tuple[int, int, int, int, list[str]]:
        reply = depot.get(f"/depot/pkgs/{path}", by=by, query={} if start_row is None else {"range": start_row})
        shown = reply.json()
        idents = [f"{row['name']}/{row['release']}" for row in shown["data"]]
        return reply.status, shown["range_start"], shown["range_end"], shown["total_count"], idents

    @pytest.mark.parametrize(
        ("start_row", "status", "start", "end", "rows"),
        [
            (None, 206, 0, 49, 50),
            (0, 206, 0, 49, 50),
            ("+1", 206, 1, 50, 50),
            (49, 206, 49, 98, 50),
            (50, 206, 50, 99, 50),
            (53, 200, 53, 102, 50),
            (52, 206, 52, 101, 50),
            (100, 200, 100, 102, 3),
            (102, 200, 102, 102, 1),
            (103, 200, 103, 103, 0),
            (5000, 200, 5000, 103, 0),
            (10**17, 200, 10**17, 103, 0),
            (-1, 200, 0, 102, 103),
            (-50, 200, 0, 102, 103),
        ],
    )
    def test_range_is_an_exact_offset(
        self, depot: Depot, crowded: str, start_row: Any, status: int, start: int, end: int, rows: int
    ) -> None:
        every = ["two/20240301123456", "one/20240301123456", *(f"many/{number:03}" for number in range(100, -1, -1))]

        shown = self.page(depot, crowded, start_row)

        assert shown == (status, start, end, 103, every[start:][:rows])

    def test_others_page_through_public_packages(self, depot: Depot, crowded: str) -> None:
        for by in (None, "mystique"):
            status, _, end, total, first = self.page(depot, f"{crowded}/many", 0, by)
            assert (status, end, total, len(first)) == (206, 49, 100, 50)
            status, _, end, total, second = self.page(depot, f"{crowded}/many", 50, by)
            assert (status, end, total, len(second)) == (200, 99, 100, 50)
            assert first + second == [f"many/{number:03}" for number in range(99, -1, -1)]
            assert self.page(depot, f"{crowded}/many", -1, by) == (200, 0, 99, 100, first + second)

    def test_clients_page_until_the_status_is_200(self, depot: Depot, crowded: str) -> None:
        received: list[str] = []
        status = 206
        while status == 206:
            status, _, _, _, rows = self.page(depot, f"{crowded}/many/1.0", len(received))
            assert rows
            received += rows
        assert received == [f"many/{number:03}" for number in range(100, -1, -1)]

    def test_names_are_paged_too(self, depot: Depot) -> None:
        origin = an_origin(depot)
        names = [f"name-{number:03}" for number in range(52)]
        for name in names:
            a_package(depot, origin, name=name)

        def page(start_row: int) -> tuple[int, int, int, list[str]]:
            reply = depot.get(f"/depot/pkgs/{origin}", query={"distinct": "true", "range": start_row})
            shown = reply.json()
            return reply.status, shown["range_start"], shown["range_end"], [row["name"] for row in shown["data"]]

        assert page(0) == (206, 0, 49, names[:50])
        assert page(1) == (206, 1, 50, names[1:51])
        assert page(50) == (200, 50, 51, names[50:])
        assert page(52) == (200, 52, 52, [])
        assert page(10**17) == (200, 10**17, 52, [])
        assert page(-1) == (200, 0, 51, names)


@pytest.mark.parametrize("query", ["range=abc", "range=", "range", "range=1.5", "range=0x1", "distinct=1", "distinct="])
@pytest.mark.parametrize("by", [None, "mystique"])
def test_an_invalid_query_is_400(depot: Depot, origin: str, query: str, by: str | None) -> None:
    for path in (origin, f"{origin}/x", f"{origin}/x/1"):
        reply = depot.get(f"/depot/pkgs/{path}?{query}", by=by)
        assert reply.status == 400
        assert reply.text.startswith("Query deserialize error:")


def test_the_last_of_a_repeated_parameter_counts_and_unknown_ones_are_ignored(depot: Depot, origin: str) -> None:
    assert depot.get(f"/depot/pkgs/{origin}?range=abc&range=0&distinct=true&colour=red").status == 200
