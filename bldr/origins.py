"""Origins that packages are about to go to: there, made, or a clear refusal before anything is sent."""

from collections.abc import Iterable

from bldr.client import Builder
from bldr.errors import ChangeRefused


def demand_origins(builder: Builder, origins: Iterable[str], create: bool) -> None:
    """The origins must be there, or are made. Raises ChangeRefused."""
    for origin in origins:
        if builder.has_origin(origin):
            continue
        if not create:
            raise ChangeRefused(f"{builder} has no origin {origin}; create it, or pass --create-origins")
        builder.create_origin(origin)
