"""Shapes of uploads in parts over HTTP (platform.md 4.4, U8)."""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from chalicelib.core.ident import PackageIdent


class NewUpload(Struct):
    """The announcement of an archive.

    Without a target, the target in the User-Agent is used to look for an existing package. Without a size, URLs for
    any number of parts are available. With `builder`, the archive is the result of a job.
    """

    ident: str
    checksum: str = ""
    target: str | None = None
    size: Annotated[int, Meta(ge=1)] | None = None
    forced: bool = False
    builder: bool = False


class ProgressQuery(Struct):
    """The number of the first part to return a URL for."""

    first_part: int = field(default=1, name="from")


class ReceivedPart(Struct):
    """A part that the object store has."""

    number: int
    size: int


class PartUrl(Struct):
    """The URL to which a missing part can be sent with PUT, valid for an hour."""

    number: int
    url: str


class Upload(Struct):
    """An upload: its parts so far, and URLs of missing ones; `state` is open, finishing, published or refused.

    `error` is present in the state `refused` only.
    """

    upload_id: str
    state: str
    ident: PackageIdent
    target: str
    size: int | None
    part_size: int
    received: list[ReceivedPart]
    parts: list[PartUrl]
    expires_at: str
    error: str | UnsetType | None = UNSET
