"""Is the service up (platform.md 1.9)."""

from chalicelib.http.answer import EMPTY_200, Answer, empty
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes

routes = Routes("platform")


@routes.on(["GET", "HEAD"], "/status", needs=ANYONE)
def status(call: Call) -> Answer:
    """Up, whatever `Accept` says; it probes nothing, so that a monitor costs nothing."""
    return EMPTY_200


@routes.on(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"], "/status", needs=ANYONE)
def status_by_another_method(call: Call) -> Answer:
    """The one path that tells a wrong method from a wrong path."""
    return empty(405)
