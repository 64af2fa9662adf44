"""The build service over HTTP."""

from chalicelib.builds.errors import STATUS
from chalicelib.builds.groups.routes import routes as groups
from chalicelib.builds.jobs.routes import routes as jobs
from chalicelib.builds.workers.routes import routes as workers
from chalicelib.http.routes import Routes

routes = Routes("builds", STATUS)
routes.include(groups, jobs, workers)
