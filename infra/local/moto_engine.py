"""moto's WSGI application, patched where the real service behaves otherwise."""

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local import moto_patches

FORM = "application/x-www-form-urlencoded"

Wsgi = Callable[[dict[str, Any], Any], Iterable[bytes]]


def engine_app() -> Wsgi:
    """The application that answers every AWS call."""
    moto_patches.apply()
    return _uploads_are_not_forms(DomainDispatcherApplication(create_backend_app))


def _uploads_are_not_forms(application: Wsgi) -> Wsgi:
    """moto reads a PUT that is labelled as a form, as curl labels it, for its parameters and stores nothing."""

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT" and environ.get("CONTENT_TYPE", "").startswith(FORM):
            environ["CONTENT_TYPE"] = "binary/octet-stream"
        return application(environ, start_response)

    return wrapped
