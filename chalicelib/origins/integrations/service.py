"""The rules of origin integrations: where an origin exports to; the password is never shown again (accounts.md 8.9)."""

import json
from typing import Any, NoReturn

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.session import Session
from chalicelib.origins.errors import IntegrationMissing, IntegrationTaken, IntegrationUnreadable
from chalicelib.origins.integrations import rows as integration_store
from chalicelib.origins.integrations.rows import IntegrationBodyRow, IntegrationRow
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read

PURPOSE = b"INTEGRATION-1\n"
"""Stands before every sealed body: access tokens are boxes under the same key, and a body that looks like the message
of a token must not become one for somebody who can read the table."""


def names(origin: str, integration: str | None = None) -> dict[str, list[str]]:
    """Names by type, oldest first; of one type, or all types that the origin has."""
    found = sorted(integration_store.integrations(origin, integration), key=lambda row: int(row.id))
    by_type: dict[str, list[str]] = {}
    for row in found:
        by_type.setdefault(row.integration, []).append(row.name)
    return by_type


def body_without_password(origin: str, integration: str, name: str) -> dict[str, Any]:
    """What was stored, but for its password. Raises IntegrationMissing, IntegrationUnreadable, BoxUnreadable."""
    row = read(integration_store.body_key(origin, integration, name))
    if row is None:
        raise IntegrationMissing
    try:
        body = json.loads(key_ring().open(row.box).removeprefix(PURPOSE), parse_constant=_refuse)
    except (ValueError, RecursionError) as problem:
        raise IntegrationUnreadable from problem
    if not isinstance(body, dict):
        raise IntegrationUnreadable
    body.pop("password", None)
    return body


def put(origin: str, integration: str, name: str, body: bytes, by: Session) -> None:
    """Store a body as it came; there is no changing it, only removal. Raises IntegrationTaken, OriginMissing."""
    place = integration_store.integration_key(origin, integration, name)
    body_place = integration_store.body_key(origin, integration, name)
    change = Change()
    origin_rows.require(change, origin)
    change.add(
        IntegrationRow(place.pk, place.sk, id=new_id(), integration=integration, name=name),
        otherwise=IntegrationTaken(),
    )
    change.put(IntegrationBodyRow(body_place.pk, body_place.sk, box=key_ring().seal(PURPOSE + body)))
    change.update(origin_count_key(origin), [OriginCountRow.integrations.add(1)])
    audit_rows.record(change, AuditAction.INTEGRATION_STORE, by, origin=origin, target=f"{integration}/{name}")
    change.commit()


def remove(origin: str, integration: str, name: str, by: Session) -> None:
    """Forget an integration, if there is one. Raises OriginMissing."""
    place = integration_store.integration_key(origin, integration, name)

    def forget() -> None:
        if read(place) is None:
            return
        change = Change()
        origin_rows.require(change, origin)
        change.delete(place, condition=IntegrationRow.pk.exists())
        change.delete(integration_store.body_key(origin, integration, name))
        change.update(origin_count_key(origin), [OriginCountRow.integrations.add(-1)])
        audit_rows.record(change, AuditAction.INTEGRATION_DELETE, by, origin=origin, target=f"{integration}/{name}")
        change.commit()

    again_when_stale(forget)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
