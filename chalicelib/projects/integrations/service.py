"""The rules of project integrations, whose bodies are encrypted at rest (builds.md 2.8)."""

from functools import partial
from typing import Any

from msgspec import MsgspecError
from msgspec.json import decode

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import TooManyInOrigin
from chalicelib.catalog.project_rows import ProjectRow, project_keys
from chalicelib.core.session import Session
from chalicelib.origins.integrations.rows import IntegrationRow, integrations
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import Key, read, read_many
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
    """Return what a project sets for an integration, as it was sent.

    Raises ProjectIntegrationMissing, BoxUnreadable.
    """
    row = read(setting_key(origin, name, integration))
    if row is None:
        raise ProjectIntegrationMissing
    return _opened(row)


def bodies_of(origin: str, name: str) -> list[tuple[str, Any]]:
    """Return the name of each integration that a project uses, and the JSON value that the project sets for it.

    For the worker that builds the project. One call. Raises BoxUnreadable.
    """
    found = rows_of(ProjectIntegrationRow, settings_partition(origin, name), begins=SETTING)
    return [(row.integration, decode(_opened(row))) for row in found]


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
    used = _key_of_integration(origin, integration)
    if project is None or used is None:
        raise ProjectIntegrationMissing
    row = ProjectIntegrationRow(key.pk, key.sk, integration=integration, box=key_ring().seal(PURPOSE + body))
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.check(project, ProjectRow.pk.exists())
        change.check(used, IntegrationRow.pk.exists())
        if found.get(key) is None:
            change.add(row)
            _count(change, origin, name, 1)
        else:
            change.put(row, condition=ProjectIntegrationRow.pk.exists())
        audit_rows.record(
            change, AuditAction.PROJECT_INTEGRATION_STORE, by, origin=origin, target=f"{name}/{integration}"
        )


def _key_of_integration(origin: str, name: str) -> Key[IntegrationRow] | None:
    """Return the key of the origin's integration with a name, of any type. One call."""
    found = next((row for row in integrations(origin) if row.name == name), None)
    return None if found is None else Key(IntegrationRow, found.pk, found.sk)


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
        condition=number.does_not_exist() | (number < rows.MOST) if more > 0 else number.exists(),
        otherwise=TooManyInOrigin(f"A project can have {rows.MOST} integrations at most") if more > 0 else None,
    )
