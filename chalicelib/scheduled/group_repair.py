"""The repair of job groups: it completes interrupted changes of entries (builds.md 18; app.py: `repair_groups`)."""

from msgspec.structs import asdict

from chalicelib.builds.engine import propagation
from chalicelib.builds.rows import GroupRow
from chalicelib.core.builds.build_states import GroupState
from chalicelib.platform import logs
from chalicelib.scheduled.open_groups import Visited, visit_open_groups

FUNCTION = "repair-groups"


def repair_groups(seconds: float) -> Visited:
    """Repair the groups that have not ended, for about `seconds`. The next run continues with the next group."""
    result = visit_open_groups(FUNCTION, seconds, _repair)
    logs.logger().info("groups repaired", extra=asdict(result))
    return result


def _repair(group: GroupRow) -> None:
    if group.is_ready and group.group_state is not GroupState.QUEUED:
        propagation.repair(group)
