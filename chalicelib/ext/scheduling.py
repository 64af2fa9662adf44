"""The connection between pushes and job groups (builds.md 9.5, step 6)."""

from contextlib import suppress

from chalicelib.builds.groups import service
from chalicelib.builds.groups.after_upload import REFUSALS
from chalicelib.builds.groups.requester import Requester
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.target import Target


def schedule(root: str, target: Target, account_id: int, account_name: str, event: str | None) -> None:
    """Schedule a group for a root (`origin/name`) because of a push. `account_id` is 0 for a pusher without account.

    Does nothing if the package is not built automatically, or cannot be built. `event` identifies the build of the
    push: a repeat makes no second group.
    """
    with suppress(*REFUSALS):
        service.schedule(root, target, Flags(), Requester(account_id, account_name, Trigger.WEBHOOK), event)
