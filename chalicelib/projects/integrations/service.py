"""The rules of project integrations, whose bodies are encrypted at rest (builds.md 2.8)."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec import MsgspecError
from msgspec.json import decode

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import TooManyInOrigin
from chalicelib.catalog.project_rows import ProjectRow, project_keys
from chalicelib.core.session import Session
from chalicelib.origins.integrations.rows import IntegrationRow, integration_key, integrations
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many
from chalicelib.platform.table import rows as rows_of
from chalicelib.projects.errors import ProjectIntegrationInvalid, ProjectIntegrationMissing
from chalicelib.projects.integrations import rows
from chalicelib.projects.integrations.rows import (
    SETTING,
    ProjectIntegrationRow,
    ProjectIntegrationsRow,
    list_key,
    setting_key,
    settings_partition,
)

PURPOSE = b"PROJECT-INTEGRATION-1\n"
"""Precedes every body in its box, so that no other box of the builder key can take its place."""


def show(origin: str, name: str, integration: str) -> bytes:
    """Return what a project sets for an integration, as it was sent. Two calls.

    Raises ProjectIntegrationMissing, BoxUnreadable.
    """
    row = read(setting_key(origin, name, integration))
    if row is None or not _current(origin, [row]):
        raise ProjectIntegrationMissing
    return _opened(row)


def bodies_of(origin: str, name: str) -> list[tuple[str, Any]]:
    """Return the name of each integration that a project uses, and the JSON value that the project sets for it.

    For the worker that builds the project. One call, or two if there are any. Raises BoxUnreadable.
    """
    found = list(rows_of(ProjectIntegrationRow, settings_partition(origin, name), begins=SETTING))
    return [(row.integration, decode(_opened(row))) for row in _current(origin, found)]


def _current(origin: str, found: Sequence[ProjectIntegrationRow]) -> list[ProjectIntegrationRow]:
    """Return those of some rows whose integration was not deleted. One call."""
    keys = [integration_key(origin, row.kind, row.integration) for row in found]
    used = read_many(keys, only=["id"])
    pairs = ((row, used.get(key)) for row, key in zip(found, keys, strict=True))
    return [row for row, origins in pairs if origins is not None and int(origins.id) == int(row.integration_id)]


def _opened(row: ProjectIntegrationRow) -> bytes:
    return key_ring().open(row.box).removeprefix(PURPOSE)


def put(origin: str, name: str, integration: str, body: bytes, by: Session) -> None:
    """Store what a project sets for an integration, and replace what it has set before.

    Raises ProjectIntegrationInvalid, ProjectIntegrationMissing, OriginMissing, TooManyInOrigin.
    """
    try:
        decode(body)
    except (MsgspecError, RecursionError, UnicodeError) as problem:
        raise ProjectIntegrationInvalid from problem
    retry_when_stale(partial(_put, origin, name, integration, body, by))


def _put(origin: str, name: str, integration: str, body: bytes, by: Session) -> None:
    key = setting_key(origin, name, integration)
    projects = project_keys(origin, name)
    found = read_many([key, *projects])
    project = next((each for each in projects if found.get(each) is not None), None)
    used = next((row for row in integrations(origin) if row.name == integration), None)
    if project is None or used is None:
        raise ProjectIntegrationMissing
    row = ProjectIntegrationRow(
        key.pk,
        key.sk,
        integration=integration,
        kind=used.integration,
        integration_id=int(used.id),
        box=key_ring().seal(PURPOSE + body),
    )
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.check(project, ProjectRow.pk.exists())
        change.check(Key(IntegrationRow, used.pk, used.sk), IntegrationRow.id == int(used.id))
        if found.get(key) is None:
            change.add(row)
            _count(change, origin, name, 1 - _delete_left(change, origin, name))
        else:
            change.put(row, condition=ProjectIntegrationRow.pk.exists())
        audit_rows.record(
            change, AuditAction.PROJECT_INTEGRATION_STORE, by, origin=origin, target=f"{name}/{integration}"
        )


def _delete_left(change: Change, origin: str, name: str) -> int:
    """Add the deletion of rows whose integration was deleted, and return their number. Two calls."""
    found = list(rows_of(ProjectIntegrationRow, settings_partition(origin, name), begins=SETTING))
    current = {row.sk for row in _current(origin, found)}
    left = [row for row in found if row.sk not in current]
    for row in left:
        condition = ProjectIntegrationRow.integration_id == int(row.integration_id)
        change.delete(Key(ProjectIntegrationRow, row.pk, row.sk), condition=condition)
    return len(left)


def remove(origin: str, name: str, integration: str, by: Session) -> None:
    """Delete what a project sets for an integration, if it does. Raises OriginMissing."""
    retry_when_stale(partial(_remove, origin, name, integration, by))


def _remove(origin: str, name: str, integration: str, by: Session) -> None:
    key = setting_key(origin, name, integration)
    if read(key) is None:
        return
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.delete(key, condition=ProjectIntegrationRow.pk.exists())
        _count(change, origin, name, -1)
        audit_rows.record(
            change, AuditAction.PROJECT_INTEGRATION_DELETE, by, origin=origin, target=f"{name}/{integration}"
        )


def delete_all(change: Change, origin: str, name: str) -> None:
    """Add the deletion of all project integrations of a name to a change, which raises Stale if others are added.

    One call.
    """
    pk = settings_partition(origin, name)
    listed = read(list_key(origin, name))
    if listed is None:
        change.check(list_key(origin, name), ProjectIntegrationsRow.pk.does_not_exist())
        return
    change.delete(list_key(origin, name), condition=ProjectIntegrationsRow.revision == int(listed.revision))
    for row in rows_of(ProjectIntegrationRow, pk, begins=SETTING, keys_only=True):
        change.delete(Key(ProjectIntegrationRow, row.pk, row.sk))


def _count(change: Change, origin: str, name: str, more: int) -> None:
    number = ProjectIntegrationsRow.number
    change.update(
        list_key(origin, name),
        [number.add(more), ProjectIntegrationsRow.revision.add(1)],
        condition=number.does_not_exist() | (number <= rows.MOST - more) if more > 0 else number.exists(),
        otherwise=TooManyInOrigin(f"A project can have {rows.MOST} integrations at most") if more > 0 else None,
    )
