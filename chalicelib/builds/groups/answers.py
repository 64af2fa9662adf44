"""The shapes of answers about job groups, from values of the domain."""

from __future__ import annotations

from msgspec import UNSET

from chalicelib.builds.groups import shapes
from chalicelib.builds.rows import JobRow
from chalicelib.core.builds.build_set import LeftOut
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.deferred import deferred
from chalicelib.core.roles import Role
from chalicelib.identity.caller import Caller

with deferred():
    from chalicelib.builds.groups import progress, reads, service

NO_GROUP = "0"
"""The id of the group in the answer to a request that builds nothing (builds.md 6.1, 5)."""


def of_scheduled(scheduled: service.Scheduled) -> shapes.Group:
    """Return the answer to a request to build: the group as it was when it was made, before its first job."""
    if scheduled.group is None:
        return shapes.Group(NO_GROUP, GroupState.COMPLETE, [], "", "", scheduled.target)
    shown = shapes.Group.of(scheduled.group)
    shown.state = GroupState.QUEUED
    shown.projects = [
        shapes.GroupProject(entry.name, entry.ident, EntryState.WAITING.shown, "0", scheduled.target)
        for entry in scheduled.entries
    ]
    return shown


def of_plan(root: str, plan: service.Plan) -> shapes.GroupPlan:
    """Return the answer with what a request would build."""
    return shapes.GroupPlan(
        project_name=root,
        target=plan.target,
        has_project=plan.has_project,
        automatic_builds=plan.is_automatic,
        projects=[shapes.PlannedProject(name, plan.latest[name]) for name in plan.projects.projects],
        left_out=[_left_out(each) for each in plan.projects.left_out],
    )


def of_progress(shown: progress.Progress, caller: Caller) -> shapes.GroupProgress:
    """Return the answer with the progress of a group.

    The log of a job may be private, so only members of the origin of a project see why its build failed.
    """
    group = shown.group
    caller.learn_roles(each.origin for each in shown.page if each.has_failed)
    return shapes.GroupProgress(
        id=str(int(group.id)),
        state=group.state,
        project_name=group.root,
        target=group.target,
        created_at=group.created_at + shapes.UTC_OFFSET,
        requester=group.requester_name,
        trigger=group.trigger,
        channel=group.channel,
        rebuilds=None if group.rebuilds is None else str(int(group.rebuilds)),
        counts=dict(shown.counts),
        waits=[shapes.WaitReason(wait.reason, wait.text) for wait in shown.waits],
        projects=[_project(shown, each, caller) for each in shown.page],
        next=shown.following,
    )


def _left_out(left_out: LeftOut) -> shapes.LeftOutProject:
    return shapes.LeftOutProject(left_out.name, left_out.reason, left_out.dependency or UNSET)


def _project(shown: progress.Progress, each: progress.EntryProgress, caller: Caller) -> shapes.ProjectProgress:
    entry = each.entry
    failed = each.job if each.has_failed else None
    return shapes.ProjectProgress(
        name=entry.name,
        state=reads.shown_state(shown.group, entry),
        ident=reads.shown_ident(entry),
        job_id=str(int(entry.job_id)),
        job_state=None if each.job is None else each.job.state,
        waiting_for=list(each.waiting_for),
        waiting_number=each.waiting_number,
        failure=None if failed is None else _failure(failed, caller.has_role(each.origin, Role.MEMBER)),
    )


def _failure(job: JobRow, with_log: bool) -> shapes.ProjectFailure:
    step, last_lines = (job.failed_step or "", job.last_lines or "") if with_log else ("", "")
    return shapes.ProjectFailure(int(job.error_code or 0), job.error_message or "", step, last_lines)
