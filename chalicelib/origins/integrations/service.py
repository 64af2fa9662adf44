"""The rules of origin integrations, whose bodies are encrypted at rest (accounts.md 7.5, 8.9)."""

from typing import Any

from msgspec import DecodeError, MsgspecError, ValidationError
from msgspec.json import decode

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.plain_text import is_plain_name
from chalicelib.core.session import Session
from chalicelib.origins.errors import (
    IntegrationBodyInvalid,
    IntegrationMissing,
    IntegrationNameInvalid,
    IntegrationTaken,
    IntegrationUnreadable,
)
from chalicelib.origins.integrations import rows
from chalicelib.origins.integrations.rows import IntegrationBodyRow, IntegrationRow
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read

PURPOSE = b"INTEGRATION-1\n"
"""Precedes every body in its box. Access tokens are boxes of the same key: without the prefix, a body that looks like
the message of a token would give a valid token to anyone who can read the table."""


def names(origin: str, integration: str | None = None) -> dict[str, list[str]]:
    """Return the names of an origin's integrations by type, oldest first, for one type or for all types."""
    by_type: dict[str, list[str]] = {}
    for row in sorted(rows.integrations(origin, integration), key=lambda row: int(row.id)):
        by_type.setdefault(row.integration, []).append(row.name)
    return by_type


def body_without_password(origin: str, integration: str, name: str) -> dict[str, Any]:
    """Return the body of an integration without its top-level password.

    Raises IntegrationMissing, IntegrationUnreadable, BoxUnreadable.
    """
    row = read(rows.body_key(origin, integration, name))
    if row is None:
        raise IntegrationMissing
    content = key_ring().open(row.box).removeprefix(PURPOSE)
    try:
        body = decode(content, type=dict[str, Any])
    except (MsgspecError, UnicodeError, RecursionError) as problem:
        raise IntegrationUnreadable from problem
    body.pop("password", None)
    return body


def put(origin: str, integration: str, name: str, body: bytes, by: Session) -> None:
    """Store a new integration. An existing one is never changed.

    Raises IntegrationNameInvalid, IntegrationBodyInvalid, IntegrationTaken, OriginMissing, TooManyInOrigin.
    """
    if not is_plain_name(integration) or not is_plain_name(name):
        raise IntegrationNameInvalid
    _demand_finite_numbers(body)
    key, body_key = rows.integration_key(origin, integration, name), rows.body_key(origin, integration, name)
    row = IntegrationRow(key.pk, key.sk, id=new_id(), integration=integration, name=name)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.add(row, otherwise=IntegrationTaken())
        change.put(IntegrationBodyRow(body_key.pk, body_key.sk, box=key_ring().seal(PURPOSE + body)))
        origin_rows.add_limited(change, origin, "integrations")
        audit_rows.record(change, AuditAction.INTEGRATION_STORE, by, origin=origin, target=f"{integration}/{name}")


def _demand_finite_numbers(body: bytes) -> None:
    """Raise IntegrationBodyInvalid for JSON with a number such as 1e999. A body need not be JSON (accounts.md 8.9)."""
    try:
        decode(body)
    except ValidationError as problem:  # without a type to validate, only numbers can be invalid
        raise IntegrationBodyInvalid from problem
    except (DecodeError, RecursionError, UnicodeError):
        return


def remove(origin: str, integration: str, name: str, by: Session) -> None:
    """Delete an integration, if it exists. Raises OriginMissing."""
    retry_when_stale(lambda: _remove(origin, integration, name, by))


def _remove(origin: str, integration: str, name: str, by: Session) -> None:
    key = rows.integration_key(origin, integration, name)
    if read(key) is None:
        return
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.delete(key, condition=IntegrationRow.pk.exists())
        change.delete(rows.body_key(origin, integration, name))
        change.update(origin_count_key(origin), [OriginCountRow.integrations.add(-1)])
        audit_rows.record(change, AuditAction.INTEGRATION_DELETE, by, origin=origin, target=f"{integration}/{name}")
