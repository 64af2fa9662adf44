"""Licences, against a double of the licence service (accounts.md 8.2)."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.accounts.licenses import service as licenses
from chalicelib.accounts.licenses.rows import LicenseRow, license_key
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import put_many
from tests.api.client import Depot, Reply
from tests.builders.accounts import Account, an_account
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.rows import partition_rows
from tests.builders.waiting import PATIENCE

DOWNLOAD = "/License/download"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpDouble]:
    """The double of the licence service."""
    with http_double() as double:
        monkeypatch.setattr(licenses, "config", replace(config, license_server_url=double.url))
        monkeypatch.setattr(licenses, "SECONDS", PATIENCE)
        yield double


def entitlements_until(*ends: str) -> dict[str, Any]:
    return {"entitlements": [{"name": "x", "period": {"start": "2024-01-01", "end": end}} for end in ends]}


def put_license(depot: Depot, account: Account, key: str = "a b&c/ü", **more: Any) -> Reply:
    return depot.put("/profile/license", by=account.token, json={"account_id": "1", "license_key": key} | more)


def test_a_license_lasts_as_long_as_its_longest_entitlement(depot: Depot, service: HttpDouble) -> None:
    account = an_account()
    service.answers("GET", DOWNLOAD, entitlements_until("2027-01-31", "2029-12-31", "2028-06-30T23:59:59Z"))

    reply = put_license(depot, account)

    assert (reply.status, reply.text) == (200, '{"expiration_date":"2029-12-31"}')
    assert service.received[0].query == {"licenseId": "a b&c/ü", "version": "2"}
    assert service.received[0].headers["Accept"] == "application/json"
    shown = depot.get("/profile/license", by=account.token)
    assert (shown.status, shown.json()) == (200, {"license_key": "a b&c/ü", "expiration_date": "2029-12-31"})


def test_a_second_license_replaces_the_first(depot: Depot, service: HttpDouble) -> None:
    account = an_account()
    service.answers("GET", DOWNLOAD, entitlements_until("2027-01-31"))
    put_license(depot, account, "one")
    put_license(depot, account, "two")

    assert depot.get("/profile/license", by=account.token).json()["license_key"] == "two"


def test_a_license_key_is_stored_in_a_box_of_the_builder_key(depot: Depot, service: HttpDouble) -> None:
    account = an_account()
    service.answers("GET", DOWNLOAD, entitlements_until("2027-01-31"))
    put_license(depot, account, "the-license-key")

    stored = partition_rows(f"ACCOUNT#{account.id}")["LICENSE"]

    assert "the-license-key" not in str(stored)
    assert key_ring().open(stored["box"]) == b"LICENSE-1\nthe-license-key"


def test_a_license_that_was_stored_without_encryption_can_be_read(depot: Depot) -> None:
    account = an_account()
    key = license_key(int(account.id))
    put_many([LicenseRow(key.pk, key.sk, key="the-license-key", expires="2027-01-31")])

    shown = depot.get("/profile/license", by=account.token)

    assert shown.json() == {"license_key": "the-license-key", "expiration_date": "2027-01-31"}


def test_the_account_in_the_body_is_ignored(depot: Depot, service: HttpDouble) -> None:
    account, other = an_account(), an_account()
    service.answers("GET", DOWNLOAD, entitlements_until("2027-01-31"))

    put_license(depot, account, account_id=other.id)

    assert depot.get("/profile/license", by=other.token).status == 404
    assert depot.get("/profile/license", by=account.token).status == 200


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 500, 503])
def test_a_refusal_of_the_service_is_passed_on(depot: Depot, service: HttpDouble, status: int) -> None:
    service.answers("GET", DOWNLOAD, status=status, body=b"no such license")

    reply = put_license(depot, an_account())

    assert (reply.status, reply.text) == (status, "no such license")


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"entitlements": []}, {"entitlements": None}, {"entitlements": "x"}],
)
def test_a_key_without_entitlements_is_invalid(depot: Depot, service: HttpDouble, answer: Any) -> None:
    service.answers("GET", DOWNLOAD, answer)

    reply = put_license(depot, an_account())

    assert reply.status == 400
    assert reply.text == ("Invalid license key." if isinstance(answer, dict) else reply.text)
    assert reply.text


@pytest.mark.parametrize(
    "entitlement", [{}, {"period": {}}, {"period": {"end": "soon"}}, {"period": {"end": 1}}, "x", None]
)
def test_entitlements_without_a_date_are_a_400_with_a_text(depot: Depot, service: HttpDouble, entitlement: Any) -> None:
    service.answers("GET", DOWNLOAD, {"entitlements": [entitlement]})

    reply = put_license(depot, an_account())

    assert (reply.status, reply.text) == (400, "The license service gave an answer without a date.")


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_a_service_that_takes_too_long_is_a_400(
    depot: Depot, service: HttpDouble, monkeypatch: pytest.MonkeyPatch, slow: str
) -> None:
    monkeypatch.setattr(licenses, "SECONDS", 0.2)
    service.answers("GET", DOWNLOAD, entitlements_until("2027-01-31"), **{slow: True})

    reply = put_license(depot, an_account())

    assert (reply.status, reply.text) == (400, "The license service cannot be reached.")


def test_the_time_limit_of_the_service_is_short() -> None:
    assert licenses.SECONDS == 1.5


def test_a_key_that_is_too_long_is_not_sent_to_the_service(depot: Depot, service: HttpDouble) -> None:
    reply = put_license(depot, an_account(), "x" * 500_000)

    assert (reply.status, reply.text) == (400, "Invalid license key.")
    assert service.received == []


def test_without_a_configured_service_every_key_is_refused(depot: Depot) -> None:
    account = an_account()

    reply = put_license(depot, account)

    assert (reply.status, reply.text) == (400, "No license service is configured.")
    assert depot.get("/profile/license", by=account.token).status == 404


@pytest.mark.parametrize("body", [b"", b"{}", b'{"license_key":7}', b"x"])
def test_a_malformed_body_is_400_even_without_a_session(depot: Depot, body: bytes) -> None:
    reply = depot.put("/profile/license", body=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400


def test_anonymous_callers_are_401(depot: Depot) -> None:
    assert depot.put("/profile/license", json={"license_key": "x"}).status == 401
    assert depot.get("/profile/license").status == 401


def test_a_license_cannot_be_deleted(depot: Depot) -> None:
    reply = depot.delete("/profile/license", by="bobo")

    assert (reply.status, reply.body) == (404, b"")
