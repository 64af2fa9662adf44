"""The modules behind the Lambda functions of app.py. Each loads with the first event of its function."""

from chalicelib.core.deferred import deferred

with deferred():
    from chalicelib.builds.groups import after_upload as builds_after_upload
    from chalicelib.builds.steps import group as group_steps
    from chalicelib.builds.steps import job as job_steps
    from chalicelib.builds.steps import reconcile as execution_ends
    from chalicelib.long_changes import steps as long_change_steps
    from chalicelib.scheduled import builds as scheduled_builds
    from chalicelib.scheduled import (
        event_upkeep,
        group_repair,
        group_watch,
        job_watch,
        long_change_watch,
        retention,
        sweep,
    )
    from chalicelib.uploads import finishing

__all__ = [
    "builds_after_upload",
    "event_upkeep",
    "execution_ends",
    "finishing",
    "group_repair",
    "group_steps",
    "group_watch",
    "job_steps",
    "job_watch",
    "long_change_steps",
    "long_change_watch",
    "retention",
    "scheduled_builds",
    "sweep",
]
