"""The entry point: the routes of all domains on one Chalice application, and the other Lambda functions."""

import gc
import sys
from collections.abc import Iterable
from functools import partial
from typing import Any

gc.disable()  # garbage collection during the import takes a tenth of the cold start, and modules are never garbage

# msgspec imports `typing_extensions` if it can, for names that `typing` has as well. That costs 3 ms of the cold start.
if "typing_extensions" not in sys.modules:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]  # makes the import fail
    import msgspec  # noqa: F401 - imported for its effect while the other module is blocked

    del sys.modules["typing_extensions"]

from chalicelib.catalog.errors import STATUS as CATALOG_ERRORS
from chalicelib.channels.routes import routes as channels
from chalicelib.core.deferred import deferred
from chalicelib.declared_paths import PATHS
from chalicelib.http.app import App
from chalicelib.http.routes import Routes
from chalicelib.identity.errors import STATUS as IDENTITY_ERRORS
from chalicelib.packages import after_upload
from chalicelib.packages.routes import routes as packages
from chalicelib.platform.object_store import STATUS as OBJECT_STORE_ERRORS
from chalicelib.status.routes import routes as status

with deferred():
    from chalicelib import domains, functions
    from chalicelib.platform import background


def other_domains() -> Iterable[Routes]:
    """Load the routes that are not on the read path of an install."""
    return domains.other_domains()


app = App("bldr", IDENTITY_ERRORS, CATALOG_ERRORS, OBJECT_STORE_ERRORS, paths=PATHS)
app.register(status, packages, channels)
app.register_later(other_domains)


def build_dependents(*uploaded: Any) -> None:
    """Start the builds that an upload causes. The module loads with the first upload."""
    functions.builds_after_upload.start(*uploaded)


after_upload.listen(build_dependents)

gc.freeze()
gc.enable()


@app.lambda_function(name="finish_upload")
def finish_upload(event: dict[str, Any], context: Any) -> None:
    """Publish an upload when all of its parts are stored (chalicelib/uploads/finishing.py)."""
    work = partial(functions.finishing.finish, event["upload_id"], event["attempt"])
    background.run("finish_upload", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="schedule_dependents")
def schedule_dependents(event: dict[str, Any], context: Any) -> None:
    """Build what depends on an uploaded package (chalicelib/builds/groups/after_upload.py)."""
    fields = (event[name] for name in ("root", "target", "uploader_id", "upload_id"))
    work = partial(functions.builds_after_upload.schedule_dependents, *fields)
    background.run("schedule_dependents", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="step_group")
def step_group(event: dict[str, Any], context: Any) -> Any:
    """Carry out a step of the state machine of job groups (chalicelib/builds/steps/group.py)."""
    work = partial(functions.group_steps.run, event)
    return background.run("step_group", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="step_job")
def step_job(event: dict[str, Any], context: Any) -> None:
    """Carry out a step of the state machine of jobs (chalicelib/builds/steps/job.py)."""
    work = partial(functions.job_steps.run, event)
    background.run("step_job", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="continue_long_change")
def continue_long_change(event: dict[str, Any], context: Any) -> Any:
    """Carry out a step of the state machine of long changes (chalicelib/long_changes/steps.py)."""
    work = partial(functions.long_change_steps.run, event)
    return background.run("continue_long_change", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="reconcile")
def reconcile(event: dict[str, Any], context: Any) -> None:
    """Continue the work of an execution that was stopped or failed (chalicelib/builds/steps/reconcile.py)."""
    name = event["detail"]["name"]
    background.run("reconcile", lambda: functions.execution_ends.reconcile(name), context, name)


@app.schedule("rate(1 minute)", name="watch_jobs")
def watch_jobs(event: Any) -> None:
    """Settle lost jobs and start workers (chalicelib/scheduled/job_watch.py)."""
    background.run("watch_jobs", lambda: functions.job_watch.watch_jobs(seconds=50), event.context)


@app.schedule("rate(5 minutes)", name="watch_groups")
def watch_groups(event: Any) -> None:
    """Start what should run of job groups and does not (chalicelib/scheduled/group_watch.py)."""
    background.run("watch_groups", lambda: functions.group_watch.watch_groups(seconds=240), event.context)


@app.schedule("rate(5 minutes)", name="watch_long_changes")
def watch_long_changes(event: Any) -> None:
    """Continue what no execution drives any more (chalicelib/scheduled/long_change_watch.py)."""
    watch = functions.long_change_watch.watch_long_changes
    background.run("watch_long_changes", lambda: watch(seconds=240), event.context)


@app.schedule("rate(15 minutes)", name="repair_groups")
def repair_groups(event: Any) -> None:
    """Complete interrupted changes of job groups (chalicelib/scheduled/group_repair.py)."""
    background.run("repair_groups", lambda: functions.group_repair.repair_groups(seconds=600), event.context)


@app.schedule("rate(1 day)", name="clean_up_builds")
def clean_up_builds(event: Any) -> None:
    """Remove what old job groups leave, and audit the build graph (chalicelib/scheduled/builds.py)."""
    background.run("clean_up_builds", lambda: functions.scheduled_builds.clean_up(seconds=800), event.context)


@app.schedule("rate(1 minute)", name="fold_events")
def fold_events(event: Any) -> None:
    """Fold new events into the index of events (chalicelib/scheduled/event_upkeep.py)."""
    background.run("fold_events", lambda: functions.event_upkeep.fold_events(seconds=50), event.context)


@app.schedule("rate(1 hour)", name="sweep")
def sweep(event: Any) -> None:
    """Delete what interrupted writes left behind (chalicelib/scheduled/sweep.py)."""
    background.run("sweep", lambda: functions.sweep.sweep(seconds=600), event.context)


@app.schedule("rate(1 hour)", name="apply_retention")
def apply_retention(event: Any) -> None:
    """Delete the packages that retention policies no longer keep (chalicelib/scheduled/retention.py)."""
    background.run("apply_retention", lambda: functions.retention.apply_policies(seconds=600), event.context)
