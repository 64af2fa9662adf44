"""Sending one archive: whole when it is small, in parts that can be resumed when it is large (packages.md 7)."""

import time
from dataclasses import dataclass

import requests

from bldr.archives import Archive
from bldr.client import Builder
from bldr.errors import ArchiveDamaged, ChangeRefused, Refused, Unreachable
from bldr.files import Slice
from bldr.part_upload import PartUpload, Piece
from bldr.progress import Tick
from bldr.remembered import Remembered
from bldr.wire import TROUBLE, json_of, reason

WHOLE_BYTES = 4 << 20
"""What passes through a function's body of 6 MB; a larger one is sent in parts."""

UPLOADS = ("depot", "uploads")
LONGEST_WAIT = 3600.0
"""So many seconds a Builder may take to publish what it has received."""

URL_EXPIRED = (400, 403)
"""What object stores answer once a signed URL's time is over."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How archives are sent: up to how many bytes whole, and whether over an equal one that is there."""

    whole_up_to: int = WHOLE_BYTES
    forced: bool = False


PLAIN = Manner()


def send(builder: Builder, archive: Archive, manner: Manner, tick: Tick) -> None:
    """Publish an archive; one that got there in the meantime with the same bytes is fine.

    A Builder without uploads in parts gets everything whole, one that takes no large body gets parts.
    Raises Refused, Unreachable, ChangeRefused, PathUnusable.
    """
    try:
        if archive.size > manner.whole_up_to:
            try:
                return _in_parts(builder, archive, manner, tick)
            except _NoParts:
                return _whole(builder, archive, manner, tick)
        try:
            return _whole(builder, archive, manner, tick)
        except Refused as problem:
            if problem.status != 413:
                raise
            return _in_parts(builder, archive, manner, tick)
    except Refused as problem:
        if problem.status != 409:
            raise
        demand_same(builder, archive)


def demand_same(builder: Builder, archive: Archive) -> None:
    """What the Builder has must be the archive's very bytes. Raises ChangeRefused."""
    there = builder.find(archive.package)
    if there is None or there.checksum != archive.described.checksum:
        raise ChangeRefused(f"{archive.package} is at {builder} with other bytes; build it anew under a new release")


class _NoParts(Exception):
    """The Builder knows no uploads in parts."""


def _whole(builder: Builder, archive: Archive, manner: Manner, tick: Tick) -> None:
    ident, described = archive.package.ident, archive.described
    query = {"checksum": described.checksum, "target": archive.package.target, "forced": manner.forced}
    path = ("depot", "pkgs", ident.origin, ident.name, ident.version, ident.release)
    with Slice(archive.path, 0, archive.size, tick) as body:
        headers = {"Content-Type": "application/octet-stream"}
        to = f"upload {archive.package}"
        builder.wire.ask("POST", *path, to=to, query=query, body=body, headers=headers, accept=(200, 201))


def _in_parts(builder: Builder, archive: Archive, manner: Manner, tick: Tick) -> None:
    kept = Remembered(str(builder), archive.described, manner.forced)
    upload = _resumed(builder, archive, kept) or _begun(builder, archive, manner, kept)
    tick(sum(upload.received.values()))
    failures = 0
    while upload.takes_parts:
        problem = _send_parts(builder, archive, upload, tick)
        before, upload = upload, _looked_up(builder, archive, upload.id)
        failures = 0 if len(upload.received) > len(before.received) else failures + 1
        if failures > builder.wire.patience.repeats:
            raise problem or Unreachable(f"the object store does not keep the parts of {archive.package}")
        if failures:
            time.sleep(builder.wire.patience.after(failures))
    _complete(builder, archive, upload)
    kept.forget()


def _resumed(builder: Builder, archive: Archive, kept: Remembered) -> PartUpload | None:
    """The upload that an earlier run began, if it still leads anywhere."""
    upload_id = kept.upload_id()
    if upload_id is None:
        return None
    try:
        upload = _looked_up(builder, archive, upload_id)
    except Refused as problem:
        if problem.status not in (400, 404):
            raise
        return None
    return None if upload.state == "refused" else upload


def _begun(builder: Builder, archive: Archive, manner: Manner, kept: Remembered) -> PartUpload:
    announced = {
        "ident": str(archive.package.ident),
        "target": str(archive.package.target),
        "checksum": archive.described.checksum,
        "size": archive.size,
        "forced": manner.forced,
    }
    to = f"begin the upload of {archive.package}"
    answer = builder.wire.ask("POST", *UPLOADS, to=to, json=announced, accept=(201, 404, 405))
    if answer.status_code != 201:
        raise _NoParts
    upload = PartUpload.of(json_of(answer, builder.wire.address.host), archive.size)
    kept.keep(upload.id)
    return upload


def _looked_up(builder: Builder, archive: Archive, upload_id: str) -> PartUpload:
    to = f"go on with the upload of {archive.package}"
    return PartUpload.of(builder.wire.json("GET", *UPLOADS, upload_id, to=to), archive.size)


def _send_parts(builder: Builder, archive: Archive, upload: PartUpload, tick: Tick) -> Unreachable | None:
    """Send the missing parts whose URLs are known, up to the first that does not get through."""
    for number, url in sorted(upload.urls.items()):
        try:
            problem = _send_part(builder, archive, upload.piece(number), url, tick)
        except requests.RequestException as trouble:
            problem = reason(trouble)
        if problem is not None:
            return Unreachable(f"part {number} of {archive.package} does not reach the object store ({problem})")
    return None


def _send_part(builder: Builder, archive: Archive, piece: Piece, url: str, tick: Tick) -> str | None:
    with Slice(archive.path, piece.start, piece.size, tick) as body:
        answer = builder.wire.put_elsewhere(url, body)
        if answer.status_code == 200:
            return None
        body.seek(0)
    if answer.status_code in (*URL_EXPIRED, *TROUBLE):
        return f"status {answer.status_code}"
    raise Refused(answer.status_code, f"the object store does not take {archive.package} ({answer.status_code})")


def _complete(builder: Builder, archive: Archive, upload: PartUpload) -> None:
    deadline = time.monotonic() + LONGEST_WAIT
    to = f"upload {archive.package}"
    while True:
        answer = builder.wire.ask("POST", *UPLOADS, upload.id, "complete", to=to, accept=(200, 201, 202))
        if answer.status_code != 202:
            return
        if time.monotonic() > deadline:
            raise ArchiveDamaged(f"{builder} has not published {archive.package} within an hour; look at its logs")
        time.sleep(_pause(answer.headers.get("Retry-After", "")))


def _pause(asked: str) -> float:
    return min(float(asked), 60.0) if asked.isascii() and asked.isdecimal() else 5.0
