"""Creation of job groups: the rows of a group and its entries."""

from chalicelib.builds.rows import GroupRow


def expand(group_id: int) -> None:
    """Write what is missing of a group that is not ready, and make it ready. May be repeated."""
    raise NotImplementedError


def remove_unfinished(group: GroupRow) -> None:
    """Delete a group that never became ready, with its guard and pointers. May be repeated."""
    raise NotImplementedError
