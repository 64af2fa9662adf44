"""The profile (accounts.md 8.2)."""

import re

import pytest

from tests.api.client import Depot
from tests.builders.accounts import an_account


def test_the_profile_is_the_account(depot: Depot) -> None:
    account = an_account()

    reply = depot.get("/profile", by=account.token)

    profile = reply.json()
    assert reply.status == 200
    assert profile == {
        "id": account.id,
        "email": account.email,
        "name": account.name,
        "created_at": profile["created_at"],
        "updated_at": profile["created_at"],
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", profile["created_at"])


def test_only_the_email_can_be_changed(depot: Depot) -> None:
    account = an_account()
    before = depot.get("/profile", by=account.token).json()

    reply = depot.patch("/profile", by=account.token, json=before | {"email": "anything", "name": "other", "id": "1"})

    assert (reply.status, reply.body) == (200, b"")
    assert depot.get("/profile", by=account.token).json() == before | {"email": "anything"}


def test_an_email_is_not_validated(depot: Depot) -> None:
    account = an_account()
    email = "no address at all, ü" * 100

    assert depot.patch("/profile", by=account.token, json={"email": email}).status == 200
    assert depot.get("/profile", by=account.token).json()["email"] == email


@pytest.mark.parametrize(
    "change", [{}, {"email": ""}, {"name": "x"}, {"email": "x" * 500_000}, {"email": "a\nb@c"}, {"email": "\x1b[2J"}]
)
def test_a_change_without_an_email_is_an_empty_400(depot: Depot, change: dict[str, str]) -> None:
    reply = depot.patch("/profile", by="bobo", json=change)

    assert (reply.status, reply.body) == (400, b"")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"email":7}', b'{"email":null}', b"\xff"])
@pytest.mark.parametrize("by", ["bobo", None])
def test_a_malformed_body_is_400_even_without_a_session(depot: Depot, body: bytes, by: str | None) -> None:
    reply = depot.patch("/profile", by=by, body=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400
    assert reply.text.startswith("Json deserialize error: ")
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize(
    "body",
    [
        rb'{"email":"\ud800"}',
        rb'{"email":"x","\uDC00":1}',
        b'{"email":"x","n":NaN}',
        b'{"email":"x","n":-Infinity}',
        b'\xef\xbb\xbf{"email":"x"}',
        '{"email":"x"}'.encode("utf-16"),
    ],
)
def test_json_that_only_lenient_parsers_accept_is_400(depot: Depot, body: bytes) -> None:
    reply = depot.patch("/profile", by="bobo", body=body, headers={"Content-Type": "application/json"})

    assert (reply.status, reply.text) == (400, "Json deserialize error: the body is not JSON")


def test_escapes_in_json_are_decoded(depot: Depot) -> None:
    account = an_account()
    body = rb'{"email":"\ud83d\udd11\u00e9"}'

    changed = depot.patch("/profile", by=account.token, body=body, headers={"Content-Type": "application/json"})

    assert changed.status == 200
    assert depot.get("/profile", by=account.token).json()["email"] == "\N{KEY}é"


def test_json_must_be_labelled_as_json(depot: Depot) -> None:
    body = b'{"email":"x@example.com"}'

    assert depot.patch("/profile", by="bobo", body=body, headers={"Content-Type": "text/plain"}).status == 400
    assert depot.patch("/profile", by="bobo", body=body).status == 400


def test_json_over_two_mebibytes_is_413(depot: Depot) -> None:
    body = b'{"email":"' + b"x" * 2 * 1024 * 1024 + b'"}'

    reply = depot.patch("/profile", by="bobo", body=body, headers={"Content-Type": "application/json"})

    assert (reply.status, reply.body) == (413, b"")


@pytest.mark.parametrize("change", [{}, {"email": "x@example.com"}])
def test_a_well_formed_change_without_a_session_is_401(depot: Depot, change: dict[str, str]) -> None:
    reply = depot.patch("/profile", json=change)

    assert (reply.status, reply.body) == (401, b"")


def test_anonymous_callers_are_401(depot: Depot) -> None:
    reply = depot.get("/profile")

    assert (reply.status, reply.body) == (401, b"")


def test_a_content_type_without_a_body_does_not_matter(depot: Depot) -> None:
    assert depot.get("/profile", by="bobo", headers={"Content-Type": "application/json"}).status == 200
