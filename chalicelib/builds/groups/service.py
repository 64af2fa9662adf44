"""The rules of scheduling and cancelling job groups (builds.md 4.2, 6.1, 6.4)."""

from collections.abc import Sequence

from msgspec import Struct

from chalicelib.builds.engine import ending
from chalicelib.builds.errors import GroupMissing
from chalicelib.builds.groups import choice, creation, plan_privacy
from chalicelib.builds.groups.errors import NativeNotBuilt, NotBuiltAutomatically, TargetNotBuilt
from chalicelib.builds.groups.new_group import NewGroup
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.catalog import audit_rows, origin_rows, package_rows, project_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.builds.build_set import BuildSet, Flags
from chalicelib.core.ident import PackageIdent, is_package_name, is_storable
from chalicelib.core.target import Target, TargetUnknown
from chalicelib.graph import service as graphs
from chalicelib.identity.caller import Caller
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.table import read


class Scheduled(Struct, frozen=True):
    """The group that a request made or joined, with its entries if it is new; no group if there is nothing to build."""

    target: Target
    group: GroupRow | None = None
    entries: Sequence[EntryRow] = ()


class Plan(Struct, frozen=True):
    """What a request would build. `has_project` and `is_automatic` are about the root's project."""

    target: Target
    projects: BuildSet
    latest: dict[str, str]
    has_project: bool
    is_automatic: bool


def buildable_target(text: str) -> Target:
    """Return a target for which packages are built. Raises TargetNotBuilt."""
    try:
        target = Target.parse(text)
    except TargetUnknown as problem:
        raise TargetNotBuilt from problem
    if target not in config.build_targets:
        raise TargetNotBuilt
    return target


def schedule(root: str, target: Target, flags: Flags, by: Requester, event: str | None = None) -> Scheduled:
    """Make a job group that builds a root and what depends on it, or return the group of the root that is queued.

    The jobs of projects that wait for nothing exist when the function returns. `event` identifies the cause of the
    request, if that may be repeated: a repeat returns the group of the first time. Raises NativeNotBuilt,
    NotBuiltAutomatically, GroupTooLarge, OriginMissing, RoleLost.
    """
    _demand_not_native(root, target)
    _demand_project(root, target, by)
    graph = graphs.graph_of(target)
    projects = choice.chosen(graph, root, target, flags)
    if not projects.projects:
        return Scheduled(target)
    created = creation.create(NewGroup(root, target, flags, by, event=event), graph, projects.projects)
    return Scheduled(target, created.group, created.entries)


def plan(root: str, target: Target, flags: Flags, caller: Caller) -> Plan:
    """Return what a request to build a root would build, and why the rest is left out. Changes nothing.

    Names of origins that are private to the caller are not among those that are left out.

    Raises NativeNotBuilt.
    """
    _demand_not_native(root, target)
    graph = graphs.graph_of(target)
    projects = plan_privacy.without_private_names(choice.with_reasons(graph, root, target, flags), caller)
    own = choice.automatic([root], target)
    latest = {name: graph.latest(name) for name in projects.projects}
    return Plan(target, projects, latest, has_project=root in own, is_automatic=own.get(root, False))


def cancel(group: GroupRow, by: Requester) -> None:
    """Cancel a group. Does nothing to a group that has ended (builds.md 8.6).

    One transaction writes the state and the audit row; a repeat completes what was interrupted after it. Raises
    RoleLost, and GroupMissing if the origin was deleted meanwhile.
    """

    def record(change: Change) -> None:
        target = str(int(group.id))
        origin_rows.require(change, group.origin, by.permission, otherwise=GroupMissing)
        audit_rows.record(change, AuditAction.JOB_GROUP_CANCEL, by.session, origin=group.origin, target=target)

    ending.cancel(int(group.id), record)


def _demand_not_native(root: str, target: Target) -> None:
    origin, _, name = root.partition("/")
    newest = package_rows.newest(origin, name, target)
    if newest is not None and newest.package_type == "native":
        raise NativeNotBuilt("Building 'native' package is not supported")


def _demand_project(root: str, target: Target, by: Requester) -> None:
    """Raise NotBuiltAutomatically without a project with automatic builds, unless a person requests the build.

    No project can have a name that a package cannot have.
    """
    origin, _, name = root.partition("/")
    if not is_package_name(name) or not is_storable(PackageIdent(origin, name, "0", "0")):
        raise NotBuiltAutomatically
    if by.is_person:
        return
    project = read(project_rows.project_key(origin, name, target))
    if project is None or not project.auto_build:
        raise NotBuiltAutomatically
