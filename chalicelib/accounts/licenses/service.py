"""Licence keys of accounts, checked by a licence service if one is configured (accounts.md 8.2)."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from msgspec import Struct

from chalicelib.accounts.errors import LicenseInvalid, LicenseMissing, LicenseRefused, LicenseServiceFailed
from chalicelib.accounts.licenses.rows import LicenseRow, license_key
from chalicelib.core.plain_text import is_plain
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.outbound import OutboundRequest, Unreachable, Unreadable, send
from chalicelib.platform.table import read

SECONDS = 1.5
"""Time limit of a call to the licence service."""
LONGEST_KEY = 1000
PURPOSE = b"LICENSE-1\n"
"""Precedes every key in its box, so that the box is never a valid access token (accounts.md 7.5)."""


class License(Struct, frozen=True):
    """A licence key and its last day, `YYYY-MM-DD`."""

    key: str
    expires: str


def set_license(account_id: int, key: str) -> License:
    """Check a key with the licence service and store it. Raises LicenseInvalid, LicenseRefused (by the service)."""
    if not config.license_server_url:
        raise LicenseInvalid("No license service is configured.")
    if len(key) > LONGEST_KEY or not is_plain(key):
        raise LicenseInvalid("Invalid license key.")
    license_ = License(key, _last_day(_entitlements(key)).isoformat())
    row_key = license_key(account_id)
    with Change() as change:
        change.put(LicenseRow(row_key.pk, row_key.sk, box=_sealed(license_.key), expires=license_.expires))
    return license_


def license_of(account_id: int) -> License:
    """Return the licence of an account. Raises LicenseMissing, BoxUnreadable."""
    row = read(license_key(account_id))
    if row is None:
        raise LicenseMissing
    return License(_key_in(row), row.expires)


def _sealed(key: str) -> str:
    return key_ring().seal(PURPOSE + key.encode())


def _key_in(row: LicenseRow) -> str:
    return row.key if row.box is None else key_ring().open(row.box).removeprefix(PURPOSE).decode()


def _entitlements(key: str) -> Any:
    url = f"{config.license_server_url.rstrip('/')}/License/download"
    request = OutboundRequest("GET", url, {"Accept": "application/json"}, query={"licenseId": key, "version": "2"})
    try:
        response = send(request, SECONDS)
    except Unreachable as problem:
        raise LicenseServiceFailed("The license service cannot be reached.") from problem
    if not response.is_success:
        raise LicenseRefused(response.status, response.text)
    try:
        return response.json_object().get("entitlements")
    except Unreadable as problem:
        raise LicenseServiceFailed("The license service gave an answer that cannot be read.") from problem


def _last_day(entitlements: Any) -> date:
    if not isinstance(entitlements, list) or not entitlements:
        raise LicenseInvalid("Invalid license key.")
    try:
        return max(map(_end, entitlements))
    except (KeyError, TypeError, ValueError) as problem:
        raise LicenseServiceFailed("The license service gave an answer without a date.") from problem


def _end(entitlement: Mapping[str, Any]) -> date:
    """Return the last day of an entitlement. The service may send a time after the date."""
    return date.fromisoformat(entitlement["period"]["end"][:10])
