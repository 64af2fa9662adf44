"""Object contents for moto as immutable pieces, so that copying, joining and streaming cost no memory."""

import hashlib
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from moto.s3.exceptions import EntityTooSmall, InvalidPart, MalformedXML
from moto.s3.models import FakeKey, FakeMultipart
from moto.s3.responses import S3Response
from moto.settings import S3_UPLOAD_PART_MIN_SIZE

from local.patching import around, in_place_of

IN_MEMORY = 256 * 1024
STEP = 1024 * 1024


class _File:
    """A temporary file without a name that is written once; it goes when nobody holds it any more."""

    def __init__(self, content: bytes) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - lives as long as its object
        self._file.write(content)
        self._lock = threading.Lock()

    def read(self, start: int, size: int) -> bytes:
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def __del__(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of something that is never changed."""

    source: bytes | _File
    start: int
    size: int

    def part(self, start: int, size: int) -> "_Piece":
        return _Piece(self.source, self.start + start, size)

    def chunks(self) -> Iterator[bytes]:
        for at in range(self.start, self.start + self.size, STEP):
            size = min(STEP, self.start + self.size - at)
            yield self.source[at : at + size] if isinstance(self.source, bytes) else self.source.read(at, size)


class Content:
    """What an object holds: has a length, gives slices without copying, and is iterated in chunks of at most 1 MiB."""

    def __init__(self, pieces: list[_Piece]) -> None:
        self._pieces = pieces
        self._size = sum(piece.size for piece in pieces)

    @classmethod
    def of(cls, value: "bytes | str | Content") -> "Content":
        """Take over what an upload brought."""
        if isinstance(value, Content):
            return value
        raw = value.encode() if isinstance(value, str) else bytes(value)
        return cls([_Piece(raw if len(raw) <= IN_MEMORY else _File(raw), 0, len(raw))])

    @classmethod
    def joined(cls, contents: list["Content"]) -> "Content":
        """One content after the other."""
        return cls([piece for content in contents for piece in content._pieces])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            yield from piece.chunks()

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def __getitem__(self, wanted: slice) -> "Content":
        start, stop, _ = wanted.indices(self._size)
        taken, before = [], 0
        for piece in self._pieces:
            low, high = max(start - before, 0), min(stop - before, piece.size)
            if low < high:
                taken.append(piece.part(low, high - low))
            before += piece.size
        return Content(taken)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Content":
        return self


def apply() -> None:
    """Patch moto in this process; once, before it serves."""
    _hold_contents_in_pieces()
    _serialise_s3()


def _hold_contents_in_pieces() -> None:
    """moto reads an object whole for every GET, Range, copy and completed upload: a gigabyte each, several times."""
    in_place_of(FakeKey, "value", property(_value, _set_value))
    in_place_of(FakeKey, "etag", property(_etag))
    in_place_of(FakeMultipart, "complete", _complete)


def _serialise_s3() -> None:
    """moto looks for an object (If-None-Match) and then writes it, and lists keys while others add some.

    Bodies have been read when the lock is taken, and contents are streamed after it is free again.
    """
    one_at_a_time = threading.RLock()

    def locked(unlocked: Any, *args: Any, **named: Any) -> Any:
        with one_at_a_time:
            return unlocked(*args, **named)

    around(S3Response, "_key_response", locked)
    around(S3Response, "_bucket_response", locked)


def _value(key: Any) -> bytes | Content:
    content: Content = key._content
    return bytes(content) if len(content) <= IN_MEMORY else content


def _set_value(key: Any, value: bytes | Content) -> None:
    key._content = Content.of(value)
    key.contentsize = len(key._content)


def _etag(key: Any) -> str:
    if key._etag is None:
        digest = hashlib.md5(usedforsecurity=False)
        for chunk in key._content:
            digest.update(chunk)
        key._etag = digest.hexdigest()
    return f'"{key._etag}"'


def _complete(upload: Any, body: Iterator[tuple[int, str]]) -> tuple[Content, str, None]:
    """Join the parts; no checksum of the whole, which moto would compute over a copy in memory."""
    parts: list[Any] = []
    for number, etag in body:
        part = upload.parts.get(number)
        if part is None or part.etag.strip('"') != etag.strip('"'):
            raise InvalidPart
        if parts and parts[-1].contentsize < S3_UPLOAD_PART_MIN_SIZE:
            raise EntityTooSmall
        parts.append(part)
    if not parts:
        raise MalformedXML
    digests = b"".join(bytes.fromhex(part.etag.strip('"')) for part in parts)
    whole = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    return Content.joined([part._content for part in parts]), f"{whole}-{len(parts)}", None
