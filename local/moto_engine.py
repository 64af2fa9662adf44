"""moto's WSGI application with the patches that make it behave like AWS."""

import os
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

import local.moto_light  # noqa: F401 - imported for its effect on the imports that follow
from local import moto_patches, moto_ttl
from local.engine_admin import with_admin_requests
from local.moto_conflicts import conflicts
from local.settings import transaction_seconds

FORM = "application/x-www-form-urlencoded"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def engine_app() -> Wsgi:
    """Return the application that serves all AWS calls."""
    moto_patches.apply()
    conflicts.seconds = transaction_seconds(os.environ)
    moto_ttl.start()
    return _with_complete_bodies(with_admin_requests(DomainDispatcherApplication(create_backend_app)))


def _with_complete_bodies(application: Wsgi) -> Wsgi:
    """Wrap an application so that it receives each body completely and unparsed.

    werkzeug does not check the length of a body if the server sets `wsgi.input_terminated`, so an upload whose client
    dies would be stored truncated. And moto parses a PUT with the content type of a form, which curl sends by default,
    and would store it empty.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "CONTENT_LENGTH" in environ:
            environ.pop("wsgi.input_terminated", None)
        if environ["REQUEST_METHOD"] == "PUT" and environ.get("CONTENT_TYPE", "").startswith(FORM):
            environ["CONTENT_TYPE"] = "binary/octet-stream"
        return application(environ, start_response)

    return wrapped
