"""Rows of job groups, their entries and jobs, of waiting and of running jobs.

The table is the truth about builds; executions of the state machines only drive it. Every change of a state is a
conditional write that may be repeated (docs/ARCHITECTURE.md, "Builds").
"""

from chalicelib.core.build_states import EntryState, GroupState, JobState
from chalicelib.core.target import Target
from chalicelib.platform.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from chalicelib.platform.table import Key, Row, partition

GROUP_PROJECTS = 10_000
"""The most projects that a job group can hold."""

PROGRESS_SHARDS = 16
ATTEMPTS = 4
"""A job that loses its worker is tried again three times (builds.md 8.5)."""


class GroupRow(Row):
    """A job group. `root` is `origin/name`.

    `is_ready` is False until all entries are written; readers do not see the group before. `sleeper` is the token of
    the execution that waits for a change, `generation` the number of that execution. `flags` are those of the request
    (core/build_set.py). `expansion` is the id of the call that writes the entries; a newer one supersedes it.
    `rebuilds` is the id of the group that this one repeats, and `rebuilt_as` the newest group that repeats this one.
    """

    id = NumberAttribute()
    state = UnicodeAttribute()
    root = UnicodeAttribute()
    target = UnicodeAttribute()
    trigger = UnicodeAttribute()
    requester_id = NumberAttribute()
    requester_name = UnicodeAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    projects = NumberAttribute()
    shards = NumberAttribute()
    is_ready = BooleanAttribute(default=False)
    generation = NumberAttribute(default=1)
    sleeper = UnicodeAttribute(null=True)
    flags = UnicodeAttribute(default="")
    expansion = NumberAttribute(default=0)
    rebuilds = NumberAttribute(null=True)
    rebuilt_as = NumberAttribute(null=True)

    @property
    def origin(self) -> str:
        """The origin of the root."""
        return self.root.partition("/")[0]

    @property
    def group_state(self) -> GroupState:
        """The state, parsed."""
        return GroupState(self.state)

    @property
    def channel(self) -> str:
        """The channel of what the group builds."""
        return channel_of(int(self.id))


class EntryRow(Row):
    """One project of a job group. The sort keys are in build order.

    `waiting` holds the orders of the entries that must complete first, a transitive reduction of the dependencies
    within the group; DynamoDB removes the attribute with its last element. `dependents` holds the opposite edges,
    joined by spaces. `weight` is the length of the longest path of dependents, weighted with earlier build times.
    `is_passed_on` is True once all dependents know about the final state. `ident` is the latest release that the build
    graph knew when the group was made, and `was_deleted` is True if that package did not exist any more.
    """

    name = UnicodeAttribute()
    state = UnicodeAttribute()
    ident = UnicodeAttribute(default="")
    was_deleted = BooleanAttribute(default=False)
    built_ident = UnicodeAttribute(default="")
    job_id = NumberAttribute(default=0)
    waiting = UnicodeSetAttribute(null=True)
    dependents = UnicodeAttribute(default="")
    weight = NumberAttribute(default=0)
    is_passed_on = BooleanAttribute(default=False)

    @property
    def order(self) -> str:
        """The position in the group, six digits."""
        return self.sk.partition("#")[2]

    @property
    def entry_state(self) -> EntryState:
        """The state, parsed."""
        return EntryState(self.state)


class SeedsRow(Row):
    """The names from which the entries of a group follow if it repeats another one: compressed, joined by spaces.

    `origins` are the origins in which the other group has built packages, joined by spaces.
    """

    names = BinaryAttribute(legacy_encoding=False)
    origins = UnicodeAttribute(default="")


class ProgressRow(Row):
    """A part of a group's progress: the number of its entries whose state is not final.

    An entry counts in the shard `order mod shards`, so that jobs that end together seldom write the same row.
    """

    open = NumberAttribute()


class JobRow(Row):
    """A job: one build of an entry. `attempt` counts the workers that have held it, from 1.

    `result` is what the worker reported (JSON) and is not settled yet; `task_token` wakes the job's execution.
    `lease_until` (seconds of the epoch) is renewed by the worker that holds the job. `claim` is the hash of the id
    with which the worker claimed it. `log_base` is the line of the log with which the attempt began. `worker_id` is
    `origin/id` of the worker's credential, with an empty origin for workers of all origins; `worker` is the name that
    its process gave. `origin_slot` and `target_slot` are the rows that the running job occupies; a job that a worker of
    its own origin holds has no `target_slot`.
    """

    id = NumberAttribute()
    group_id = NumberAttribute()
    entry = UnicodeAttribute()
    origin = UnicodeAttribute()
    name = UnicodeAttribute()
    target = UnicodeAttribute()
    state = UnicodeAttribute()
    attempt = NumberAttribute(default=1)
    number = NumberAttribute()
    weight = NumberAttribute(default=0)
    project_id = NumberAttribute()
    plan_path = UnicodeAttribute()
    vcs_data = UnicodeAttribute()
    installation_id = UnicodeAttribute(default="")
    repository_id = NumberAttribute(default=0)
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()
    ident = UnicodeAttribute(null=True)
    build_started_at = UnicodeAttribute(null=True)
    build_finished_at = UnicodeAttribute(null=True)
    error_code = NumberAttribute(null=True)
    error_message = UnicodeAttribute(null=True)
    failed_step = UnicodeAttribute(null=True)
    last_lines = UnicodeAttribute(null=True)
    worker_id = UnicodeAttribute(null=True)
    worker = UnicodeAttribute(null=True)
    claim = UnicodeAttribute(null=True)
    claimed_at = UnicodeAttribute(null=True)
    lease_until = NumberAttribute(null=True)
    origin_slot = UnicodeAttribute(null=True)
    target_slot = UnicodeAttribute(null=True)
    task_token = UnicodeAttribute(null=True)
    result = UnicodeAttribute(null=True)
    log_base = NumberAttribute(default=0)
    log_lines = NumberAttribute(default=0)
    log_bytes = NumberAttribute(default=0)
    is_archived = BooleanAttribute(default=False)

    @property
    def job_state(self) -> JobState:
        """The state, parsed."""
        return JobState(self.state)

    @property
    def project(self) -> str:
        """`origin/name`."""
        return f"{self.origin}/{self.name}"


class GroupPointerRow(Row):
    """Leads to a group: in a list of the groups of an origin, or of those that have not ended."""

    group_id = NumberAttribute()


class GuardRow(Row):
    """The group that is queued, or active, for a root and a target. There is at most one of each."""

    group_id = NumberAttribute()


class JobPointerRow(Row):
    """Leads to a job in the list of a project's jobs. The sort key is the job's number among them."""

    job_id = NumberAttribute()


class JobCountRow(Row):
    """The number of a project's jobs, and the seconds that its last successful build took."""

    jobs = NumberAttribute(default=0)
    seconds = NumberAttribute(null=True)


class WaitingJobRow(Row):
    """A job that waits for a worker. The sort key orders the jobs of an origin: oldest group first, then by weight."""

    job_id = NumberAttribute()


class WaitingOriginRow(Row):
    """An origin that has, or had, waiting jobs for a target. `noted_at` is in seconds of the epoch.

    The row is written before the jobs, and deleted only when it is old and the origin has no waiting job.
    """

    noted_at = NumberAttribute()


class SlotRow(Row):
    """A slot of an origin or of a target that a running job occupies, which limits how many run at once.

    Jobs that workers of one origin hold have separate slots. So an account with many origins and many workers cannot
    occupy the slots of the workers that all origins share.

    `worker_id` is the worker of the job, as in `JobRow`.
    """

    job_id = NumberAttribute()
    origin = UnicodeAttribute()
    worker_id = UnicodeAttribute(default="")


class UnarchivedRow(Row):
    """A job that has ended and whose log may not be archived. `ended_at` is in seconds of the epoch."""

    ended_at = NumberAttribute()


def channel_of(group_id: int) -> str:
    """Return the channel of what a group builds."""
    return f"bldr-{group_id}"


def group_partition(group_id: int) -> str:
    """Partition of a group and its entries."""
    return partition("GROUP", str(group_id))


def group_key(group_id: int) -> Key[GroupRow]:
    """Key of a group."""
    return Key(GroupRow, group_partition(group_id), "GROUP")


def seeds_key(group_id: int) -> Key[SeedsRow]:
    """Key of the seeds of a group that repeats another one."""
    return Key(SeedsRow, group_partition(group_id), "SEEDS")


ENTRY_PREFIX, PROGRESS_PREFIX = "ENTRY#", "PROGRESS#"


def order_text(position: int) -> str:
    """Return the order of the entry at a position from 0."""
    return f"{position:06d}"


def entry_key(group_id: int, order: str) -> Key[EntryRow]:
    """Key of an entry."""
    return Key(EntryRow, group_partition(group_id), ENTRY_PREFIX + order)


def progress_key(group_id: int, shard: int) -> Key[ProgressRow]:
    """Key of a shard of a group's progress."""
    return Key(ProgressRow, group_partition(group_id), f"{PROGRESS_PREFIX}{shard:02d}")


def shards_of(projects: int) -> int:
    """Return the number of progress shards of a group."""
    return max(1, min(PROGRESS_SHARDS, projects // 8))


def origin_groups_partition(origin: str) -> str:
    """Partition of the groups whose root is in an origin, oldest first."""
    return partition("ORIGIN-GROUPS", origin)


def origin_group_key(origin: str, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of its origin."""
    return Key(GroupPointerRow, origin_groups_partition(origin), f"{group_id:019d}")


def open_groups_partition(target: Target) -> str:
    """Partition of the groups of a target that have not ended, oldest first."""
    return partition("OPEN-GROUPS", target)


def open_group_key(target: Target, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of those that have not ended."""
    return Key(GroupPointerRow, open_groups_partition(target), f"{group_id:019d}")


def groups_of_day_partition(day: str) -> str:
    """Partition of the groups that began on a day (`2026-11-27`), by which old groups are found."""
    return partition("GROUPS-OF-DAY", day)


def group_of_day_key(day: str, group_id: int) -> Key[GroupPointerRow]:
    """Key of a group in the list of those that began on a day."""
    return Key(GroupPointerRow, groups_of_day_partition(day), f"{group_id:019d}")


def queued_key(root: str, target: Target) -> Key[GuardRow]:
    """Key of the guard of the queued group of a root and a target."""
    return Key(GuardRow, partition("GROUP-GUARD", root, target), "QUEUED")


def active_key(root: str, target: Target) -> Key[GuardRow]:
    """Key of the guard of the active group of a root and a target."""
    return Key(GuardRow, partition("GROUP-GUARD", root, target), "ACTIVE")


def job_key(job_id: int) -> Key[JobRow]:
    """Key of a job."""
    return Key(JobRow, partition("JOB", str(job_id)), "JOB")


def project_jobs_partition(origin: str, name: str) -> str:
    """Partition of the jobs of a project name, all targets, oldest first."""
    return partition("PROJECT-JOBS", origin, name)


def job_pointer_key(origin: str, name: str, number: int) -> Key[JobPointerRow]:
    """Key of a job in the list of its project; `number` counts from 1."""
    return Key(JobPointerRow, project_jobs_partition(origin, name), f"JOB#{number:010d}")


def job_count_key(origin: str, name: str) -> Key[JobCountRow]:
    """Key of the number of a project's jobs."""
    return Key(JobCountRow, project_jobs_partition(origin, name), "COUNT")


def waiting_partition(target: Target, origin: str) -> str:
    """Partition of the waiting jobs of an origin for a target, in the order in which workers take them."""
    return partition("WAITING", target, origin)


HEAVIEST = 99_999_999


def waiting_key(job: JobRow) -> Key[WaitingJobRow]:
    """Key of a waiting job."""
    order = f"{int(job.group_id):019d}#{HEAVIEST - min(int(job.weight), HEAVIEST):08d}#{int(job.id):019d}"
    return Key(WaitingJobRow, waiting_partition(Target(job.target), job.origin), order)


def waiting_origins_partition(target: Target) -> str:
    """Partition of the origins that may have waiting jobs for a target."""
    return partition("WAITING-ORIGINS", target)


def waiting_origin_key(target: Target, origin: str) -> Key[WaitingOriginRow]:
    """Key of an origin among those that may have waiting jobs."""
    return Key(WaitingOriginRow, waiting_origins_partition(target), origin)


def unarchived_partition(target: Target) -> str:
    """Partition of the jobs of a target that have ended and whose logs may not be archived, oldest first."""
    return partition("UNARCHIVED", target)


def unarchived_key(job: JobRow) -> Key[UnarchivedRow]:
    """Key of a job among those whose logs may not be archived."""
    return Key(UnarchivedRow, unarchived_partition(Target(job.target)), f"{int(job.id):019d}")


ORIGIN_SLOT, TARGET_SLOT, OWN_SLOT = "ORIGIN#", "TARGET#", "WORKERS-OF#"
"""Beginnings of the sort keys of slots. OWN_SLOT follows the others, which are read without it."""


def slots_partition(target: Target) -> str:
    """Partition of the slots that running jobs of a target occupy."""
    return partition("SLOTS", target)


def origin_slot_key(target: Target, origin: str, number: int) -> Key[SlotRow]:
    """Key of a slot of an origin."""
    return Key(SlotRow, slots_partition(target), f"{ORIGIN_SLOT}{origin}#{number:04d}")


def own_slot_key(target: Target, origin: str, number: int) -> Key[SlotRow]:
    """Key of a slot for the workers of an origin itself, which do not share the slots of the target."""
    return Key(SlotRow, slots_partition(target), f"{OWN_SLOT}{origin}#{number:04d}")


def target_slot_key(target: Target, number: int) -> Key[SlotRow]:
    """Key of a slot of a target."""
    return Key(SlotRow, slots_partition(target), f"{TARGET_SLOT}{number:04d}")
