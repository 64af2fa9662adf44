"""The repair of job groups: it completes interrupted changes of entries (builds.md 18; app.py: `repair_groups`)."""

import time

from msgspec import Struct
from msgspec.structs import asdict

from chalicelib.builds.engine import propagation
from chalicelib.builds.rows import GroupRow
from chalicelib.core.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.platform import logs
from chalicelib.platform.failures import Failures
from chalicelib.scheduled.cursors import read_cursor, store_cursor
from chalicelib.scheduled.open_groups import open_groups

CURSOR = "repair-groups/"


class GroupsRepaired(Struct, frozen=True):
    """The numbers of groups that were examined and that failed in one run."""

    groups: int
    failed: int


def repair_groups(seconds: float) -> GroupsRepaired:
    """Repair the groups that have not ended, for about `seconds`. The next run continues with the next group."""
    end, failures, examined = time.monotonic() + seconds, Failures(), 0
    for target in Target:
        with failures.skipped():
            for group in open_groups(target, read_cursor(CURSOR + target)):
                if time.monotonic() > end:
                    break
                examined += 1
                with failures.skipped():
                    _repair(group)
                store_cursor(CURSOR + target, f"{int(group.id):019d}")
            else:
                store_cursor(CURSOR + target, "")
    result = GroupsRepaired(examined, failures.number)
    logs.logger().info("groups repaired", extra=asdict(result))
    return result


def _repair(group: GroupRow) -> None:
    if group.is_ready and group.group_state is not GroupState.QUEUED:
        propagation.repair(group)
