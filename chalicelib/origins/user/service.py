"""The origins that an account is a member of (accounts.md 8.3)."""

from itertools import islice

from msgspec import Struct

from chalicelib.catalog.origin_summaries import OriginSummaries
from chalicelib.catalog.summary_rows import Summary
from chalicelib.core.session import Session
from chalicelib.identity import access

ORIGINS_SHOWN = 1_000
"""Maintainers of an origin can make an account its member, so the list shows as many as fit an answer."""


class OwnOrigin(Struct, frozen=True):
    """An origin that an account is a member of. Its summary counts the names with package settings."""

    name: str
    summary: Summary


def origins_of(session: Session, summaries: OriginSummaries) -> list[OwnOrigin]:
    """Return the first origins that an account is a member of, by name.

    A named token that is bound to an origin gets that origin only.

    Makes one call, for the memberships, and another if the row of one of the origins was written a moment ago.
    """
    names = list(islice(access.origins_of(session), ORIGINS_SHOWN))
    existing = summaries.of(names)  # an origin may have been deleted between the two calls
    return [OwnOrigin(name, existing[name]) for name in names if name in existing]
