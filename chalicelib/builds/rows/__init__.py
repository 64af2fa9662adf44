"""Rows of job groups, their entries and jobs, of waiting and of running jobs: one module for each kind.

The table is the truth about builds; executions of the state machines only drive it. Every change of a state is a
conditional write that may be repeated (docs/ARCHITECTURE.md, "Builds").
"""

from chalicelib.builds.rows.entries import ENTRY_PREFIX, EntryRow, entry_key, order_text
from chalicelib.builds.rows.groups import (
    GROUP_PROJECTS,
    PROGRESS_PREFIX,
    PROGRESS_SHARDS,
    GroupPointerRow,
    GroupRow,
    ProgressRow,
    SeedsRow,
    channel_of,
    group_key,
    group_of_day_key,
    group_partition,
    groups_of_day_partition,
    open_group_key,
    open_groups_partition,
    origin_group_key,
    origin_groups_partition,
    progress_key,
    seeds_key,
    shards_of,
)
from chalicelib.builds.rows.guards import GuardRow, active_key, queued_key
from chalicelib.builds.rows.jobs import (
    ATTEMPTS,
    JobCountRow,
    JobPointerRow,
    JobRow,
    UnarchivedRow,
    job_count_key,
    job_key,
    job_pointer_key,
    project_jobs_partition,
    unarchived_key,
    unarchived_partition,
)
from chalicelib.builds.rows.slots import (
    ORIGIN_SLOT,
    OWN_SLOT,
    TARGET_SLOT,
    SlotRow,
    origin_slot_key,
    own_slot_key,
    slots_partition,
    target_slot_key,
)
from chalicelib.builds.rows.waiting import (
    HEAVIEST,
    WaitingJobRow,
    WaitingOriginRow,
    waiting_key,
    waiting_origin_key,
    waiting_origins_partition,
    waiting_partition,
)

__all__ = [
    "ATTEMPTS", "ENTRY_PREFIX", "GROUP_PROJECTS", "HEAVIEST", "ORIGIN_SLOT", "OWN_SLOT", "PROGRESS_PREFIX",
    "PROGRESS_SHARDS", "TARGET_SLOT", "EntryRow", "GroupPointerRow", "GroupRow", "GuardRow", "JobCountRow",
    "JobPointerRow", "JobRow", "ProgressRow", "SeedsRow", "SlotRow", "UnarchivedRow", "WaitingJobRow",
    "WaitingOriginRow", "active_key", "channel_of", "entry_key", "group_key", "group_of_day_key", "group_partition",
    "groups_of_day_partition", "job_count_key", "job_key", "job_pointer_key", "open_group_key",
    "open_groups_partition", "order_text", "origin_group_key", "origin_groups_partition", "origin_slot_key",
    "own_slot_key", "progress_key", "project_jobs_partition", "queued_key", "seeds_key", "shards_of",
    "slots_partition", "target_slot_key", "unarchived_key", "unarchived_partition", "waiting_key",
    "waiting_origin_key", "waiting_origins_partition", "waiting_partition",
]  # fmt: skip
