"""Requests to packages and channels as direct calls of the services, for tests that make many of them."""

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
from chalicelib.packages import deletion, visibility
from chalicelib.packages import errors as package_errors
from chalicelib.packages.settings import service as settings
from chalicelib.packages.source import RawBody
from chalicelib.packages.upload import publish
from chalicelib.packages.upload_checks import Upload
from tests.builders.hart import Hart, a_hart

UPLOADER = Session(4711, "somebody", SessionFlags(0))
ERRORS = (*catalog_errors.STATUS, *channel_errors.STATUS, *package_errors.STATUS)


@dataclass(frozen=True)
class PackageRequest:
    """One request. Each operation uses only the values that it needs."""

    operation: str
    origin: str
    package: tuple[str, str, str] = ("tool", "1.0", "1")
    target: Target = Target.X86_64_LINUX
    channel: str = "stable"
    visibility: str = "private"
    forced: bool = False
    payload: bytes = b""

    @property
    def ident(self) -> PackageIdent:
        """The ident of the package."""
        return PackageIdent(self.origin, *self.package)

    @property
    def name(self) -> str:
        """The name of the package."""
        return self.package[0]

    @property
    def hart(self) -> Hart:
        """The archive of the package. Equal requests have the same bytes."""
        return _hart(self.ident, self.target, self.payload)

    def send(self) -> type[Exception] | None:
        """Make the request. Returns None if it succeeds, otherwise the type of its error."""
        try:
            OPERATIONS[self.operation](self)
        except ERRORS as problem:
            return type(problem)
        return None


@cache
def _hart(ident: PackageIdent, target: Target, payload: bytes) -> Hart:
    return a_hart(
        origin=ident.origin,
        name=ident.name,
        version=ident.version,
        release=ident.release,
        target=str(target),
        payload=payload,
        tdeps=(needed_by(ident.origin, payload),),
    )


def needed_by(origin: str, payload: bytes) -> str:
    """Return the ident that the archives of an origin with this payload depend on."""
    return f"{origin}-needs/{payload.decode() or 'lib'}/1.0/1"


def _upload(request: PackageRequest) -> None:
    upload = Upload(request.ident, request.target, request.hart.checksum, request.forced, UPLOADER.account_id)
    publish(upload, RawBody(io.BytesIO(request.hart.content)))


def _promote(request: PackageRequest) -> None:
    channels.promote(request.ident, request.target, request.channel, UPLOADER)


def _demote(request: PackageRequest) -> None:
    channels.demand_demotable(request.channel)
    channels.demote(request.ident, request.target, request.channel, UPLOADER)


def _set_visibility(request: PackageRequest) -> None:
    visibility.set_visibility(request.ident, Visibility(request.visibility), UPLOADER)


def _change_settings(request: PackageRequest) -> None:
    settings.change_visibility(request.origin, request.name, Visibility(request.visibility), UPLOADER)


OPERATIONS: dict[str, Callable[[PackageRequest], object]] = {
    "upload": _upload,
    "promote": _promote,
    "demote": _demote,
    "set visibility": _set_visibility,
    "delete": lambda request: deletion.delete(request.ident, request.target, UPLOADER),
    "create channel": lambda request: channels.create(request.origin, request.channel, UPLOADER),
    "delete channel": lambda request: channels.delete(request.origin, request.channel, UPLOADER),
    "change settings": _change_settings,
}
