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
from chalicelib.http.app import App
from chalicelib.http.routes import Routes
from chalicelib.identity.errors import STATUS as IDENTITY_ERRORS
from chalicelib.packages import after_upload
from chalicelib.packages.routes import routes as packages
from chalicelib.platform.object_store import STATUS as OBJECT_STORE_ERRORS
from chalicelib.status.routes import routes as status

with deferred():
    from chalicelib.accounts import routes as accounts
    from chalicelib.builds import routes as builds
    from chalicelib.builds.groups import after_upload as builds_after_upload
    from chalicelib.deletions import routes as deletions
    from chalicelib.deprecations import routes as deprecations
    from chalicelib.docs import routes as docs
    from chalicelib.events import routes as events
    from chalicelib.ext import routes as ext
    from chalicelib.origins import routes as origins
    from chalicelib.platform import background
    from chalicelib.projects import routes as projects
    from chalicelib.promotions import routes as promotions
    from chalicelib.retention import routes as retention
    from chalicelib.scheduled import retention as scheduled_retention
    from chalicelib.scheduled import sweep as scheduled_sweep
    from chalicelib.uploads import finishing
    from chalicelib.uploads import routes as uploads


def other_domains() -> Iterable[Routes]:
    """The routes that are not on the read path of an install."""
    modules = (
        accounts,
        origins,
        promotions,
        retention,
        deletions,
        deprecations,
        events,
        uploads,
        projects,
        builds,
        ext,
        docs,
    )
    return (module.routes for module in modules)


app = App("bldr", IDENTITY_ERRORS, CATALOG_ERRORS, OBJECT_STORE_ERRORS)
app.register(status, packages, channels)
app.register_later(other_domains)


def build_dependents(*uploaded: Any) -> None:
    """Start the builds that an upload causes. The module loads with the first upload."""
    builds_after_upload.start(*uploaded)


after_upload.listen(build_dependents)

gc.freeze()
gc.enable()


@app.lambda_function(name="finish_upload")
def finish_upload(event: dict[str, Any], context: Any) -> None:
    """Publish an upload when all of its parts are stored (chalicelib/uploads/finishing.py)."""
    work = partial(finishing.finish, event["upload_id"], event["attempt"])
    background.run("finish_upload", work, context, event.get(background.CORRELATION_ID))


@app.lambda_function(name="schedule_dependents")
def schedule_dependents(event: dict[str, Any], context: Any) -> None:
    """Build what depends on an uploaded package (chalicelib/builds/groups/after_upload.py)."""
    work = partial(builds_after_upload.schedule_dependents, event["root"], event["target"], event["uploader_id"])
    background.run("schedule_dependents", work, context, event.get(background.CORRELATION_ID))


@app.schedule("rate(1 hour)", name="sweep")
def sweep(event: Any) -> None:
    """Delete what interrupted writes left behind (chalicelib/scheduled/sweep.py)."""
    background.run("sweep", lambda: scheduled_sweep.sweep(seconds=600), event.context)


@app.schedule("rate(1 hour)", name="apply_retention")
def apply_retention(event: Any) -> None:
    """Delete the packages that retention policies no longer keep (chalicelib/scheduled/retention.py)."""
    background.run("apply_retention", lambda: scheduled_retention.apply_policies(seconds=600), event.context)
