"""The rules of projects: connect a package and a target to a plan, change and disconnect it (builds.md 2.1 to 2.6)."""

from functools import partial

from msgspec import Struct

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog import project_rows as rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key, origin_key
from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.ident import STORABLE_BYTES, is_package_name
from chalicelib.core.session import Session
from chalicelib.core.target import DEFAULT_TARGET, Target, TargetUnknown
from chalicelib.core.visibility import Visibility
from chalicelib.packages.settings import service as settings
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read, read_many
from chalicelib.projects import sources
from chalicelib.projects.errors import (
    ProjectExists,
    ProjectIncomplete,
    ProjectInvalid,
    ProjectMissing,
    VisibilityRefused,
)
from chalicelib.projects.integrations import service as integrations
from chalicelib.projects.sources import Location


class ProjectRequest(Struct, frozen=True):
    """What a request says about a project. The target is not parsed yet."""

    location: Location
    target: str
    auto_build: bool


def target_or_default(text: str) -> Target:
    """Return the target with this name, or the default for any other text (builds.md 1.4)."""
    try:
        return Target.parse(text)
    except TargetUnknown:
        return DEFAULT_TARGET


def names(origin: str) -> list[str]:
    """Return the package names of an origin's projects, one for each project, in the order of their creation."""
    return rows.names_in_order(origin)


def show(origin: str, name: str, target: Target) -> ProjectRow:
    """Return a project. Raises ProjectMissing."""
    row = read(project_key(origin, name, target))
    if row is None:
        raise ProjectMissing
    return row


def create(origin: str, name: str, request: ProjectRequest, by: Session) -> ProjectRow:
    """Connect a package name and a target to a plan.

    Raises OriginMissing, TargetUnknown, ProjectExists, TooManyInOrigin, and the errors of `sources`.
    """
    if read(origin_key(origin)) is None:
        raise OriginMissing
    target = Target.parse(request.target)
    source = sources.source_of_new(request.location, name)
    _demand_storable(origin, source.package_name)
    key, moment = project_key(origin, source.package_name, target), now()
    row = ProjectRow(
        key.pk,
        key.sk,
        id=new_id(moment),
        owner_id=by.account_id,
        origin=origin,
        package_name=source.package_name,
        target=str(target),
        plan_path=request.location.plan_path,
        vcs_data=source.vcs_data,
        installation_id=source.installation_id,
        repository_id=source.repository_id,
        auto_build=request.auto_build,
        created_at=timestamp(moment),
        updated_at=timestamp(moment),
    )
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.add(row, otherwise=ProjectExists())
        origin_rows.add_limited(change, origin, "projects")
        audit_rows.record(change, AuditAction.PROJECT_CREATE, by, origin=origin, target=key.sk)
    return row


def _demand_storable(origin: str, name: str) -> None:
    if not is_package_name(name) or len(origin) + len(name) > STORABLE_BYTES:
        raise ProjectInvalid(f"Package name '{name}' is not valid")


def change(origin: str, name: str, request: ProjectRequest, by: Session) -> None:
    """Change the project of a name and a target, which keeps its place in the list. The caller becomes its owner.

    Raises ProjectIncomplete, TargetUnknown, ProjectMissing, OriginMissing, and the errors of `sources`.
    """
    if not request.location.plan_path:
        raise ProjectIncomplete("Missing required plan path.")
    row = show(origin, name, Target.parse(request.target))
    source = sources.source_of_changed(request.location, name)
    with Change() as changed:
        origin_rows.require(changed, origin, by.permission)
        changed.update(
            project_key(origin, name, Target(row.target)),
            [
                ProjectRow.owner_id.set(by.account_id),
                ProjectRow.plan_path.set(request.location.plan_path),
                ProjectRow.vcs_data.set(source.vcs_data),
                ProjectRow.installation_id.set(source.installation_id),
                ProjectRow.repository_id.set(source.repository_id),
                ProjectRow.auto_build.set(request.auto_build),
                ProjectRow.updated_at.set(timestamp(now())),
            ],
            condition=ProjectRow.pk.exists(),
            otherwise=ProjectMissing(),
        )
        audit_rows.record(changed, AuditAction.PROJECT_CHANGE, by, origin=origin, target=row.sk)


def delete(origin: str, name: str, target: Target, by: Session) -> None:
    """Delete the project of a name and a target, if it exists.

    The settings of integrations apply to all targets of a name, so they are deleted with its last project. Raises
    OriginMissing.
    """
    retry_when_stale(partial(_delete, origin, name, target, by))


def _delete(origin: str, name: str, target: Target, by: Session) -> None:
    key = project_key(origin, name, target)
    others = [other for other in rows.project_keys(origin, name) if other != key]
    found = read_many([key, *others])
    row = found.get(key)
    if row is None:
        return
    remaining = next((other for other in others if found.get(other) is not None), None)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.delete(key, condition=ProjectRow.id == int(row.id))
        change.update(origin_count_key(origin), [OriginCountRow.projects.add(-1)])
        if remaining is not None:
            change.check(remaining, ProjectRow.pk.exists())
        else:
            for other in others:
                change.check(other, ProjectRow.pk.does_not_exist())
            integrations.delete_all(change, origin, name)
        audit_rows.record(change, AuditAction.PROJECT_DELETE, by, origin=origin, target=key.sk)


def change_visibility(origin: str, name: str, visibility: str, by: Session) -> None:
    """Change the visibility of the next upload of a name, which need not have a project (builds.md 2.6).

    Raises VisibilityRefused, SettingsMissing.
    """
    if visibility not in (Visibility.PUBLIC, Visibility.PRIVATE):
        raise VisibilityRefused
    settings.change_visibility(origin, name, Visibility(visibility), by)
