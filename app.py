"""Assembles the service: every domain's routes on one Chalice application, and the functions beside it."""

import gc
from typing import Any

gc.disable()  # what is imported stays: looking for garbage in it would cost a tenth of the cold start

from chalicelib.accounts.routes import routes as accounts
from chalicelib.care.routes import routes as care
from chalicelib.channels.bulk_routes import routes as bulk_channels
from chalicelib.channels.routes import routes as channels
from chalicelib.docs.routes import routes as docs
from chalicelib.events.routes import routes as events
from chalicelib.ext.routes import routes as ext
from chalicelib.http.app import App
from chalicelib.http.dispatch import mount
from chalicelib.origins.routes import routes as origins
from chalicelib.packages.routes import routes as packages
from chalicelib.packages.search_routes import routes as search
from chalicelib.packages.settings_routes import routes as package_settings
from chalicelib.platform.routes import routes as platform
from chalicelib.uploads.routes import routes as uploads

DOMAINS = (
    platform,
    accounts,
    origins,
    packages,
    package_settings,
    search,
    channels,
    bulk_channels,
    events,
    uploads,
    ext,
    care,
    docs,
)

app = App("bldr")
mount(app, DOMAINS)

gc.freeze()
gc.enable()


@app.lambda_function(name="finish_upload")
def finish_upload(event: dict[str, Any], _context: Any) -> None:
    """Publishes an upload whose parts are all there (chalicelib/uploads/finishing.py)."""
    from chalicelib.uploads.finishing import finish

    finish(event["upload_id"], event["attempt"])


@app.schedule("rate(1 hour)", name="sweep")
def sweep(_event: Any) -> None:
    """Removes what interruptions left (chalicelib/packages/sweep.py)."""
    from chalicelib.packages.sweep import sweep

    sweep(seconds=600)


@app.schedule("rate(1 hour)", name="apply_retention")
def apply_retention(_event: Any) -> None:
    """Removes what origins no longer want to keep (chalicelib/care/schedule.py)."""
    from chalicelib.care.schedule import apply_policies

    apply_policies(seconds=600)
