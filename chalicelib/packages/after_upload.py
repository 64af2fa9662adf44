"""What happens after a package was published: domains above this one register functions here."""

from collections.abc import Callable

from msgspec import Struct

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target


class Published(Struct, frozen=True):
    """A package that was published, by the account with this id."""

    ident: PackageIdent
    target: Target
    uploader_id: int


Listener = Callable[[Published], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Call a function after every upload, in the request of the upload. It must be quick and must not raise errors."""
    _listeners.append(listener)


def notify(published: Published) -> None:
    """Call all listeners."""
    for listener in _listeners:
        listener(published)
