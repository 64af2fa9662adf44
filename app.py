"""The entry point: the routes of all domains on one Chalice application, and the other Lambda functions."""

import gc
from typing import Any

gc.disable()  # garbage collection during the import takes a tenth of the cold start, and modules are never garbage

from chalicelib.accounts.routes import routes as accounts
from chalicelib.catalog.errors import STATUS as CATALOG_ERRORS
from chalicelib.channels.routes import routes as channels
from chalicelib.core.deferred import deferred
from chalicelib.deprecations.routes import routes as deprecations
from chalicelib.docs.routes import routes as docs
from chalicelib.events.routes import routes as events
from chalicelib.ext.routes import routes as ext
from chalicelib.http.app import App
from chalicelib.identity.errors import STATUS as IDENTITY_ERRORS
from chalicelib.origins.routes import routes as origins
from chalicelib.packages.routes import routes as packages
from chalicelib.platform.object_store import STATUS as OBJECT_STORE_ERRORS
from chalicelib.promotions.routes import routes as promotions
from chalicelib.retention.routes import routes as retention
from chalicelib.status.routes import routes as status
from chalicelib.uploads.routes import routes as uploads

with deferred():
    from chalicelib.scheduled import retention as scheduled_retention
    from chalicelib.scheduled import sweep as scheduled_sweep
    from chalicelib.uploads import finishing

app = App("bldr", IDENTITY_ERRORS, CATALOG_ERRORS, OBJECT_STORE_ERRORS)
app.register(
    status,
    accounts,
    origins,
    packages,
    channels,
    promotions,
    retention,
    deprecations,
    events,
    uploads,
    ext,
    docs,
)

gc.freeze()
gc.enable()


@app.lambda_function(name="finish_upload")
def finish_upload(event: dict[str, Any], _context: Any) -> None:
    """Publish an upload when all of its parts are stored (chalicelib/uploads/finishing.py)."""
    finishing.finish(event["upload_id"], event["attempt"])


@app.schedule("rate(1 hour)", name="sweep")
def sweep(_event: Any) -> None:
    """Delete what interrupted writes left behind (chalicelib/scheduled/sweep.py)."""
    scheduled_sweep.sweep(seconds=600)


@app.schedule("rate(1 hour)", name="apply_retention")
def apply_retention(_event: Any) -> None:
    """Delete the packages that retention policies no longer keep (chalicelib/scheduled/retention.py)."""
    scheduled_retention.apply_policies(seconds=600)
