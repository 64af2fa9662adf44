"""moto's WSGI application, patched where the real service behaves otherwise."""

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local import moto_patches

FORM = "application/x-www-form-urlencoded"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def engine_app() -> Wsgi:
    """The application that answers every AWS call."""
    moto_patches.apply()
    return _bodies_as_sent(DomainDispatcherApplication(create_backend_app))


def _bodies_as_sent(application: Wsgi) -> Wsgi:
    """Bodies whole or not at all, and never taken for something else.

    A client that dies in the middle of an upload would leave a shortened object: werkzeug counts a body's bytes only
    where the server does not say that it ends the input itself. And a PUT that is labelled as a form, as curl labels
    it, would be read for its parameters and stored empty.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "CONTENT_LENGTH" in environ:
            environ.pop("wsgi.input_terminated", None)
        if environ["REQUEST_METHOD"] == "PUT" and environ.get("CONTENT_TYPE", "").startswith(FORM):
            environ["CONTENT_TYPE"] = "binary/octet-stream"
        return application(environ, start_response)

    return wrapped
