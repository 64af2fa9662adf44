"""Job groups over HTTP (builds.md 4 and 6), with two additions (docs/ORIGINS.md, "Builds")."""

from __future__ import annotations

from typing import Any

from chalicelib.builds.errors import STATUS as BUILD_STATUS
from chalicelib.builds.errors import GroupMissing, GroupTooLarge, IdMalformed
from chalicelib.builds.groups import answers, reads, shapes
from chalicelib.builds.groups.errors import (
    STATUS,
    GroupQueued,
    GroupUnfinished,
    IdentsMalformed,
    NativeNotBuilt,
    NotBuiltAutomatically,
    TargetNotBuilt,
)
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.path_ids import parsed_id
from chalicelib.builds.rows import GroupRow
from chalicelib.catalog.errors import (
    ChannelMissing,
    OriginMissing,
    ReleaseMissing,
    TooManyChannels,
    TooManyInOrigin,
)
from chalicelib.channels.errors import BulkUnfinished, ChannelLeaving, ChannelNameInvalid
from chalicelib.core.deferred import deferred
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.roles import Role
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.http import body as body_parsing
from chalicelib.http.answer import EMPTY_204, NO_CACHE, Answer, json_answer
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, SESSION, Routes
from chalicelib.identity.errors import RoleMissing
from chalicelib.platform.object_store import ObjectStoreFailed

with deferred():
    from chalicelib.builds.groups import progress, promotion, rebuild, service

routes = Routes("job groups", {**BUILD_STATUS, **STATUS})
SCHEDULE = "/depot/pkgs/schedule/{origin}"
GROUP = "/jobs/group/{id}"
STATUS_WORD = "status"
"""A package of this name is scheduled at a path that another method uses for the list of groups."""

OF_GROUP: dict[str, Any] = {"needs": Role.MEMBER, "checked_inside": True}
"""The origin is that of the group's root, which is not in the path."""


def _id(call: Call) -> int:
    return parsed_id(call["id"])


def _group(call: Call) -> GroupRow:
    """Return the group in the path, before authorisation (builds.md 4.2). Raises IdMalformed, GroupMissing."""
    return reads.group(_id(call))


def _progress_request(_: Call, group_id: int, query: shapes.ProgressQuery) -> tuple[GroupRow, int]:
    return reads.group(group_id), query.first


def _rebuild_request(call: Call, group_id: int, _: shapes.RebuildQuery) -> tuple[GroupRow, set[str]]:
    """Return the group, and the projects that query and body name.

    Raises BodyMalformed, IdentsMalformed, GroupMissing.
    """
    texts = [*call.every("idents"), *call.every("idents[]")]
    idents = [ident.strip() for text in texts for ident in text.split(",") if ident.strip()]
    content = call.raw_text()
    if content:
        idents += body_parsing.parse(shapes.Idents, content, call.header("content-type") or "").idents
    names = rebuild.names_of(idents)
    return reads.group(group_id), names


SCHEDULED: dict[str, Any] = {
    "needs": Role.MEMBER,
    "scope": Scope.BUILD,
    "query": shapes.ScheduleQuery,
    "answers": {201: shapes.Group},
    "errors": (GroupTooLarge, NativeNotBuilt, OriginMissing, NotBuiltAutomatically, TargetNotBuilt),
}


@routes.post(SCHEDULE + "/{pkg}", **SCHEDULED)
@routes.post(f"{SCHEDULE}/{STATUS_WORD}", **SCHEDULED)
def schedule_build(call: Call, query: shapes.ScheduleQuery) -> Answer:
    """Start a job group that builds a package and what depends on it."""
    root = f"{call['origin']}/{call.path.get('pkg', STATUS_WORD)}"
    by = Requester.of(call.caller.require_session())
    scheduled = service.schedule(root, service.buildable_target(query.target), query.flags, by)
    return json_answer(201, answers.of_scheduled(scheduled), NO_CACHE)


@routes.get(
    SCHEDULE,
    needs=ANYONE,
    query=shapes.GroupQuery,
    reads_id=lambda call: parsed_id(call["origin"]),
    answers={200: shapes.Group},
    errors=(GroupMissing, IdMalformed, ObjectStoreFailed),
)
def show_group(_: Call, group_id: int, query: shapes.GroupQuery) -> Answer:
    """Return a job group; the variable of the path is its id."""
    row = reads.group(group_id)
    return json_answer(200, shapes.Group.of(row, reads.entries(row) if query.include_projects else ()), NO_CACHE)


@routes.get(f"{SCHEDULE}/{STATUS_WORD}", needs=ANYONE, query=shapes.GroupsQuery, answers={200: list[shapes.Group]})
def list_groups(call: Call, query: shapes.GroupsQuery) -> Answer:
    """Return the newest job groups whose root is in the origin, newest first, without their projects."""
    found = reads.newest_of(call["origin"], reads.listed(query.limit))
    return json_answer(200, [shapes.Group.of(row) for row in found], NO_CACHE)


@routes.post(
    GROUP + "/cancel",
    **OF_GROUP,
    scope=Scope.BUILD,
    reads=_group,
    answers={204: None},
    errors=(GroupMissing, IdMalformed),
)
def cancel_group(call: Call, group: GroupRow) -> Answer:
    """Cancel a job group. Does nothing to a group that has ended."""
    service.cancel(group, Requester.of(call.caller.require_role(group.origin, Role.MEMBER)))
    return EMPTY_204


@routes.post(
    GROUP + "/rebuild",
    **OF_GROUP,
    scope=Scope.BUILD,
    query=shapes.RebuildQuery,
    optional_body=shapes.Idents,
    reads_id=_id,
    reads=_rebuild_request,
    answers={204: None},
    errors=(
        BulkUnfinished,
        GroupMissing,
        GroupQueued,
        GroupTooLarge,
        GroupUnfinished,
        IdMalformed,
        IdentsMalformed,
        ObjectStoreFailed,
        OriginMissing,
    ),
)
def rebuild_group(call: Call, request: tuple[GroupRow, set[str]]) -> Answer:
    """Build what an ended job group has not built, or the projects that the request names.

    The header `X-Job-Group-Id` is the id of the new group; it is absent if there is nothing to build.
    """
    group, names = request
    by = Requester.of(call.caller.require_role(group.origin, Role.MEMBER))
    new_id = rebuild.rebuild(int(group.id), names, by)
    return EMPTY_204 if new_id is None else Answer(204, headers={"X-Job-Group-Id": str(new_id)})


MOVE: dict[str, Any] = {
    "needs": SESSION,
    "scope": Scope.PROMOTE,
    "checked_inside": True,
    "body": shapes.Idents,
    "answers": {204: None},
    "errors": (
        BulkUnfinished,
        ChannelLeaving,
        ChannelMissing,
        ChannelNameInvalid,
        GroupMissing,
        IdMalformed,
        ObjectStoreFailed,
        ReleaseMissing,
        RoleMissing,
        TooManyChannels,
        TooManyInOrigin,
    ),
}


@routes.post(GROUP + "/promote/{channel}", **MOVE)
def promote_group(call: Call, body: shapes.Idents) -> Answer:
    """Promote what a job group has built, or those of its packages that the request names, to a channel."""
    promotion.move(_group(call), ChannelOperation.PROMOTE, call["channel"], body.idents, call.caller)
    return EMPTY_204


@routes.post(GROUP + "/demote/{channel}", **MOVE)
def demote_group(call: Call, body: shapes.Idents) -> Answer:
    """Demote what a job group has built, or those of its packages that the request names, from a channel."""
    promotion.move(_group(call), ChannelOperation.DEMOTE, call["channel"], body.idents, call.caller)
    return EMPTY_204


@routes.get(
    "/builds/plans/{origin}/{pkg}",
    needs=Role.MEMBER,
    query=shapes.ScheduleQuery,
    answers={200: shapes.GroupPlan},
    errors=(NativeNotBuilt, TargetNotBuilt),
)
def show_build_plan(call: Call, query: shapes.ScheduleQuery) -> Answer:
    """Return what a request to build a package would build, and why other dependents are left out. Changes nothing."""
    root = f"{call['origin']}/{call['pkg']}"
    plan = service.plan(root, service.buildable_target(query.target), query.flags, call.caller)
    return json_answer(200, answers.of_plan(root, plan), NO_CACHE)


@routes.get(
    "/builds/groups/{id}",
    **OF_GROUP,
    query=shapes.ProgressQuery,
    reads_id=_id,
    reads=_progress_request,
    answers={200: shapes.GroupProgress},
    errors=(GroupMissing, IdMalformed, ObjectStoreFailed),
)
def show_group_progress(call: Call, request: tuple[GroupRow, int]) -> Answer:
    """Return the progress of a job group: what each project waits for, and why builds failed."""
    group, first = request
    call.caller.require_role(group.origin, Role.MEMBER)
    return json_answer(200, answers.of_progress(progress.progress_of(group, first), call.caller), NO_CACHE)
