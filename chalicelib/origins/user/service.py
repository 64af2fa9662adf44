"""The origins that an account is a member of (accounts.md 8.3)."""

from itertools import islice

from msgspec import Struct

from chalicelib.catalog import list_rows, lists
from chalicelib.catalog.origin_rows import OriginRow, origin_key
from chalicelib.core.session import Session
from chalicelib.identity import access
from chalicelib.platform.table import read_many

ORIGINS_SHOWN = 1_000
"""Maintainers of an origin can make an account its member, so the list shows as many as fit an answer."""


class OwnOrigin(Struct, frozen=True):
    """An origin that an account is a member of; `package_count` counts the names with package settings."""

    name: str
    row: OriginRow
    package_count: int


def origins_of(session: Session) -> list[OwnOrigin]:
    """Return the first origins that an account is a member of, by name.

    A named token that is bound to an origin gets that origin only.

    Makes two calls: the memberships, then all origins with their counts (one more call per fifty origins).
    """
    names = list(islice(access.origins_of(session), ORIGINS_SHOWN))
    found = read_many([origin_key(name) for name in names])
    own_origins = []
    for name in names:
        row = found.get(origin_key(name))
        if row is not None:  # the origin may have been deleted between the two calls
            settings = lists.counted_alone(name, list_rows.SETTINGS).whole.total(member=True)
            own_origins.append(OwnOrigin(name, row, settings))
    return own_origins
