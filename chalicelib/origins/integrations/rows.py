"""Rows of origin integrations (accounts.md 8.9).

The name stands in the origin's partition, so that lists stay slim; the sealed body has a partition of its own.
"""

from collections.abc import Iterator

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition, rows

INTEGRATION = "INTEGRATION#"


class IntegrationRow(Row):
    """That an origin has an integration; `id` tells the order of creation."""

    id = NumberAttribute()
    integration = UnicodeAttribute()
    name = UnicodeAttribute()


class IntegrationBodyRow(Row):
    """What the client sent for an integration, in a signed box of the builder key."""

    box = UnicodeAttribute()


def integration_key(origin: str, integration: str, name: str) -> Key[IntegrationRow]:
    """Where an integration stands."""
    return Key(IntegrationRow, origin_partition(origin), partition("INTEGRATION", integration, name))


def body_key(origin: str, integration: str, name: str) -> Key[IntegrationBodyRow]:
    """Where the body of an integration stands."""
    return Key(IntegrationBodyRow, partition("INTEGRATION", origin, integration, name), "BODY")


def integrations(origin: str, integration: str | None = None) -> Iterator[IntegrationRow]:
    """The integrations of an origin, of one type or all."""
    begins = INTEGRATION if integration is None else partition("INTEGRATION", integration, "")
    return rows(IntegrationRow, origin_partition(origin), begins=begins)
