"""`POST /depot/uploads`: what can be known without the bytes is said before they are sent (platform.md 4.4)."""

from datetime import UTC, datetime, timedelta

import pytest
import requests

from tests.builders.hart import a_hart
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload, announcement
from tests.builders.waiting import PATIENCE


@pytest.fixture(scope="module")
def origin(depot):
    return an_origin(depot)


def begin(depot, hart, by="bobo", **more):
    return depot.post("/depot/uploads", by=by, json=announcement(hart, **more))


def test_it_gives_urls_for_the_parts(depot, origin):
    hart = a_hart(origin=origin, name="begun")
    earliest = datetime.now(UTC).replace(microsecond=0)
    reply = begin(depot, hart)
    latest = datetime.now(UTC)
    told = reply.json()

    assert reply.status == 201
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"
    assert told["upload_id"].isdecimal()
    assert told["state"] == "open"
    assert told["size"] == len(hart.content)
    assert told["part_size"] == 16 * 1024 * 1024
    assert told["received"] == []
    assert [part["number"] for part in told["parts"]] == [1]
    ends = datetime.fromisoformat(told["expires_at"]).replace(tzinfo=UTC)
    assert earliest <= ends - timedelta(hours=24) <= latest


def test_a_part_needs_nothing_but_its_url(depot, origin):
    begun = an_upload(depot, a_hart(origin=origin, name="url"))

    assert requests.put(begun.parts[1], data=b"anything", timeout=PATIENCE).status_code == 200


def test_a_huge_archive_gets_a_hundred_urls_at_once_and_at_most_ten_thousand_parts(depot, origin):
    told = begin(depot, a_hart(origin=origin, name="huge"), size=5 << 40).json()

    assert [part["number"] for part in told["parts"]] == list(range(1, 101))
    assert told["part_size"] * 10_000 >= 5 << 40


def test_the_size_may_be_unknown(depot, origin):
    told = begin(depot, a_hart(origin=origin, name="unsized"), size=None).json()

    assert told["size"] is None
    assert len(told["parts"]) == 100


def test_more_than_an_object_can_hold_is_413(depot, origin):
    assert begin(depot, a_hart(origin=origin), size=(5 << 40) + 1).status == 413


@pytest.mark.parametrize("ident", ["acme/tool/1.0", "acme", "", "a/b/c/d/e", "acme/to ol/1.0/20240101000000"])
def test_what_is_no_full_ident_is_422_even_without_a_session(depot, ident):
    reply = depot.post("/depot/uploads", json={"ident": ident})

    assert reply.status == 422
    assert reply.text == f"Invalid or not fully qualified package identifier '{ident}'"


def test_an_unknown_target_is_422_even_without_a_session(depot):
    reply = begin(depot, a_hart(), by=None, target="vax-vms")

    assert (reply.status, reply.text) == (422, "Invalid package target 'vax-vms'")


@pytest.mark.parametrize(
    "wrong",
    [
        {"ident": None},
        {"ident": 5},
        {"target": 5},
        {"checksum": None},
        {"size": "5"},
        {"size": 0},
        {"size": -1},
        {"size": True},
        {"size": 1.5},
        {"forced": "true"},
        {"forced": 1},
    ],
)
def test_a_field_of_the_wrong_type_is_400(depot, origin, wrong):
    reply = begin(depot, a_hart(origin=origin), **wrong)

    assert reply.status == 400
    assert f"`{next(iter(wrong))}`" in reply.text


def test_what_is_no_json_is_400(depot):
    assert (
        depot.post("/depot/uploads", by="bobo", body=b"{", headers={"Content-Type": "application/json"}).status == 400
    )
    assert depot.post("/depot/uploads", by="bobo", body=b"{}").status == 400


def test_without_a_session_it_is_401(depot, origin):
    assert begin(depot, a_hart(origin=origin), by=None).status == 401
    assert begin(depot, a_hart(origin=origin), by="nobody-at-all").status == 401


@pytest.mark.parametrize(("role", "status"), [("readonly_member", 403), ("member", 201), ("maintainer", 201)])
def test_it_takes_a_member(depot, role, status):
    origin = an_origin(depot)
    a_member(depot, origin, "hank", role)

    assert begin(depot, a_hart(origin=origin), by="hank").status == status


def test_an_outsider_and_an_unknown_origin_are_403(depot, origin):
    assert begin(depot, a_hart(origin=origin), by="wesker").status == 403
    assert begin(depot, a_hart(origin="no-such-origin")).status == 403


def test_what_is_there_already_is_409_unless_forced(depot, origin):
    hart = a_hart(origin=origin, name="there")
    assert depot.post(hart.url, by="bobo", body=hart.content, query={"checksum": hart.checksum}).status == 201

    assert begin(depot, hart).status == 409
    assert begin(depot, hart, target="x86_64-windows").status == 201, (
        "as with the raw POST, only that target is looked at"
    )
    assert begin(depot, hart, forced=True).status == 201


def test_forced_other_bytes_are_known_before_they_are_sent(depot, origin):
    hart = a_hart(origin=origin, name="other-bytes")
    assert depot.post(hart.url, by="bobo", body=hart.content, query={"checksum": hart.checksum}).status == 201

    reply = begin(depot, hart, forced=True, checksum="0" * 64)
    assert (reply.status, reply.text) == (422, "ds:up:4")
    assert begin(depot, hart, forced=True, checksum="0" * 64, target=None).status == 201, "the archive's target decides"


@pytest.mark.parametrize("checksum", ["", "abc", "0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_a_checksum_that_no_archive_has_is_422(depot, origin, checksum):
    reply = begin(depot, a_hart(origin=origin, name="unsummed"), checksum=checksum)

    assert (reply.status, reply.text) == (422, "ds:up:3")


def test_without_a_target_the_agent_says_which(depot, origin):
    hart = a_hart(origin=origin, name="agent")
    agent = {"User-Agent": "hab/1.6.618 (x86_64-windows; 10.0)"}
    reply = depot.post("/depot/uploads", by="bobo", json=announcement(hart, target=None), headers=agent)

    assert reply.json()["target"] == "x86_64-windows"


@pytest.mark.parametrize(
    ("scopes", "at_home", "status"),
    [(["upload"], True, 201), (["upload"], False, 403), (["read"], True, 403), (["promote"], True, 403)],
)
def test_a_named_token_needs_its_upload_scope_in_that_origin(depot, origin, scopes, at_home, status):
    home = origin if at_home else an_origin(depot)
    wish = {"name": a_name("token"), "scopes": scopes, "origin": home}
    token = depot.post("/profile/tokens", by="bobo", json=wish).json()["token"]

    assert begin(depot, a_hart(origin=origin, name="scoped"), by=token).status == status
