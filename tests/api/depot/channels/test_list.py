"""GET /depot/channels/{origin} (packages.md 9.1)."""

import pytest

from chalicelib.catalog import origin_rows
from chalicelib.channels import service
from tests.api.client import Depot
from tests.builders.lifetimes import SHARED
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel


def test_names_are_ascending_by_bytes(depot: Depot) -> None:
    origin = an_origin(depot)
    for name in ("alpha", "LTS-9", "Beta-1", "_x", "z.1"):
        a_channel(depot, origin, name)

    reply = depot.get(f"/depot/channels/{origin}")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == SHARED
    expected = ["Beta-1", "LTS-9", "_x", "alpha", "stable", "unstable", "z.1"]
    assert reply.json() == [{"name": name} for name in expected]


def test_channels_of_build_groups_need_sandbox(depot: Depot) -> None:
    origin = an_origin(depot)
    for name in ("bldr-123", "bldr", "abldr-1"):
        a_channel(depot, origin, name)

    def names(query: str) -> list[str]:
        return [channel["name"] for channel in depot.get(f"/depot/channels/{origin}{query}").json()]

    assert names("") == names("?sandbox=false") == ["abldr-1", "bldr", "stable", "unstable"]
    assert names("?sandbox=true") == ["abldr-1", "bldr", "bldr-123", "stable", "unstable"]


def test_channels_of_build_groups_do_not_count_and_only_the_newest_are_listed(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(origin_rows.MOST, "channels", 2)
    monkeypatch.setattr(service, "SANDBOXES_LISTED", 3)
    monkeypatch.setattr(service, "SANDBOXES_SKIPPED", 2)
    origin = an_origin(depot)
    for number in range(5):
        a_channel(depot, origin, f"bldr-324259036449688576{number}")
    for name in ("alpha", "dev"):
        a_channel(depot, origin, name)

    def names(query: str) -> list[str]:
        return [channel["name"] for channel in depot.get(f"/depot/channels/{origin}{query}").json()]

    assert names("") == ["alpha", "dev", "stable", "unstable"]
    newest = [f"bldr-324259036449688576{number}" for number in (2, 3, 4)]
    assert names("?sandbox=true") == ["alpha", *newest, "dev", "stable", "unstable"]
    for name in ("third", "bldr-x"):
        assert depot.post(f"/depot/channels/{origin}/{name}", by="bobo").status == 422
    assert depot.delete(f"/depot/channels/{origin}/{newest[0]}", by="bobo").status == 200
    assert depot.post(f"/depot/channels/{origin}/third", by="bobo").status == 422
    assert depot.delete(f"/depot/channels/{origin}/dev", by="bobo").status == 200
    assert depot.post(f"/depot/channels/{origin}/third", by="bobo").status == 201


@pytest.mark.parametrize("value", ["1", "", "True", "yes"])
def test_a_sandbox_that_is_not_a_boolean_is_400(depot: Depot, origin: str, value: str) -> None:
    reply = depot.get(f"/depot/channels/{origin}?sandbox={value}")

    assert reply.status == 400
    assert reply.text.startswith("Query deserialize error:")


def test_an_unknown_origin_gives_an_empty_list(depot: Depot) -> None:
    reply = depot.get("/depot/channels/nowhere-at-all")

    assert (reply.status, reply.text) == (200, "[]")


def test_a_token_is_not_needed_but_a_bad_one_is_401(depot: Depot, origin: str) -> None:
    assert depot.get(f"/depot/channels/{origin}", by="mystique").status == 200
    assert depot.get(f"/depot/channels/{origin}", by="nonsense").status == 401
