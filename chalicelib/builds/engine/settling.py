"""The end of a job: its final state, that of its entry, and what follows for the dependents and the group."""

from datetime import datetime
from typing import Any

import msgspec

from chalicelib.builds import motor
from chalicelib.builds.engine import measures
from chalicelib.builds.engine.ended_logs import note_log
from chalicelib.builds.engine.new_jobs import note_origins, put_in_queue
from chalicelib.builds.engine.outcomes import Cause, Outcome, Result, ResultKind, outcome_of
from chalicelib.builds.engine.progress import count_closed, open_entries
from chalicelib.builds.engine.propagation import pass_on
from chalicelib.builds.engine.unreported import publish, tokens_of
from chalicelib.builds.rows import (
    EntryRow,
    GroupRow,
    JobCountRow,
    JobRow,
    SlotRow,
    entry_key,
    group_key,
    job_count_key,
    job_key,
    slots_partition,
    waiting_key,
    waiting_origin_key,
)
from chalicelib.catalog import job_token_rows
from chalicelib.core.builds.build_states import EntryState, JobError, JobState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import Action, Condition
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, read_many

__all__ = ["Cause", "Result", "ResultKind", "settle", "settle_in_request"]

DEPENDENTS_IN_REQUEST = 100
"""How many dependents a worker's report may start: each takes a call, and fifteen of them two more."""

UNREADABLE = Result(ResultKind.FAILED, error=JobError.SYSTEM)


def settle(job_id: int, attempt: int, cause: Cause) -> None:
    """Settle an attempt of a job from its row: what the worker reported counts more than the cause.

    A lost or returned attempt leads to another one, at most ATTEMPTS, unless it has uploaded a release: then the job is
    complete. Then passes the entry's final state on, and wakes the group when nothing is left to do. Does nothing for
    an attempt that is settled.

    The final states of job and entry, the slots and the progress are one transaction. If an interruption follows, a
    repeat passes the state on; without a repeat, `propagation.repair` does.
    """
    ended = retry_when_stale(lambda: _settle(read(job_key(job_id)), attempt, cause))
    if ended is None:
        return
    group, entry = ended
    if not entry.is_passed_on:
        pass_on(group, entry)
    if open_entries(group) == 0:
        motor.wake_group(int(group.id))


def settle_in_request(job: JobRow, cause: Cause = Cause.REPORTED) -> None:
    """Settle an attempt within a request of a worker: the report about it, or a claim that finds it cannot be built.

    The dependents of a complete job start at once if there are at most DEPENDENTS_IN_REQUEST. The execution of the
    attempt calls `settle` too: it passes on everything else, and whatever an interruption has left. A job that was
    never claimed has no execution; `propagation.repair` skips its dependents.
    """
    known = [job]
    key, attempt = job_key(int(job.id)), int(job.attempt)
    ended = retry_when_stale(lambda: _settle(known.pop() if known else read(key), attempt, cause))
    if ended is not None and _starts_few(ended[1]):
        pass_on(*ended)


def _starts_few(entry: EntryRow) -> bool:
    """Return whether the end of an entry starts dependents, and so few that a request may do it.

    The skip of dependents reads the whole group, and nothing waits for it.
    """
    if entry.is_passed_on or entry.entry_state is not EntryState.COMPLETE:
        return False
    return len(entry.dependents.split()) <= DEPENDENTS_IN_REQUEST


def _settle(job: JobRow | None, attempt: int, cause: Cause) -> tuple[GroupRow, EntryRow] | None:
    """Return group and entry of an attempt that is final now, or None if there is nothing to pass on. Raises Stale."""
    if job is None or job.attempt != attempt:
        return None
    keys = group_key(int(job.group_id)), entry_key(int(job.group_id), job.entry)
    note = waiting_origin_key(Target(job.target), job.origin)
    found = read_many([*keys, note])
    group, entry = found.get(keys[0]), found.get(keys[1])
    if group is None or entry is None:  # deleted with its ended group, whose jobs are all final
        return None
    if job.job_state.is_final:
        return group, entry
    result, unchanged = _result(job), None
    if result is None or result.kind is ResultKind.RETURNED:
        tokens = tokens_of(job)
        ident = None if tokens is None else tokens.uploaded
        unchanged = job_token_rows.has_uploaded(ident)
        if tokens is not None and ident is not None and publish(job, tokens, ident):
            result = Result(ResultKind.COMPLETE, ident)
    outcome = outcome_of(job.job_state, attempt, cause, result, group.group_state.is_final)
    if outcome is None:
        return None
    if outcome.is_another_attempt:
        note_origins([note], found)
        _try_again(job, unchanged)
        return None
    _end(job, group, entry, outcome, result, unchanged)
    return group, entry


def _result(job: JobRow) -> Result | None:
    if job.result is None:
        return None
    try:
        return msgspec.json.decode(job.result, type=Result)
    except msgspec.MsgspecError:
        return UNREADABLE


def _try_again(job: JobRow, unchanged: Condition | None) -> None:
    """Let a job wait for another worker. It keeps its place in the order of the waiting jobs."""
    forgotten = [*_HELD, JobRow.worker_id, JobRow.worker, JobRow.claimed_at]
    with Change() as change:
        put_in_queue(change, job)
        _update(change, job, JobState.PENDING, [JobRow.attempt.set(job.attempt + 1), *_removed(forgotten)])
        _end_attempt(change, job, unchanged)


def _end(
    job: JobRow,
    group: GroupRow,
    entry: EntryRow,
    outcome: Outcome,
    result: Result | None,
    unchanged: Condition | None,
) -> None:
    """Write the final states of a job and its entry, and update `entry` accordingly."""
    seconds = _seconds(result) if outcome.job is JobState.COMPLETE and result else None
    with Change() as change:
        _update(change, job, outcome.job, [*_report(outcome, result or Result(ResultKind.FAILED)), *_removed(_HELD)])
        note_log(change, job)
        if job.job_state is JobState.PENDING:
            change.delete(waiting_key(job))
        _end_attempt(change, job, unchanged)
        _end_entry(change, job, entry, outcome, result)
        count_closed(change, group, [entry.order])
        if seconds is not None:
            change.update(job_count_key(job.origin, job.name), [JobCountRow.seconds.set(seconds)])
    measures.job_ended(job.target, outcome.job, seconds)
    entry.state = outcome.entry.value
    entry.is_passed_on = not entry.dependents


def _end_entry(change: Change, job: JobRow, entry: EntryRow, outcome: Outcome, result: Result | None) -> None:
    actions = [EntryRow.state.set(outcome.entry.value), EntryRow.is_passed_on.set(not entry.dependents)]
    if outcome.entry is EntryState.COMPLETE and result is not None:
        actions.append(EntryRow.built_ident.set(result.ident))
    condition = (EntryRow.state == EntryState.RUNNING.value) & (EntryRow.job_id == job.id)
    change.update(entry_key(int(job.group_id), entry.order), actions, condition)


_HELD: list[Any] = [
    JobRow.claim,
    JobRow.lease_until,
    JobRow.origin_slot,
    JobRow.target_slot,
    JobRow.task_token,
    JobRow.result,
]
"""Attributes of a job that a worker holds."""


def _removed(attributes: list[Any]) -> list[Action]:
    return [attribute.remove() for attribute in attributes]


def _update(change: Change, job: JobRow, state: JobState, actions: list[Action]) -> None:
    """Change a job on the condition that neither state nor attempt changed, and that no result arrived."""
    change.update(
        job_key(int(job.id)),
        [JobRow.state.set(state.value), JobRow.updated_at.set(timestamp(now())), *actions],
        (JobRow.state == job.state)
        & (JobRow.attempt == job.attempt)
        & (JobRow.result.does_not_exist() if job.result is None else JobRow.result.exists()),
    )


def _end_attempt(change: Change, job: JobRow, unchanged: Condition | None) -> None:
    """End the tokens of an attempt, if its row is unchanged, and free the slots that the attempt occupies."""
    job_token_rows.end(change, int(job.id), int(job.attempt), unchanged)
    for slot in (job.origin_slot, job.target_slot):
        if slot is not None:
            change.delete(Key(SlotRow, slots_partition(Target(job.target)), slot))


def _report(outcome: Outcome, result: Result) -> list[Action]:
    """Return the actions that store what is known about the end of a job. Empty texts are left out."""
    error = outcome.error
    texts = (
        (JobRow.ident, result.ident),
        (JobRow.build_started_at, result.build_started_at),
        (JobRow.build_finished_at, result.build_finished_at),
        (JobRow.error_message, error.value if error else ""),
        (JobRow.failed_step, outcome.step or result.step),
        (JobRow.last_lines, result.last_lines),
    )
    codes: list[Action] = [] if error is None else [JobRow.error_code.set(error.code)]
    return codes + [attribute.set(text) for attribute, text in texts if text]


def _seconds(result: Result) -> int | None:
    """Return the duration of a build, or None if it is not known."""
    try:
        began, ended = map(datetime.fromisoformat, (result.build_started_at, result.build_finished_at))
        return max(1, round((ended - began).total_seconds()))
    except (ValueError, TypeError):
        return None
