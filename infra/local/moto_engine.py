"""moto's WSGI application, patched where the real service behaves otherwise."""

from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from infra.local import moto_patches


def engine_app() -> Callable[..., Iterable[bytes]]:
    """The application that answers every AWS call."""
    moto_patches.apply()
    application: Any = DomainDispatcherApplication(create_backend_app)
    return application
