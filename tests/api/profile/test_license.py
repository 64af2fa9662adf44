"""Licences (accounts.md 8.2), against a double of the licence service."""

import pytest
from msgspec.structs import replace

from chalicelib.accounts.licenses import service as licenses
from chalicelib.platform.config import config
from tests.builders.accounts import an_account
from tests.builders.http_double import http_double
from tests.builders.waiting import PATIENCE

DOWNLOAD = "/License/download"


@pytest.fixture
def service(monkeypatch):
    with http_double() as double:
        monkeypatch.setattr(licenses, "config", replace(config, license_server_url=double.url))
        monkeypatch.setattr(licenses, "SECONDS", PATIENCE)
        yield double


def _entitled(*ends):
    return {"entitlements": [{"name": "x", "period": {"start": "2024-01-01", "end": end}} for end in ends]}


def _put(depot, account, key="a b&c/ü", **more):
    return depot.put("/profile/license", by=account.token, json={"account_id": "1", "license_key": key} | more)


def test_a_license_lasts_as_long_as_its_longest_entitlement(depot, service):
    account = an_account()
    service.answers("GET", DOWNLOAD, _entitled("2027-01-31", "2029-12-31", "2028-06-30T23:59:59Z"))

    reply = _put(depot, account)

    assert (reply.status, reply.text) == (200, '{"expiration_date":"2029-12-31"}')
    assert service.asked[0].query == {"licenseId": "a b&c/ü", "version": "2"}
    assert service.asked[0].headers["Accept"] == "application/json"
    shown = depot.get("/profile/license", by=account.token)
    assert (shown.status, shown.json()) == (200, {"license_key": "a b&c/ü", "expiration_date": "2029-12-31"})


def test_a_second_license_takes_the_place_of_the_first(depot, service):
    account = an_account()
    service.answers("GET", DOWNLOAD, _entitled("2027-01-31"))
    _put(depot, account, "one")
    _put(depot, account, "two")

    assert depot.get("/profile/license", by=account.token).json()["license_key"] == "two"


def test_the_account_is_the_callers_own(depot, service):
    account, other = an_account(), an_account()
    service.answers("GET", DOWNLOAD, _entitled("2027-01-31"))

    _put(depot, account, account_id=other.id)

    assert depot.get("/profile/license", by=other.token).status == 404
    assert depot.get("/profile/license", by=account.token).status == 200


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 500, 503])
def test_what_the_service_says_against_it_is_passed_on(depot, service, status):
    service.answers("GET", DOWNLOAD, status=status, body=b"no such license")

    reply = _put(depot, an_account())

    assert (reply.status, reply.text) == (status, "no such license")


@pytest.mark.parametrize(
    "answer",
    [{}, [], {"entitlements": []}, {"entitlements": None}, {"entitlements": "x"}],
)
def test_a_key_without_entitlements_is_invalid(depot, service, answer):
    service.answers("GET", DOWNLOAD, answer)

    reply = _put(depot, an_account())

    assert reply.status == 400
    assert reply.text == ("Invalid license key." if isinstance(answer, dict) else reply.text)
    assert reply.text


@pytest.mark.parametrize(
    "entitlement", [{}, {"period": {}}, {"period": {"end": "soon"}}, {"period": {"end": 1}}, "x", None]
)
def test_entitlements_without_a_date_are_a_400_with_a_text(depot, service, entitlement):
    service.answers("GET", DOWNLOAD, {"entitlements": [entitlement]})

    reply = _put(depot, an_account())

    assert (reply.status, reply.text) == (400, "The license service gave an answer without a date.")


@pytest.mark.parametrize("slow", ["silent", "drips"])
def test_a_service_that_takes_too_long_is_a_400(depot, service, monkeypatch, slow):
    monkeypatch.setattr(licenses, "SECONDS", 0.2)
    service.answers("GET", DOWNLOAD, _entitled("2027-01-31"), **{slow: True})

    reply = _put(depot, an_account())

    assert (reply.status, reply.text) == (400, "The license service cannot be reached.")


def test_the_whole_exchange_may_take_a_second_and_a_half():
    assert licenses.SECONDS == 1.5


def test_a_key_that_is_too_long_to_be_one_is_not_asked_for(depot, service):
    reply = _put(depot, an_account(), "x" * 500_000)

    assert (reply.status, reply.text) == (400, "Invalid license key.")
    assert service.asked == []


def test_without_a_service_there_are_no_licenses(depot):
    account = an_account()

    reply = _put(depot, account)

    assert (reply.status, reply.text) == (400, "No license service is configured.")
    assert depot.get("/profile/license", by=account.token).status == 404


@pytest.mark.parametrize("body", [b"", b"{}", b'{"license_key":7}', b"x"])
def test_what_is_no_json_with_a_key_is_400_even_without_a_session(depot, body):
    reply = depot.put("/profile/license", body=body, headers={"Content-Type": "application/json"})

    assert reply.status == 400


def test_nobody_has_no_license(depot):
    assert depot.put("/profile/license", json={"license_key": "x"}).status == 401
    assert depot.get("/profile/license").status == 401


def test_a_license_cannot_be_deleted(depot):
    reply = depot.delete("/profile/license", by="bobo")

    assert (reply.status, reply.body) == (404, b"")
