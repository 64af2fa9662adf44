"""The builds that a push starts (builds.md 9.5, step 6)."""

import time
from collections.abc import Iterable

from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.builds.plan_file import Plan
from chalicelib.core.target import Target
from chalicelib.ext import scheduling
from chalicelib.ext.errors import PushUnfinished
from chalicelib.ext.notices import Push
from chalicelib.identity.rows import name_key
from chalicelib.platform.config import config
from chalicelib.platform.failures import Failures
from chalicelib.platform.table import StoreUnavailable, read, read_many

NO_ACCOUNT = 0
"""The account id of a pusher without an account here."""


def start_builds(push: Push, plans: Iterable[tuple[Plan, Target]], delivery: str | None, end: float) -> None:
    """Start the builds of those plans that have a project with automatic builds for the repository of the push.

    `delivery` is GitHub's id of the event: a repeat of the event starts only what has not been started. A build that
    fails to start is logged and left out. Raises PushUnfinished if the time is over (`end` in seconds of the monotonic
    clock), StoreUnavailable.
    """
    projects = _projects(push, plans)
    if not projects:
        return
    account = read(name_key(push.pusher_name))
    account_id = NO_ACCOUNT if account is None else int(account.account_id)
    failures = Failures()
    for row in projects:
        if time.monotonic() > end:
            raise PushUnfinished
        event = None if delivery is None else f"push/{delivery}/{row.name}/{row.target}"
        with failures.skipped(unless=(StoreUnavailable,)):
            scheduling.schedule(row.name, Target(row.target), account_id, push.pusher_name, event)


def _projects(push: Push, plans: Iterable[tuple[Plan, Target]]) -> list[ProjectRow]:
    keys = [
        project_key(plan.origin, plan.name, target)
        for plan, target in plans
        if target in config.build_targets and plan.origin not in config.suppress_autobuild_origins
    ]
    found = read_many(keys)
    rows = [found.get(key) for key in dict.fromkeys(keys)]
    return [row for row in rows if row is not None and row.auto_build and row.vcs_data == push.clone_url]
