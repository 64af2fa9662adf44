"""Work that functions do rarely, such as folds after one of 64 changes. Tests of rights let a function do it."""

from contextlib import suppress
from datetime import timedelta

import pytest

from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import stopping
from chalicelib.builds.groups import inheritance
from chalicelib.builds.rows import JobRow
from chalicelib.catalog import channel_rows, fences, newest_views
from chalicelib.catalog.job_token_rows import JobTokenRow, job_token_key
from chalicelib.catalog.lists import list_folding, list_rows
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.channels import deletion, newest_of_all
from chalicelib.channels import service as channels
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk import service as bulk
from chalicelib.channels.errors import BulkUnfinished
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import put_many, read
from tests.api.client import Depot
from tests.builders.group_rows import a_group as a_group_row
from tests.builders.hart import Hart
from tests.builders.job_groups import Group, a_group, claim, start, waiting_jobs
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.packages import a_channel, a_package, promote
from tests.rights.enforcement import running_as

BEFORE = timedelta(days=-1)


def fold_lists(depot: Depot, function: str, patch: pytest.MonkeyPatch) -> None:
    """Let a function fold the changes of an origin into the indexes and views of its lists, and count a list again."""
    patch.setattr(newest_of_all, "FEW_PACKAGES", 0)
    origin = an_origin(depot)
    a_channel(depot, origin, "listed")
    promote(depot, a_package(depot, origin, name="first"), "listed")
    assert depot.get(f"/depot/channels/{origin}/listed/pkgs/_latest", query={"target": "x86_64-linux"}).status == 200
    promote(depot, a_package(depot, origin, name="second"), "listed")
    patch.setattr(list_folding, "SETTLED", BEFORE)
    lists = (list_rows.IDENTS, list_rows.NAMES, list_rows.SETTINGS, list_rows.channel_list("listed"))
    with running_as(function):
        list_folding.fold(origin)
        for name in lists:
            list_folding.rebuild(origin, name)
    promote(depot, a_package(depot, origin, name="third"), "listed")
    key = channel_rows.newest_of_all_key(origin, "listed", "x86_64-linux")
    assert read(key) is not None
    patch.setattr(newest_views, "LIFE", BEFORE)
    with running_as(function):
        list_folding.fold(origin)
    assert read(key) is None


def a_lost_job_with_a_release(depot: Depot, patch: pytest.MonkeyPatch) -> tuple[Group, JobRow, Hart]:
    """Return a group, and its first job, which lost its worker after the upload of its release.

    The channel of the group was deleted while it had releases of other jobs, and the deletion was interrupted.
    """
    origin = an_origin(depot)
    group = a_group([[], [0]], origin=origin)
    channel = a_channel(depot, origin, build_rows.channel_of(group.id))
    for name in ("other", "third"):
        promote(depot, a_package(depot, origin, name=name), channel)
    with patch.context() as interruption:
        interruption.setattr(deletion, "_remove_members", lambda *_: False)
        channels.delete(origin, channel, UPLOADER)
    patch.setattr(long_change_states, "LEASE_SECONDS", 0.0)
    hart = a_package(depot, origin, name="package-0")
    start(group)
    job = claim(origin)
    assert job is not None
    put_many([_tokens(job, hart)])
    return group, job, hart


def _tokens(job: JobRow, hart: Hart) -> JobTokenRow:
    origin = read(origin_key(job.origin))
    assert origin is not None
    key = job_token_key(int(job.id), int(job.attempt))
    return JobTokenRow(
        key.pk,
        key.sk,
        origin=job.origin,
        origin_id=origin.id,
        name=job.name,
        channel=build_rows.channel_of(int(job.group_id)),
        fingerprint="f",
        read_fingerprint="r",
        box="box",
        expires_at=2**31,
        uploaded=hart.path,
    )


def inherit_packages(depot: Depot, function: str, patch: pytest.MonkeyPatch) -> None:
    """Let a function fill the channel of a job group that repeats another one, first in too little time."""
    origin = an_origin(depot)
    repeated, group = new_id(), a_group_row(GroupState.QUEUED)
    group.rebuilds, group.trigger = repeated, Trigger.UNKNOWN.value
    channel = a_channel(depot, origin, build_rows.channel_of(repeated))
    for name in ("built", "other", "third"):
        promote(depot, a_package(depot, origin, name=name), channel)
    put_many([inheritance.seeds_row(int(group.id), [f"{origin}/built"], [origin])])
    patch.setattr(long_change_states, "LEASE_SECONDS", 0.0)
    patch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 3)
    fences.forget()
    with running_as(function):
        with patch.context() as slow, suppress(BulkUnfinished):
            slow.setattr(bulk, "SECONDS", -1.0)
            inheritance.copy_packages(group)
        inheritance.copy_packages(group)
    fold_lists(depot, function, patch)


def start_entries(function: str) -> None:
    """Let a function start two entries: one whose release was deleted, and one of an origin without waiting jobs."""
    group = a_group([[], []], idents={0: "core/deleted/1/1"})
    with running_as(function):
        start(group)
    assert group.states == ["missing", "running"]


def stop_entries(function: str) -> None:
    """Let a function stop a job that waits for another worker, and one that a worker holds."""
    group = a_group([[], [], []])
    start(group)
    waiting = read(build_rows.job_key(waiting_jobs(group.origin)[-1]))
    assert waiting is not None
    assert claim(group.origin) is not None
    with Change() as change:
        change.update(build_rows.job_key(int(waiting.id)), [JobRow.log_lines.set(1)])
    group.change(state=GroupState.FAILED.value)
    with running_as(function):
        stopping.stop_entries(group.row)
    assert sorted(group.states) == ["canceled", "canceled", "running"]
