"""What happens after a package was published: domains above this one register functions here."""

from collections.abc import Callable

from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

Listener = Callable[[PackageIdent, Target, int], None]
"""Takes a package that was published and the id of the account that has uploaded it."""

_listeners: list[Listener] = []


def listen(listener: Listener) -> None:
    """Call a function after every upload of a package with a project that is built automatically.

    It runs in the request of the upload, so it must be quick and must not raise errors.
    """
    _listeners.append(listener)


def notify(ident: PackageIdent, target: Target, uploader_id: int) -> None:
    """Call all listeners."""
    for listener in _listeners:
        listener(ident, target, uploader_id)
