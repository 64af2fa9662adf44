"""Shapes of a Builder's JSON responses. Idents and checksums are validated, because file names are made from them."""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from bldr.errors import ResponseMalformed
from bldr.packages import Package, PackageDetails, is_valid_ident
from chalicelib.core.harts.hart_refusals import one_line
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

LONGEST_QUOTE = 200

T = TypeVar("T")

Checksum = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""BLAKE2b-256 in lower-case hexadecimal."""


class Page(Struct, Generic[T]):
    """One page of a list (packages.md 1.9)."""

    data: list[T]


class PackageResponse(Struct):
    """A package (packages.md 4.1)."""

    ident: PackageIdent
    checksum: Checksum
    tdeps: tuple[PackageIdent, ...]
    channels: frozenset[str] | None = None

    def __post_init__(self) -> None:
        for ident in (self.ident, *self.tdeps):
            require_valid(ident)

    def details(self, target: Target) -> PackageDetails:
        """Return the details of the package for the target that was requested."""
        return PackageDetails(Package(self.ident, target), self.checksum, self.tdeps, self.channels or frozenset())


class MemberRow(Struct):
    """A row of the list of packages in a channel (packages.md 9.4)."""

    origin: str
    name: str
    version: str
    release: str

    def __post_init__(self) -> None:
        require_valid(self.ident)

    @property
    def ident(self) -> PackageIdent:
        """The full ident."""
        return PackageIdent(self.origin, self.name, self.version, self.release)


class ReleaseRow(MemberRow):
    """A row of the list of releases, with the targets of the release (packages.md 4.2)."""

    platforms: list[Target]


class SearchRow(Struct):
    """A search result; without version and release if only names were requested (packages.md 4.3)."""

    origin: str
    name: str
    version: str | None
    release: str | None


class ChannelRow(Struct):
    """A row of the list of channels of an origin (packages.md 4.3)."""

    name: str


class PackageChannelRow(Struct):
    """A row of the list of channels of a package (packages.md 4.3)."""

    name: str
    created_at: str
    promoted_at: str


class ReceivedPart(Struct):
    """A part that the object store has; the size is in bytes."""

    number: int
    size: int


class MissingPart(Struct):
    """A part that the object store lacks, and the signed URL to send it to."""

    number: int
    url: str


class UploadResponse(Struct):
    """A multipart upload (platform.md 4.4); the size of a part is in bytes."""

    upload_id: str
    state: str
    part_size: Annotated[int, Meta(ge=1)]
    received: list[ReceivedPart]
    parts: list[MissingPart]


class TokenRow(Struct):
    """A named token without its text (accounts.md 3.4)."""

    id: str
    name: str
    scopes: list[str]
    origin: str | None
    created_at: str
    expires_at: str | None
    last_used_at: str | None


class GeneratedToken(TokenRow):
    """A new named token with its text."""

    token: str


class TokenList(Struct):
    """The named tokens of an account."""

    tokens: list[TokenRow]


def decode(content: bytes, shape: type[T], host: str) -> T:
    """Decode a JSON response into a shape. Raises ResponseMalformed."""
    try:
        return msgspec.json.decode(content, type=shape)
    except msgspec.ValidationError as problem:
        quote = one_line(str(problem), LONGEST_QUOTE)
        raise ResponseMalformed(f"{host} sent an unexpected response: {quote}") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise ResponseMalformed(f"{host} sent a response that is not JSON; is it a Builder?") from None


def require_valid(ident: PackageIdent) -> None:
    """Require a valid ident. Raises ValueError, which msgspec reports with the position in the JSON."""
    if not is_valid_ident(ident):
        raise ValueError("the package ident is not valid")
