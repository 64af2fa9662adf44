"""Start of jobs: an entry whose dependencies are complete becomes a job that waits for a worker."""

from collections.abc import Sequence

from chalicelib.builds.rows import EntryRow, GroupRow


def start_ready(group: GroupRow, entries: Sequence[EntryRow]) -> int:
    """Create the jobs of those entries that wait for nothing, and return how many.

    An entry without a project becomes `skipped` with its dependents. Nothing happens to entries that another call has
    started, and in a group that is not active.
    """
    raise NotImplementedError


def activate(group_id: int) -> bool:
    """Make a queued group the active one of its root and target, and start what is ready.

    Returns False if another group is active. Does nothing, and returns True, if the group is active or has ended.
    """
    raise NotImplementedError
