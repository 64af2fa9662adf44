"""Shapes of licences over HTTP (accounts.md 8.2)."""

from msgspec import Struct


class LicenseKey(Struct):
    """A licence key for the caller's account."""

    license_key: str


class Expiration(Struct):
    """The last day of a licence, `YYYY-MM-DD`."""

    expiration_date: str


class License(Struct):
    """A licence key and its last day, `YYYY-MM-DD`."""

    license_key: str
    expiration_date: str
