"""The connection between pushes and job groups (builds.md 9.5, step 6)."""

from chalicelib.core.target import Target


def schedule(root: str, target: Target, account_id: int, account_name: str) -> None:
    """Schedule a group for a root (`origin/name`) because of a push. `account_id` is 0 for a pusher without account.

    Raises the errors of scheduling.
    """
    raise NotImplementedError
