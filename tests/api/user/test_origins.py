"""GET /user/origins (accounts.md 8.3)."""

import pytest

from chalicelib.catalog import origin_summaries, summary_rows
from chalicelib.catalog.summary_rows import SummaryChangeRow
from chalicelib.platform.table import rows
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.counted_lists import a_clock
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release
from tests.perf.recording import recorded_calls


def test_a_new_account_has_no_origins(depot: Depot) -> None:
    reply = depot.get("/user/origins", by=an_account().token)

    assert (reply.status, reply.text) == (200, "[]")
    assert "Cache-Control" not in reply.headers


def test_origins_are_listed_by_name(depot: Depot) -> None:
    account = an_account()
    base = a_name("origin")
    for name in (f"{base}-c", f"{base}-a", f"{base}-b"):
        an_origin(depot, owner=account.token, name=name)

    origins = depot.get("/user/origins", by=account.token).json()

    assert [origin["name"] for origin in origins] == [f"{base}-a", f"{base}-b", f"{base}-c"]
    assert list(origins[0].items()) == [
        ("owner_id", account.id),
        ("name", f"{base}-a"),
        ("created_at", origins[0]["created_at"]),
        ("updated_at", origins[0]["created_at"]),
        ("default_package_visibility", "public"),
        ("package_count", 0),
    ]


def test_an_origin_is_listed_with_the_fields_of_its_creation(depot: Depot) -> None:
    account = an_account()
    body = {"name": a_name("origin"), "default_package_visibility": "private"}
    created = depot.post("/depot/origins", by=account.token, json=body).json()

    assert depot.get("/user/origins", by=account.token).json() == [created | {"package_count": 0}]


def test_package_names_with_settings_are_counted(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    for name in ("one", "two"):
        assert depot.post(f"/settings/{origin}/{name}", by=account.token).status == 201

    assert depot.get("/user/origins", by=account.token).json()[0]["package_count"] == 2


def test_a_deleted_origin_is_not_listed(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    assert depot.delete(f"/depot/origins/{origin}", by=account.token).status == 204

    assert depot.get("/user/origins", by=account.token).json() == []


def test_an_anonymous_caller_is_401(depot: Depot) -> None:
    reply = depot.get("/user/origins")

    assert (reply.status, reply.body) == (401, b"")


def listed(depot: Depot, origin: str, by: str) -> list[tuple[str, str, int]]:
    """Return what the caller's list says of an origin."""
    shown = [each for each in depot.get("/user/origins", by=by).json() if each["name"] == origin]
    return [(each["owner_id"], each["default_package_visibility"], each["package_count"]) for each in shown]


def id_of(depot: Depot, user: str) -> str:
    account: str = depot.get("/profile", by=user).json()["id"]
    return account


@pytest.mark.parametrize("folded", [False, True])
def test_each_change_of_an_origin_is_listed_at_once(depot: Depot, folded: bool) -> None:
    origin = an_origin(depot, owner="bobo")
    bobo, hank = id_of(depot, "bobo"), id_of(depot, "hank")

    def shows(*expected: object, by: str = "bobo") -> None:
        assert listed(depot, origin, by) == [expected]
        if folded:
            fold_all()
            assert listed(depot, origin, by) == [expected]

    shows(bobo, "public", 0)
    body = {"default_package_visibility": "private"}
    assert depot.put(f"/depot/origins/{origin}", by="bobo", json=body).status == 204
    shows(bobo, "private", 0)
    a_release(depot, origin, "one")
    a_release(depot, origin, "one")
    assert depot.post(f"/settings/{origin}/two", by="bobo").status == 201
    shows(bobo, "private", 2)
    assert depot.delete(f"/settings/{origin}/two", by="bobo").status < 300
    shows(bobo, "private", 1)
    a_member(depot, origin, "hank", "administrator")
    assert depot.post(f"/depot/origins/{origin}/transfer/hank", by="bobo").status == 204
    shows(hank, "private", 1)
    shows(hank, "private", 1, by="hank")
    assert depot.delete(f"/depot/origins/{origin}/users/bobo", by="hank").status == 204
    assert listed(depot, origin, "bobo") == []


def test_a_deleted_origin_that_is_created_again_is_listed_as_new(depot: Depot) -> None:
    account = an_account()
    origin = an_origin(depot, owner=account.token)
    fold_all()
    assert depot.delete(f"/depot/origins/{origin}", by=account.token).status == 204
    assert listed(depot, origin, account.token) == []

    an_origin(depot, owner=account.token, name=origin, visibility="private")

    assert listed(depot, origin, account.token) == [(account.id, "private", 0)]
    fold_all()
    assert listed(depot, origin, account.token) == [(account.id, "private", 0)]


def test_500_origins_take_three_calls_and_30_units(depot: Depot) -> None:
    account = an_account()
    for _ in range(500):
        an_origin(depot, owner=account.token)
    fold_all()

    for is_new_process in (False, True):
        if is_new_process:
            origin_summaries._cache.clear()
        with recorded_calls() as recorder:
            assert len(depot.get("/user/origins", by=account.token).json()) == 500

        assert recorder.operations == {"Query": 2, "BatchGetItem": 1}
        assert recorder.read_units <= 30


def test_an_anonymous_request_reads_nothing(depot: Depot) -> None:
    with recorded_calls() as recorder:
        assert depot.get("/user/origins").status == 401

    assert recorder.exchanges == []


def fold_all() -> None:
    """Fold all changes of origins that earlier requests have made."""
    with a_clock() as time:
        time.advance(1)
        while list(rows(SummaryChangeRow, summary_rows.LOG)):
            origin_summaries.fold()
