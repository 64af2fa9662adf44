"""Licence keys of accounts, checked by a licence service where one is configured (accounts.md 8.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.accounts.errors import LicenseInvalid, LicenseMissing, LicenseRefused
from chalicelib.accounts.licenses.rows import LicenseRow, license_key
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, Unreachable, Unreadable, send
from chalicelib.platform.table import read

SECONDS = 1.5
LONGEST_KEY = 1000


@dataclass(frozen=True, slots=True)
class License:
    """A licence key and its last day, `YYYY-MM-DD`."""

    key: str
    expires: str


def set_license(account_id: int, key: str) -> License:
    """Have a key checked and keep it. Raises LicenseInvalid, or LicenseRefused with what the service said."""
    if not config.license_server_url:
        raise LicenseInvalid("No license service is configured.")
    if len(key) > LONGEST_KEY:
        raise LicenseInvalid("Invalid license key.")
    license_ = License(key, _last_day(_entitlements(key)).isoformat())
    place = license_key(account_id)
    change = Change()
    change.put(LicenseRow(place.pk, place.sk, key=license_.key, expires=license_.expires))
    change.commit()
    return license_


def license_of(account_id: int) -> License:
    """The account's licence. Raises LicenseMissing."""
    row = read(license_key(account_id))
    if row is None:
        raise LicenseMissing
    return License(row.key, row.expires)


def _entitlements(key: str) -> Any:
    url = f"{config.license_server_url.rstrip('/')}/License/download"
    ask = OutboundRequest("GET", url, {"Accept": "application/json"}, query={"licenseId": key, "version": "2"})
    try:
        told = send(ask, SECONDS)
    except Unreachable as problem:
        raise LicenseInvalid("The license service cannot be reached.") from problem
    if not told.is_success:
        raise LicenseRefused(told.status, told.text)
    try:
        return told.json_object().get("entitlements")
    except Unreadable as problem:
        raise LicenseInvalid("The license service gave an answer that cannot be read.") from problem


def _last_day(entitlements: Any) -> date:
    if not isinstance(entitlements, list) or not entitlements:
        raise LicenseInvalid("Invalid license key.")
    try:
        return max(map(_end, entitlements))
    except (KeyError, TypeError, ValueError) as problem:
        raise LicenseInvalid("The license service gave an answer without a date.") from problem


def _end(entitlement: Mapping[str, Any]) -> date:
    """The date, also where the service says a time with it."""
    return date.fromisoformat(entitlement["period"]["end"][:10])
