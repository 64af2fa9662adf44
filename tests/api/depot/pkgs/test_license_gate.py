"""Downloads of packages that need a licence (packages.md 5.7, check 3)."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from chalicelib.accounts.licenses import service as licenses
from chalicelib.packages import license_gate
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.accounts import Account, an_account
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.origins import an_origin
from tests.builders.packages import a_package
from tests.builders.waiting import PATIENCE


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpDouble]:
    """A licence service, with the gate configured."""
    monkeypatch.setattr(license_gate, "config", replace(config, restricted_if_present=("LTS-2024",)))
    with http_double() as double:
        monkeypatch.setattr(licenses, "config", replace(config, license_server_url=double.url))
        monkeypatch.setattr(licenses, "SECONDS", PATIENCE)
        yield double


@pytest.fixture
def download(depot: Depot) -> str:
    """The path of a package's download."""
    hart = a_package(depot, an_origin(depot))
    return f"/depot/pkgs/{hart.path}/download"


def license_until(service: HttpDouble, day: str) -> None:
    """Make the licence service answer that the licence ends on a day."""
    service.answers("GET", "/License/download", {"entitlements": [{"period": {"end": day}}]})


def account_with_license(depot: Depot, service: HttpDouble, until: str) -> Account:
    """Create an account with a licence that ends on a day."""
    account = an_account()
    license_until(service, until)
    reply = depot.put("/profile/license", by=account.token, json={"account_id": "1", "license_key": "key"})
    assert reply.status == 200
    return account


@pytest.mark.usefixtures("service")
def test_an_anonymous_caller_is_401(depot: Depot, download: str) -> None:
    reply = depot.get(download)

    assert (reply.status, reply.text) == (401, "Authentication required.")


@pytest.mark.usefixtures("service")
def test_an_account_without_a_licence_is_403(depot: Depot, download: str) -> None:
    reply = depot.get(download, by=an_account().token)

    assert (reply.status, reply.text) == (403, "No valid license key found.")


def test_an_account_with_a_valid_licence_may_download(depot: Depot, service: HttpDouble, download: str) -> None:
    assert depot.get(download, by=account_with_license(depot, service, "2999-12-31").token).status == 200


def test_an_expired_licence_is_checked_again(depot: Depot, service: HttpDouble, download: str) -> None:
    account = account_with_license(depot, service, "2020-01-01")
    license_until(service, "2999-12-31")

    assert depot.get(download, by=account.token).status == 200


def test_the_refusal_of_the_licence_service_is_passed_on(depot: Depot, service: HttpDouble, download: str) -> None:
    account = account_with_license(depot, service, "2020-01-01")
    service.answers("GET", "/License/download", status=402, body=b"expired")

    reply = depot.get(download, by=account.token)

    assert (reply.status, reply.text) == (402, "expired")


def test_downloads_need_no_licence_without_configuration(depot: Depot, download: str) -> None:
    assert depot.get(download).status == 200
