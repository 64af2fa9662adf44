"""Check that origins exist before packages are sent to them, or create them."""

from collections.abc import Iterable

from bldr.client import Builder
from bldr.errors import ChangeRefused


def ensure_origins(builder: Builder, origins: Iterable[str], create: bool) -> None:
    """Require that origins exist; with `create` create those that do not. Raises ChangeRefused."""
    missing = [origin for origin in origins if not builder.has_origin(origin)]
    if missing and not create:
        raise ChangeRefused(f"{builder} has no origin {missing[0]}; create it, or pass --create-origins")
    for origin in missing:
        builder.create_origin(origin)
