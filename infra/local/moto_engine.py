"""moto's WSGI application, patched where the real service behaves otherwise."""

from collections.abc import Callable, Iterable
from typing import Any


def engine_app() -> Callable[..., Iterable[bytes]]:
    """The application that answers every AWS call."""
    from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

    application: Any = DomainDispatcherApplication(create_backend_app)
    return application
