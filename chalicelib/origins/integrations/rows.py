"""Rows of origin integrations (accounts.md 8.9).

The names are in the origin's partition. The sealed bodies have separate partitions, so that lists do not read them.
"""

from collections.abc import Iterator

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import rows

INTEGRATION = "INTEGRATION#"


class IntegrationRow(Row):
    """The type and name of an integration. Ids grow with time."""

    id = NumberAttribute()
    integration = UnicodeAttribute()
    name = UnicodeAttribute()


class IntegrationBodyRow(Row):
    """The body of an integration as the client sent it, in a signed box of the builder key."""

    box = UnicodeAttribute()


def integration_key(origin: str, integration: str, name: str) -> Key[IntegrationRow]:
    """Return the key of an integration's type and name."""
    return Key(IntegrationRow, origin_partition(origin), partition("INTEGRATION", integration, name))


def body_key(origin: str, integration: str, name: str) -> Key[IntegrationBodyRow]:
    """Return the key of an integration's body."""
    return Key(IntegrationBodyRow, partition("INTEGRATION", origin, integration, name), "BODY")


def integrations(origin: str, integration: str | None = None) -> Iterator[IntegrationRow]:
    """Return the integrations of an origin, of one type or of all types, in no particular order."""
    prefix = INTEGRATION if integration is None else partition("INTEGRATION", integration, "")
    return rows(IntegrationRow, origin_partition(origin), begins=prefix)
