"""Pushes to repositories at GitHub, which start builds (builds.md 9.5)."""

import time

from chalicelib.ext.notices import Push
from chalicelib.ext.push_builds import start_builds
from chalicelib.ext.push_plans import FoundPlan, plans_of
from chalicelib.github.installation import Installation

TOTAL_SECONDS = 24.0
"""No build is started later. GitHub's own requests have less time, and The function times out after 29 seconds."""


def receive(push: Push, delivery: str | None) -> list[FoundPlan]:
    """Start the builds of a push, and return every plan that it touches with its target, built or not.

    May be repeated with the same delivery id. Raises GitHubFailed, BldrTomlUnreadable, PlanUnreadable, PushTooLarge,
    PushUnfinished, StoreUnavailable.
    """
    end = time.monotonic() + TOTAL_SECONDS
    plans = plans_of(push, Installation(push.installation.id))
    start_builds(push, plans, delivery, end)
    return plans
