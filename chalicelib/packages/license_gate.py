"""The licence gate of downloads, which is off unless channels are configured for it (packages.md 5.7, check 3)."""

from collections.abc import Iterable
from datetime import UTC, datetime

from chalicelib.accounts.errors import LicenseMissing
from chalicelib.core.deferred import deferred
from chalicelib.identity.caller import Caller
from chalicelib.packages.errors import LicenseNeeded
from chalicelib.platform.config import config

with deferred():
    from chalicelib.accounts.licenses import service as licenses


def is_gated(channels: Iterable[str]) -> bool:
    """Return True if downloads of a package in these channels need a licence."""
    present = set(channels)
    restricted = present & set(config.restricted_if_present)
    if not config.restricted_if_present or present & set(config.unrestricted_channels):
        return False
    return bool(restricted) or not present & set(config.partially_unrestricted_channels)


def demand_license(channels: Iterable[str], caller: Caller) -> None:
    """Raise LicenseNeeded if a package in these channels is gated and the caller does not have a valid licence.

    An expired licence is checked again with the licence service. Raises LicenseInvalid if the service gives no
    usable answer, and LicenseRefused with its answer if it refuses the licence.
    """
    if not is_gated(channels):
        return
    session = caller.session
    if session is None:
        raise LicenseNeeded("Authentication required.", status=401)
    try:
        license_ = licenses.license_of(session.account_id)
    except LicenseMissing as problem:
        raise LicenseNeeded("No valid license key found.", status=403) from problem
    if license_.expires < datetime.now(UTC).date().isoformat():
        licenses.set_license(session.account_id, license_.key)
