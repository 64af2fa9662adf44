"""The status of the service over HTTP (platform.md 1.9)."""

from chalicelib.http.answer import EMPTY_200, Answer, empty
from chalicelib.http.call import Call
from chalicelib.http.routes import ANYONE, Routes

routes = Routes("status")


@routes.on(["GET", "HEAD"], "/status", needs=ANYONE, answers={200: None})
def show_status(call: Call) -> Answer:
    """Return 200 while the service is up. No other service is called, so that monitoring costs nothing."""
    return EMPTY_200


@routes.on(["POST", "PUT", "PATCH", "DELETE", "OPTIONS"], "/status", needs=ANYONE, answers={405: None})
def refuse_method(call: Call) -> Answer:
    """Refuse other methods. This is the only path with 405; on all others an unknown method is 404."""
    return empty(405)
