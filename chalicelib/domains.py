"""The routes of all domains that are not on the read path of an install. app.py registers them when they are needed."""

from collections.abc import Iterable

from chalicelib.accounts.routes import routes as accounts
from chalicelib.builds.routes import routes as builds
from chalicelib.deletions.routes import routes as deletions
from chalicelib.deprecations.routes import routes as deprecations
from chalicelib.docs.routes import routes as docs
from chalicelib.events.routes import routes as events
from chalicelib.ext.routes import routes as ext
from chalicelib.http.routes import Routes
from chalicelib.long_changes.routes import routes as long_changes
from chalicelib.origins.routes import routes as origins
from chalicelib.packages.facts.routes import routes as facts
from chalicelib.packages.rdeps.routes import routes as rdeps
from chalicelib.packages.search.routes import routes as search
from chalicelib.packages.settings.routes import routes as settings
from chalicelib.packages.unlisting.routes import routes as unlisting
from chalicelib.projects.routes import routes as projects
from chalicelib.promotions.routes import routes as promotions
from chalicelib.retention.routes import routes as retention
from chalicelib.uploads.routes import routes as uploads


def other_domains() -> Iterable[Routes]:
    """Return the routes, in the order of their registration."""
    return (
        settings,
        search,
        facts,
        rdeps,
        unlisting,
        accounts,
        origins,
        promotions,
        retention,
        deletions,
        long_changes,
        deprecations,
        events,
        uploads,
        projects,
        builds,
        ext,
        docs,
    )
