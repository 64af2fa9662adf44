"""GET /packages/{origin}/{name}/{version}/{release} (docs/ORIGINS.md)."""

from typing import Any

import pytest

from tests.api.client import Depot, Reply
from tests.builders.hart import Hart
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name
from tests.builders.packages import a_channel, a_package, demote, promote, set_visibility, upload
from tests.builders.releases import LINUX, WINDOWS
from tests.perf.calls import counted_calls


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    return an_origin_with_members(depot, hank="maintainer", lkennedy="member")


@pytest.fixture
def hart(depot: Depot, origin: str) -> Hart:
    return a_package(depot, origin, by="lkennedy", name=a_name("tool"))


def facts(depot: Depot, hart: Hart, by: str | None = "bobo", **query: Any) -> Reply:
    return depot.get(f"/packages/{hart.path}", by=by, query=query)


def test_members_see_all_facts(depot: Depot, origin: str, hart: Hart) -> None:
    a_channel(depot, origin, hart.ident.name)
    promote(depot, hart, hart.ident.name, by="hank")
    members = {row["name"]: row for row in depot.get(f"{hart.url}/channels").json()}
    shown = depot.get(hart.url).json()

    reply = facts(depot, hart)

    assert reply.json() == {
        "ident": hart.ident.as_json(),
        "target": LINUX,
        "size": len(hart.content),
        "checksum": hart.checksum,
        "visibility": "public",
        "package_type": "Standard",
        "uploaded_by": "lkennedy",
        "uploaded_at": shown["updated_at"],
        "first_uploaded_at": shown["created_at"],
        "channels": [
            {"name": "unstable", "promoted_at": members["unstable"]["promoted_at"], "promoted_by": None},
            {"name": hart.ident.name, "promoted_at": members[hart.ident.name]["promoted_at"], "promoted_by": "hank"},
        ],
        "deprecation": None,
    }
    assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-cache, no-store")


@pytest.mark.parametrize("by", [None, "wesker"])
def test_account_names_are_shown_to_members_only(depot: Depot, hart: Hart, by: str | None) -> None:
    promote(depot, hart, "stable")

    shown = facts(depot, hart, by=by).json()

    assert shown["uploaded_by"] is None
    assert [(channel["name"], channel["promoted_by"]) for channel in shown["channels"]] == [
        ("unstable", None),
        ("stable", None),
    ]
    assert shown["checksum"] == hart.checksum


def test_every_promotion_names_its_account(depot: Depot, origin: str, hart: Hart) -> None:
    for channel in ("by-bulk", "by-set"):
        a_channel(depot, origin, f"{hart.ident.name}-{channel}")
    bulk, together = f"{hart.ident.name}-by-bulk", f"{hart.ident.name}-by-set"
    promote(depot, hart, "stable", by="hank")
    moved = depot.put(f"/depot/channels/{origin}/stable/pkgs/promote", by="hank", query={"channel": bulk})
    assert moved.status == 200
    moved = depot.post(f"/promotions/{origin}", by="bobo", json={"channel": together, "idents": [hart.path]})
    assert moved.status == 200

    by = {channel["name"]: channel["promoted_by"] for channel in facts(depot, hart).json()["channels"]}

    assert by == {"unstable": None, "stable": "hank", bulk: "hank", together: "bobo"}
    demote(depot, hart, "stable")
    promote(depot, hart, "stable", by="bobo")
    assert {"bobo"} == {
        channel["promoted_by"] for channel in facts(depot, hart).json()["channels"] if channel["name"] == "stable"
    }


def test_a_forced_upload_keeps_the_time_of_the_first_one(depot: Depot, hart: Hart) -> None:
    before = facts(depot, hart).json()
    set_visibility(depot, hart, "private")
    assert facts(depot, hart).json() == before | {"visibility": "private"}

    assert upload(depot, hart, by="bobo", forced=True).status == 201

    after = facts(depot, hart).json()
    assert (after["uploaded_by"], after["first_uploaded_at"]) == ("bobo", before["first_uploaded_at"])
    assert after["uploaded_at"] > before["uploaded_at"]


def test_the_deprecation_that_applies_is_shown(depot: Depot, origin: str, hart: Hart) -> None:
    name = f"/deprecations/{origin}/{hart.ident.name}"
    deprecation = depot.put(name, by="bobo", json={"message": "Use the other"}).json()

    assert facts(depot, hart, by=None).json()["deprecation"] == deprecation


def test_a_target_in_the_query_excludes_other_targets(depot: Depot, origin: str) -> None:
    windows = a_package(depot, origin, name=a_name("tool"), target=WINDOWS)

    assert facts(depot, windows).json()["target"] == WINDOWS
    assert facts(depot, windows, target=WINDOWS).json()["checksum"] == windows.checksum
    assert facts(depot, windows, target=LINUX).status == 404
    assert facts(depot, windows, target="vax").status == 422

    linux = a_package(depot, origin, name=windows.ident.name)
    assert facts(depot, linux).json()["target"] == LINUX
    assert facts(depot, linux, target=WINDOWS).json()["target"] == WINDOWS


def test_a_private_package_is_404_for_non_members(depot: Depot, hart: Hart) -> None:
    set_visibility(depot, hart, "private")

    for query in ({}, {"target": LINUX}):
        assert [facts(depot, hart, by, **query).status for by in (None, "wesker")] == [404, 404]
        assert facts(depot, hart, "lkennedy", **query).status == 200


def test_an_unknown_package_is_404(depot: Depot, origin: str) -> None:
    assert depot.get(f"/packages/{origin}/no-such/1.0/20240101000000").status == 404
    assert depot.get("/packages/no-such/no-such/1.0/20240101000000", by="bobo").status == 404


def test_a_request_makes_two_calls(depot: Depot, hart: Hart) -> None:
    token = depot.post("/profile/access-tokens", by="bobo").json()["token"]

    with counted_calls() as calls:
        assert facts(depot, hart, by=token).status == 200

    assert calls.total() == 2, calls
