"""Job groups written directly to the table, and workers that take and end their jobs."""

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.builds.engine.settling import Cause, ResultKind, settle
from chalicelib.builds.engine.starting import start_ready
from chalicelib.builds.rows import (
    EntryRow,
    GroupPointerRow,
    GroupRow,
    GuardRow,
    JobRow,
    ProgressRow,
    SlotRow,
    active_key,
    entry_key,
    group_key,
    group_partition,
    job_key,
    open_group_key,
    order_text,
    origin_slot_key,
    progress_key,
    queued_key,
    shards_of,
    slots_partition,
    target_slot_key,
    waiting_key,
    waiting_partition,
)
from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.builds.build_states import GroupState, JobState
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import put_many, read
from tests.builders.names import a_name
from tests.builders.project_rows import a_project_row
from tests.builders.rows import partition_rows

LINUX = Target.X86_64_LINUX
Needs = Sequence[Iterable[int]]
"""For each entry the positions of the entries that it needs, all of them smaller."""


@dataclass
class Group:
    """A group whose entries and jobs are read from the memory of the engine, without calls."""

    id: int
    origin: str
    needs: list[set[int]]

    @property
    def row(self) -> GroupRow:
        found = read(group_key(self.id))
        assert found is not None
        return found

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return partition_rows(group_partition(self.id))

    @property
    def state(self) -> str:
        return str(self.rows["GROUP"]["state"])

    @property
    def entries(self) -> list[dict[str, Any]]:
        return [row for sk, row in sorted(self.rows.items()) if sk.startswith("ENTRY#")]

    @property
    def states(self) -> list[str]:
        return [entry["state"] for entry in self.entries]

    @property
    def open(self) -> int:
        return sum(int(row["open"]) for sk, row in self.rows.items() if sk.startswith("PROGRESS#"))

    def change(self, **values: Any) -> None:
        """Write attributes of the group directly."""
        with Change() as change:
            change.update(group_key(self.id), [getattr(GroupRow, name).set(value) for name, value in values.items()])

    def entry(self, position: int) -> EntryRow:
        found = read(entry_key(self.id, order_text(position)))
        assert found is not None
        return found

    def project_key(self, position: int) -> Key[ProjectRow]:
        """The key of the project of an entry."""
        origin, _, name = self.name(position).partition("/")
        return project_key(origin, name, LINUX)

    def job_id(self, position: int) -> int:
        return int(self.entries[position]["job_id"])

    def job(self, position: int) -> JobRow:
        found = read(job_key(self.job_id(position)))
        assert found is not None
        return found

    def name(self, position: int) -> str:
        return str(self.entries[position]["name"])

    def all_needs(self, position: int) -> set[int]:
        """The positions of all entries that one needs, directly or indirectly."""
        found: set[int] = set()
        for needed in self.needs[position]:
            found |= {needed} | self.all_needs(needed)
        return found


def a_group(
    needs: Needs,
    state: GroupState = GroupState.DISPATCHING,
    *,
    origin: str = "",
    projects: bool = True,
    idents: Mapping[int, str] | None = None,
    weights: Mapping[int, int] | None = None,
    names: Sequence[str] = (),
) -> Group:
    """Write a group whose entries all wait. Its first entry is the root.

    A group in the state `Dispatching` is active, another one queued. Unless weights are given, workers take the jobs in
    the order of the entries.
    """
    origin, group_id, moment = origin or a_name("origin"), new_id(), timestamp(now())
    names = names or [f"{origin}/package-{position}" for position in range(len(needs))]
    dependents: list[list[str]] = [[] for _ in needs]
    for position, needed in enumerate(needs):
        for each in needed:
            dependents[each].append(order_text(position))
    shards = shards_of(len(needs))
    key = group_key(group_id)
    group = GroupRow(
        key.pk,
        key.sk,
        id=group_id,
        state=state.value,
        root=names[0],
        target=LINUX.value,
        trigger="Unknown",
        requester_id=1,
        requester_name="bobo",
        created_at=moment,
        updated_at=moment,
        projects=len(needs),
        shards=shards,
        is_ready=True,
    )
    entries, open_entries = [], [0] * shards
    for position, needed in enumerate(needs):
        key_of_entry = entry_key(group_id, order_text(position))
        open_entries[position % shards] += 1
        entries.append(
            EntryRow(
                key_of_entry.pk,
                key_of_entry.sk,
                name=names[position],
                state="waiting",
                ident=(idents or {}).get(position, ""),
                waiting={order_text(each) for each in needed} or None,
                dependents=" ".join(dependents[position]),
                weight=(weights or {}).get(position, len(needs) - position),
            )
        )
    progress = [
        ProgressRow(group_partition(group_id), progress_key(group_id, shard).sk, open=number)
        for shard, number in enumerate(open_entries)
    ]
    guard = active_key(names[0], LINUX) if state is GroupState.DISPATCHING else queued_key(names[0], LINUX)
    pointer = open_group_key(LINUX, group_id)
    put_many([group, *entries, *progress, GuardRow(guard.pk, guard.sk, group_id=group_id)])
    put_many([GroupPointerRow(pointer.pk, pointer.sk, group_id=group_id)])
    if projects:
        put_many([a_project_row(name) for name in names])
    return Group(group_id, origin, [set(needed) for needed in needs])


def waiting_jobs(origin: str) -> list[int]:
    """Return the ids of the jobs of an origin that wait for a worker, in the order in which workers take them."""
    return [int(row["job_id"]) for _, row in sorted(partition_rows(waiting_partition(LINUX, origin)).items())]


def slots_of(origin: str) -> list[int]:
    """Return the ids of the jobs in the slots of an origin, twice for each job."""
    rows = partition_rows(slots_partition(LINUX)).values()
    return sorted(int(row["job_id"]) for row in rows if row["origin"] == origin)


def claim(origin: str) -> JobRow | None:
    """Take the first waiting job of an origin as a worker does, or return None."""
    waiting = waiting_jobs(origin)
    if not waiting:
        return None
    job = read(job_key(waiting[0]))
    assert job is not None
    number = waiting[0] % 9000 + 1000
    origin_slot, target_slot = origin_slot_key(LINUX, origin, number), target_slot_key(LINUX, waiting[0])
    try:
        with Change() as change:
            change.delete(waiting_key(job), EntryRow.pk.exists())
            for slot in (origin_slot, target_slot):
                change.add(SlotRow(slot.pk, slot.sk, job_id=job.id, origin=origin))
            change.update(
                job_key(int(job.id)),
                [
                    JobRow.state.set(JobState.DISPATCHED.value),
                    JobRow.claim.set("claim"),
                    JobRow.worker.set("worker"),
                    JobRow.claimed_at.set(timestamp(now())),
                    JobRow.lease_until.set(int(time.time()) + 60),
                    JobRow.origin_slot.set(origin_slot.sk),
                    JobRow.target_slot.set(target_slot.sk),
                ],
                (JobRow.state == JobState.PENDING.value) & (JobRow.attempt == job.attempt),
            )
    except Stale:
        return None
    return read(Key(JobRow, job.pk, job.sk))


def report(job: JobRow, kind: ResultKind = ResultKind.COMPLETE, **more: Any) -> bool:
    """Store the result of a worker's attempt. Returns False if the attempt is over."""
    result = {"kind": kind.value, **more}
    if kind is ResultKind.COMPLETE:
        result.setdefault("ident", f"{job.project}/1.0/{job.id}")
    try:
        with Change() as change:
            change.update(
                job_key(int(job.id)),
                [JobRow.result.set(json.dumps(result))],
                (JobRow.attempt == job.attempt) & JobRow.lease_until.exists() & JobRow.result.does_not_exist(),
            )
    except Stale:
        return False
    return True


def build(origin: str, kind: ResultKind = ResultKind.COMPLETE, cause: Cause = Cause.REPORTED, **more: Any) -> JobRow:
    """Take the first waiting job of an origin, end it with a result and settle it. Returns the job as it was taken."""
    job = claim(origin)
    assert job is not None
    assert report(job, kind, **more)
    settle(int(job.id), int(job.attempt), cause)
    return job


def start(group: Group) -> int:
    """Start all entries of a group that are ready."""
    return start_ready(group.row, [group.entry(position) for position in range(len(group.needs))])
