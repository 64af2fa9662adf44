"""The end of a group, by itself or by a user's cancel."""

from chalicelib.builds.rows import GroupRow


def open_entries(group: GroupRow) -> int:
    """Return the number of entries whose state is not final. One call."""
    raise NotImplementedError


def finish(group_id: int) -> bool:
    """Write the final state of a group without open entries, and wake the group that is queued behind it.

    Returns False if entries are open.
    """
    raise NotImplementedError


def cancel(group_id: int) -> None:
    """Cancel a group: waiting entries at once, running jobs with the next heartbeat of their worker (builds.md 8.6).

    Does nothing to a group that has ended. May be repeated.
    """
    raise NotImplementedError
