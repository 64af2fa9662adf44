"""What the end of an entry means for its dependents: they start, or are skipped."""

from chalicelib.builds.rows import GroupRow


def pass_on(group: GroupRow, order: str) -> None:
    """Tell all dependents of an entry its final state. May be repeated."""
    raise NotImplementedError


def repair(group: GroupRow) -> None:
    """Read all entries of a group, pass on what was not, and start what is ready but was not started."""
    raise NotImplementedError
