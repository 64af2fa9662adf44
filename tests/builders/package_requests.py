"""What clients ask of packages and channels, as calls of the services; for tests that play many of them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from chalicelib.catalog import errors as catalog_errors
from chalicelib.channels import errors as channel_errors
from chalicelib.channels import service as channels
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.packages import changes
from chalicelib.packages import errors as package_errors
from chalicelib.packages.settings import service as settings
from chalicelib.packages.source import RawBody
from chalicelib.packages.upload import Upload, publish
from tests.builders.hart import Hart, a_hart

SOMEBODY = Session(4711, "somebody", SessionFlags(0))
REFUSALS = (*catalog_errors.STATUS, *channel_errors.STATUS, *package_errors.STATUS)


@dataclass(frozen=True)
class Wish:
    """One request; it looks at those of the values that concern it."""

    what: str
    origin: str
    package: tuple[str, str, str] = ("tool", "1.0", "1")
    target: Target = Target.X86_64_LINUX
    channel: str = "stable"
    visibility: str = "private"
    forced: bool = False
    payload: bytes = b""

    @property
    def ident(self) -> PackageIdent:
        """The package's ident."""
        return PackageIdent(self.origin, *self.package)

    @property
    def name(self) -> str:
        """The package's name."""
        return self.package[0]

    @property
    def hart(self) -> Hart:
        """The archive that is uploaded; always the same bytes for the same values."""
        return _hart(self.ident, self.target, self.payload)

    def ask(self) -> type[Exception] | None:
        """Make the request; gives the kind of refusal, None where it was granted."""
        try:
            REQUESTS[self.what](self)
        except REFUSALS as problem:
            return type(problem)
        return None


@cache
def _hart(ident: PackageIdent, target: Target, payload: bytes) -> Hart:
    parts = {"origin": ident.origin, "name": ident.name, "version": ident.version, "release": ident.release}
    return a_hart(**parts, target=str(target), payload=payload)  # type: ignore[arg-type]


def _upload(wish: Wish) -> None:
    announced = Upload(wish.ident, wish.target, wish.hart.checksum, wish.forced, SOMEBODY.account_id)
    publish(announced, RawBody(io.BytesIO(wish.hart.content)))


def _promote(wish: Wish) -> None:
    channels.promote(wish.ident, wish.target, wish.channel, SOMEBODY)


def _demote(wish: Wish) -> None:
    channels.demand_demotable(wish.channel)
    channels.demote(wish.ident, wish.target, wish.channel, SOMEBODY)


REQUESTS: dict[str, Callable[[Wish], object]] = {
    "upload": _upload,
    "promote": _promote,
    "demote": _demote,
    "show to": lambda wish: changes.set_visibility(wish.ident, Visibility(wish.visibility)),
    "delete": lambda wish: changes.delete(wish.ident, wish.target),
    "create channel": lambda wish: channels.create(wish.origin, wish.channel, SOMEBODY),
    "delete channel": lambda wish: channels.delete(wish.origin, wish.channel),
    "settings": lambda wish: settings.change_visibility(wish.origin, wish.name, Visibility(wish.visibility), SOMEBODY),
}
