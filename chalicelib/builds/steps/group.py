"""The steps of the executions of job groups (builds.md 12; infra/group.asl.json; app.py: `step_group`)."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec import Struct

from chalicelib.builds import motor, rows
from chalicelib.builds.engine import ending, propagation, starting
from chalicelib.builds.groups import filling
from chalicelib.builds.rows import GroupPointerRow, GroupRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.table import put_many, read

ROUNDS = 300
"""Rounds of one execution. A round takes about 14 events of the history, which stays below 5,000 of 25,000."""

ROUNDS_PER_REPAIR = 6
"""A group whose rows are in order sleeps 300 seconds per round, so that it is repaired every half an hour."""


class Next(StrEnum):
    """What the execution does after a check."""

    SLEEP = "sleep"
    RENEW = "renew"
    END = "end"


class Step(Struct):
    """The event of a step. `state` is the state of the group at the last check, `token` wakes the execution."""

    step: str
    group: int
    generation: int
    rounds: int = 0
    state: str = ""
    token: str = ""


class Checked(Struct):
    """The result of a check, which is the input of the next round."""

    group: int
    generation: int
    rounds: int
    state: str
    next: Next


def run(event: dict[str, Any]) -> Any:
    """Carry out the step of an event, and return its result as JSON values."""
    step = msgspec.convert(event, Step)
    match step.step:
        case "check":
            return msgspec.to_builtins(check(step.group, step.generation, step.rounds))
        case "sleep":
            return sleep(step.group, step.generation, GroupState(step.state), step.token)
        case "renew":
            return motor.next_generation(step.group, step.generation)
        case "fault":
            return ending.fail(step.group)
    raise ValueError(step.step)


def check(group_id: int, generation: int, rounds: int) -> Checked:
    """Do what is due for a group: write its entries, activate it, repair it, end it.

    An execution that another one has replaced ends.
    """
    rounds += 1
    group = _find(group_id)
    if group is not None and not group.is_ready and int(group.generation) == generation:
        filling.expand(group_id)
        group = _find(group_id)
    if group is None or int(group.generation) != generation:
        return Checked(group_id, generation, rounds, "", Next.END)
    is_repair = rounds % ROUNDS_PER_REPAIR == 0 or (rounds == 1 and generation > 1)
    if is_repair or rounds == 1:
        _note_day(group)
    _advance(group, is_first=rounds == 1, is_repair=is_repair)
    state = (_find(group_id) or group).group_state
    if group.is_ready and ending.finish(group_id):
        return Checked(group_id, generation, rounds, state, Next.END)
    return Checked(group_id, generation, rounds, state, Next.RENEW if rounds >= ROUNDS else Next.SLEEP)


def sleep(group_id: int, generation: int, seen: GroupState, token: str) -> None:
    """Store the token that wakes the execution. If the group has changed since the check, wake it at once.

    The change is looked for after the token is stored: a change that is written later finds the token.
    """
    try:
        with Change() as change:
            condition = GroupRow.generation == generation
            change.update(rows.group_key(group_id), [GroupRow.sleeper.set(token)], condition)
    except Stale:
        motor.end_wait(token)
        return
    group = _find(group_id)
    if group is None or _has_changed(group, seen):
        motor.end_wait(token)


def _find(group_id: int) -> GroupRow | None:
    return read(rows.group_key(group_id))


def _note_day(group: GroupRow) -> None:
    """List the group under its day, so that retention finds it without a scan."""
    key = rows.group_of_day_key(group.created_at[:10], int(group.id))
    put_many([GroupPointerRow(key.pk, key.sk, group_id=int(group.id))])


def _advance(group: GroupRow, *, is_first: bool, is_repair: bool) -> None:
    if not group.is_ready:
        return
    if group.group_state is GroupState.QUEUED:
        starting.activate(int(group.id))
    elif is_repair or group.group_state.is_final:  # a cancellation leaves the rest of a large group to this
        propagation.repair(group)
    elif is_first:  # the request may have failed before it had started all jobs
        starting.activate(int(group.id))


def _has_changed(group: GroupRow, seen: GroupState) -> bool:
    state = group.group_state
    if state.is_final and state != seen:
        return True
    if state is GroupState.QUEUED and read(rows.active_key(group.root, Target(group.target))) is None:
        return True
    return bool(group.is_ready) and ending.open_entries(group) == 0
