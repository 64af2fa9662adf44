"""The watchdog of job groups: it starts what should run and does not (builds.md 18; app.py: `watch_groups`)."""

from datetime import timedelta

from msgspec.structs import asdict

from chalicelib.builds import motor
from chalicelib.builds import rows as build_rows
from chalicelib.builds.engine import starting
from chalicelib.builds.rows import GroupRow
from chalicelib.builds.steps import group as group_steps
from chalicelib.builds.steps import reconcile
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform import logs
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.step_functions import Execution
from chalicelib.platform.table import read
from chalicelib.scheduled.open_groups import Visited, visit_open_groups

FUNCTION = "watch-groups"

UNFINISHED = timedelta(minutes=2)
"""The time after which a request that creates a group has ended, one way or another."""


def watch_groups(seconds: float) -> Visited:
    """Examine the groups that have not ended, for about `seconds`. The next run continues with the next group."""
    result = visit_open_groups(FUNCTION, seconds, _examine)
    logs.logger().info("groups watched", extra=asdict(result))
    return result


def _examine(group: GroupRow) -> None:
    group_id, generation = int(group.id), int(group.generation)
    if not group.is_ready and group.created_at > timestamp(now() - UNFINISHED):
        return
    if group.group_state is GroupState.QUEUED and group.is_ready and not _has_active(group):
        starting.activate(group_id)
    match motor.find_group(group_id, generation):
        case None:  # there are no state machines
            group_steps.check(group_id, generation, rounds=group_steps.ROUNDS_PER_REPAIR - 1)
        case Execution.MISSING:  # it also fills a group that is not ready
            motor.start_group(group_id, generation)
        case Execution.ENDED:
            reconcile.restart(group)


def _has_active(group: GroupRow) -> bool:
    return read(build_rows.active_key(group.root, Target(group.target))) is not None
