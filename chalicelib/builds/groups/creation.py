"""Creation of job groups: the rows of a group and its entries."""


def expand(group_id: int) -> None:
    """Write what is missing of a group that is not ready, and make it ready. May be repeated."""
    raise NotImplementedError
