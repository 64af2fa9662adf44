"""Downloads that need a licence, where an installation is set up for it (packages.md 5.7, check 3)."""

import pytest
from msgspec.structs import replace

from chalicelib.accounts.licenses import service as licenses
from chalicelib.packages import license_gate
from chalicelib.platform.config import config
from tests.builders.accounts import an_account
from tests.builders.http_double import http_double
from tests.builders.origins import an_origin
from tests.builders.packages import a_package


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setattr(license_gate, "config", replace(config, restricted_if_present=("LTS-2024",)))
    with http_double() as double:
        monkeypatch.setattr(licenses, "config", replace(config, license_server_url=double.url))
        yield double


@pytest.fixture
def download(depot):
    hart = a_package(depot, an_origin(depot))
    return f"/depot/pkgs/{hart.path}/download"


def entitled_until(service, day):
    service.answers("GET", "/License/download", {"entitlements": [{"period": {"end": day}}]})


def with_license(depot, service, until):
    account = an_account()
    entitled_until(service, until)
    held = depot.put("/profile/license", by=account.token, json={"account_id": "1", "license_key": "key"})
    assert held.status == 200
    return account


def test_anonymous_callers_are_asked_to_sign_in(depot, service, download):
    reply = depot.get(download)

    assert (reply.status, reply.text) == (401, "Authentication required.")


def test_an_account_without_a_licence_is_refused(depot, service, download):
    reply = depot.get(download, by=an_account().token)

    assert (reply.status, reply.text) == (403, "No valid license key found.")


def test_a_valid_licence_opens_the_gate(depot, service, download):
    assert depot.get(download, by=with_license(depot, service, "2999-12-31").token).status == 200


def test_a_licence_past_its_date_is_checked_again(depot, service, download):
    account = with_license(depot, service, "2020-01-01")
    entitled_until(service, "2999-12-31")

    assert depot.get(download, by=account.token).status == 200


def test_what_the_licence_service_says_of_an_old_one_is_passed_on(depot, service, download):
    account = with_license(depot, service, "2020-01-01")
    service.answers("GET", "/License/download", status=402, body=b"expired")

    reply = depot.get(download, by=account.token)

    assert (reply.status, reply.text) == (402, "expired")


def test_without_configuration_downloads_are_free(depot, download):
    assert depot.get(download).status == 200
