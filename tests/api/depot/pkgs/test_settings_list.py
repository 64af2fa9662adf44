"""GET /depot/{origin}/pkgs: the package settings of an origin, a list of family S (packages.md 1.9, 4.4, 5.2)."""

import re
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.lifetimes import SHARED
from tests.builders.origins import an_origin, the_origin
from tests.builders.packages import a_package, delete

EMPTY = {"range_start": 0, "range_end": 0, "total_count": 0, "data": []}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def set_to(depot: Depot, origin: str, name: str, visibility: str) -> None:
    """Create settings of a name with a visibility."""
    assert depot.post(f"/settings/{origin}/{name}", by="bobo").status == 201
    if visibility != "public":
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": visibility}).status == 200


def names(depot: Depot, origin: str, by: str | None = None, **query: Any) -> list[str]:
    """Return the names that are listed."""
    shown = depot.get(f"/depot/{origin}/pkgs", by=by, query=query).json()
    assert shown["total_count"] == len(shown["data"])
    return [row["name"] for row in shown["data"]]


def test_settings_are_listed_by_name_with_and_without_packages(depot: Depot) -> None:
    origin = an_origin(depot)
    a_package(depot, origin, name="tool-x")
    delete(depot, a_package(depot, origin, name="tool"))
    set_to(depot, origin, "Zoo", "public")

    reply = depot.get(f"/depot/{origin}/pkgs")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == SHARED
    envelope = reply.json()
    assert [envelope[key] for key in ("range_start", "range_end", "total_count")] == [0, 2, 3]
    assert [row["name"] for row in envelope["data"]] == ["Zoo", "tool", "tool-x"]
    row = envelope["data"][0]
    assert row == {
        "id": row["id"],
        "origin": origin,
        "name": "Zoo",
        "visibility": "public",
        "owner_id": depot.get("/profile", by="bobo").json()["id"],
        "hidden": False,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    assert re.fullmatch(r"[0-9]{15,19}", row["id"])
    assert TIME.fullmatch(row["created_at"])
    assert row == depot.get(f"/settings/{origin}/Zoo", by="bobo").json()


def test_members_see_all_settings_and_others_public_ones(depot: Depot, origin: str) -> None:
    for visibility in ("public", "private", "hidden"):
        set_to(depot, origin, f"a-{visibility}", visibility)

    for stranger in (None, "mystique"):
        assert names(depot, origin, by=stranger) == ["a-public"]
    for member in ("bobo", "hank"):
        assert names(depot, origin, by=member) == ["a-hidden", "a-private", "a-public"]
    assert depot.delete(f"/settings/{origin}/a-public", by="bobo").status == 204
    assert names(depot, origin) == []


def test_an_unknown_origin_has_no_settings(depot: Depot) -> None:
    reply = depot.get("/depot/nowhere-at-all/pkgs")

    assert (reply.status, reply.json()) == (200, EMPTY)


def test_pages_are_aligned(depot: Depot) -> None:
    origin = an_origin(depot)
    every = [f"name-{number:03}" for number in range(102)]
    for name in every:
        set_to(depot, origin, name, "public")

    def page(start_row: Any) -> tuple[int, int, int, int, list[str]]:
        reply = depot.get(f"/depot/{origin}/pkgs", query={"range": start_row, "distinct": "true"})
        shown = reply.json()
        listed = [row["name"] for row in shown["data"]]
        return reply.status, shown["range_start"], shown["range_end"], shown["total_count"], listed

    assert page(0) == page(49) == page(-1) == page(-70) == (206, 0, 49, 102, every[:50])
    assert page(50) == page(99) == (206, 50, 99, 102, every[50:100])
    assert page(100) == page(149) == (200, 100, 101, 102, every[100:])
    assert page(150) == (200, 150, 102, 102, [])
    assert page(10**17 + 1) == (200, 10**17, 102, 102, [])


@pytest.mark.parametrize("query", ["range=abc", "range=", "range=1.5", "distinct=1", "distinct="])
def test_an_invalid_query_is_400(depot: Depot, origin: str, query: str) -> None:
    reply = depot.get(f"/depot/{origin}/pkgs?{query}")

    assert reply.status == 400
    assert reply.text.startswith("Query deserialize error:")


def test_a_bad_token_is_401(depot: Depot, origin: str) -> None:
    assert depot.get(f"/depot/{origin}/pkgs", by="nonsense").status == 401


def test_fixed_words_of_paths_take_precedence_over_origins(depot: Depot) -> None:
    """`/depot/channels/pkgs` lists the channels of the origin `pkgs`, not the settings of the origin `channels`."""
    the_origin(depot, "pkgs")

    assert {"name": "stable"} in depot.get("/depot/channels/pkgs").json()
    assert {row["origin"] for row in depot.get("/depot/pkgs/pkgs").json()["data"]} <= {"pkgs"}
    assert depot.get("/depot/origins/pkgs").json()["name"] == "pkgs"
