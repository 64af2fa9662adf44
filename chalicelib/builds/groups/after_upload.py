"""Builds of what depends on an uploaded package (builds.md 6.4).

The group is made in the background. Failures are ignored, because the package is published; the next upload builds the
dependents.
"""

from contextlib import suppress

from chalicelib.builds.errors import GroupTooLarge
from chalicelib.builds.groups import service
from chalicelib.builds.groups.errors import NativeNotBuilt, NotBuiltAutomatically
from chalicelib.builds.groups.requester import Requester
from chalicelib.catalog.errors import OriginMissing
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.identity.rows import account_key
from chalicelib.platform import background, logs
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.table import read

REFUSALS = (GroupTooLarge, NativeNotBuilt, OriginMissing, NotBuiltAutomatically)


def start(ident: PackageIdent, target: Target, uploader_id: int) -> None:
    """Start `schedule_dependents` for a package that is built automatically. Never raises errors of AWS."""
    if not config.build_on_upload or target not in config.build_targets:
        return
    try:
        background.start(
            config.build_function,
            schedule_dependents,
            root=f"{ident.origin}/{ident.name}",
            target=str(target),
            uploader_id=uploader_id,
            upload_id=new_id(),
        )
    except background.NotStarted as problem:
        logs.unexpected_error(problem)


def schedule_dependents(root: str, target: str, uploader_id: int, upload_id: int) -> None:
    """Make a job group of the dependents of an uploaded package. Does nothing if it cannot be built automatically.

    A repeat with the same `upload_id` makes no second group.
    """
    account = read(account_key(uploader_id))
    by = Requester(uploader_id, "" if account is None else account.name, Trigger.UPLOAD)
    with suppress(*REFUSALS):
        service.schedule(root, Target(target), Flags(deps_only=True), by, event=f"upload/{upload_id}")
