"""`POST /depot/uploads`: everything that can be checked without the archive is checked first (platform.md 4.4)."""

from types import SimpleNamespace
from typing import Any

import pytest
import requests

from chalicelib.uploads import quota, service
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload, announcement
from tests.builders.waiting import PATIENCE


def begin(depot: Depot, hart: Hart, by: str | None = "bobo", **more: Any) -> Reply:
    return depot.post("/depot/uploads", by=by, json=announcement(hart, **more))


def test_the_answer_describes_the_upload_with_urls_for_its_parts(depot: Depot, hart: Hart) -> None:
    reply = begin(depot, hart)

    shown = reply.json()
    assert reply.status == 201
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"
    assert list(shown) == [
        "upload_id",
        "state",
        "ident",
        "target",
        "size",
        "part_size",
        "received",
        "parts",
        "expires_at",
    ]
    assert shown["upload_id"].isdecimal()
    assert shown["state"] == "open"
    assert shown["ident"] == hart.ident.as_json()
    assert shown["size"] == len(hart.content)
    assert shown["part_size"] == 16 * 1024 * 1024
    assert shown["received"] == []
    assert [part["number"] for part in shown["parts"]] == [1]


def test_an_upload_expires_after_a_day(depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "time", SimpleNamespace(time=lambda: 1_700_000_000))  # 14 November 2023, 22:13:20

    assert begin(depot, hart).json()["expires_at"] == "2023-11-15T22:13:20.000000"


def test_a_part_is_sent_with_its_url_alone(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart)

    assert requests.put(upload.parts[1], data=b"anything", timeout=PATIENCE).status_code == 200


def test_an_archive_of_the_largest_size_gets_a_hundred_urls_and_at_most_ten_thousand_parts(
    depot: Depot, hart: Hart
) -> None:
    shown = begin(depot, hart, size=5 << 40).json()

    assert [part["number"] for part in shown["parts"]] == list(range(1, 101))
    assert shown["part_size"] * 10_000 >= 5 << 40


def test_the_size_may_be_unknown(depot: Depot, hart: Hart) -> None:
    shown = begin(depot, hart, size=None).json()

    assert shown["size"] is None
    assert len(shown["parts"]) == 100


def test_a_size_over_the_limit_of_an_object_is_413(depot: Depot, hart: Hart) -> None:
    for size in ((5 << 40) + 1, 1 << 64, 10**40):
        assert begin(depot, hart, size=size).status == 413


@pytest.mark.parametrize("ident", ["acme/tool/1.0", "acme", "", "a/b/c/d/e", "acme/to ol/1.0/20240101000000"])
def test_an_invalid_ident_is_422_before_authentication(depot: Depot, ident: str) -> None:
    reply = depot.post("/depot/uploads", json={"ident": ident})

    assert reply.status == 422
    assert reply.text == f"Invalid or not fully qualified package identifier '{ident}'"


def test_an_unknown_target_is_422_before_authentication(depot: Depot) -> None:
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
def test_a_field_of_the_wrong_type_is_400_before_authentication(
    depot: Depot, hart: Hart, wrong: dict[str, Any]
) -> None:
    for by in ("bobo", None):
        reply = begin(depot, hart, by=by, **wrong)

        assert reply.status == 400
        assert reply.text.startswith("Json deserialize error: ")
        assert f"$.{next(iter(wrong))}" in reply.text


def test_an_unreadable_body_is_400(depot: Depot) -> None:
    json = {"Content-Type": "application/json"}

    assert depot.post("/depot/uploads", by="bobo", body=b"{", headers=json).status == 400
    assert depot.post("/depot/uploads", by="bobo", body=b"{}", headers=json).status == 400
    assert depot.post("/depot/uploads", by="bobo", body=b'{"ident": "a/b/1/2"}').status == 400, "without a content type"


def test_without_a_session_it_is_401(depot: Depot, hart: Hart) -> None:
    assert begin(depot, hart, by=None).status == 401
    assert begin(depot, hart, by="no-such-token").status == 401


@pytest.mark.parametrize(("role", "status"), [("readonly_member", 403), ("member", 201), ("maintainer", 201)])
def test_members_and_higher_roles_may_upload(depot: Depot, role: str, status: int) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "hank", role)

    assert begin(depot, a_hart(origin=origin), by="hank").status == status


def test_a_non_member_and_an_unknown_origin_are_403(depot: Depot, hart: Hart) -> None:
    assert begin(depot, hart, by="wesker").status == 403
    assert begin(depot, a_hart(origin="no-such-origin")).status == 403


def test_an_existing_package_is_409_unless_forced(depot: Depot, hart: Hart) -> None:
    assert depot.post(hart.url, by="bobo", body=hart.content, query={"checksum": hart.checksum}).status == 201

    assert begin(depot, hart).status == 409
    assert begin(depot, hart, target="x86_64-windows").status == 201, "only the announced target is checked"
    assert begin(depot, hart, forced=True).status == 201


def test_a_forced_upload_of_other_bytes_is_refused_at_once(depot: Depot, hart: Hart) -> None:
    assert depot.post(hart.url, by="bobo", body=hart.content, query={"checksum": hart.checksum}).status == 201

    reply = begin(depot, hart, forced=True, checksum="0" * 64)
    assert (reply.status, reply.text) == (422, "ds:up:4")
    assert begin(depot, hart, forced=True, checksum="0" * 64, target=None).status == 201, "the archive's target decides"


@pytest.mark.parametrize("checksum", ["", "abc", "0" * 63, "0" * 65, "A" * 64, "g" * 64])
def test_an_impossible_checksum_is_422(depot: Depot, hart: Hart, checksum: str) -> None:
    reply = begin(depot, hart, checksum=checksum)

    assert (reply.status, reply.text) == (422, "ds:up:3")


def test_without_a_target_the_user_agent_names_it(depot: Depot, hart: Hart) -> None:
    agent = {"User-Agent": "hab/1.6.618 (x86_64-windows; 10.0)"}
    reply = depot.post("/depot/uploads", by="bobo", json=announcement(hart, target=None), headers=agent)

    assert reply.json()["target"] == "x86_64-windows"


@pytest.mark.parametrize(
    ("scopes", "same_origin", "status"),
    [(["upload"], True, 201), (["upload"], False, 403), (["read"], True, 403), (["promote"], True, 403)],
)
def test_a_named_token_needs_the_upload_scope_in_the_origin(
    depot: Depot, origin: str, hart: Hart, scopes: list[str], same_origin: bool, status: int
) -> None:
    bound_to = origin if same_origin else an_origin(depot)
    request = {"name": a_name("token"), "scopes": scopes, "origin": bound_to}
    token = depot.post("/profile/tokens", by="bobo", json=request).json()["token"]

    assert begin(depot, hart, by=token).status == status


def test_an_account_can_have_a_limited_number_of_open_uploads(
    depot: Depot, origin: str, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "OPEN_UPLOADS", 2)
    a_member(depot, origin, "lkennedy", "member")
    first, _ = an_upload(depot, hart, by="lkennedy"), an_upload(depot, hart, by="lkennedy")

    reply = begin(depot, hart, by="lkennedy")

    assert (reply.status, reply.text) == (
        429,
        "An account can have 2 open uploads at most; complete or delete one of them",
    )
    assert depot.delete(first.url, by="lkennedy").status == 204
    assert begin(depot, hart, by="lkennedy").status == 201
