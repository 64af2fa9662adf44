"""Object contents for moto as immutable slices, so that copying, joining and streaming do not load them into memory."""

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

from local.patching import replace, wrap

MAX_BYTES_IN_MEMORY = 256 * 1024
CHUNK_BYTES = 1024 * 1024


class _File:
    """An unnamed temporary file, written once. It is removed with the last reference to it."""

    def __init__(self, content: bytes) -> None:
        self._file: IO[bytes] = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - open as long as this object lives
        self._file.write(content)
        self._lock = threading.Lock()

    def read(self, start: int, size: int) -> bytes:
        """Return bytes from a position."""
        with self._lock:
            self._file.seek(start)
            return self._file.read(size)

    def __del__(self) -> None:
        self._file.close()


@dataclass(frozen=True, slots=True)
class _Slice:
    """Consecutive bytes of an immutable source."""

    source: bytes | _File
    start: int
    size: int

    def part(self, start: int, size: int) -> "_Slice":
        """Return a slice of this slice."""
        return _Slice(self.source, self.start + start, size)

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes in chunks of at most 1 MiB."""
        for position in range(self.start, self.start + self.size, CHUNK_BYTES):
            size = min(CHUNK_BYTES, self.start + self.size - position)
            if isinstance(self.source, bytes):
                yield self.source[position : position + size]
            else:
                yield self.source.read(position, size)


class Content:
    """The content of an object. It has a length, can be sliced without copying, and yields chunks of at most 1 MiB."""

    def __init__(self, slices: list[_Slice]) -> None:
        self._slices = slices
        self._size = sum(piece.size for piece in slices)

    @classmethod
    def of(cls, value: "bytes | str | Content") -> "Content":
        """Return the content of an upload. More than 256 KiB are stored in a temporary file."""
        if isinstance(value, Content):
            return value
        raw = value.encode() if isinstance(value, str) else bytes(value)
        return cls([_Slice(raw if len(raw) <= MAX_BYTES_IN_MEMORY else _File(raw), 0, len(raw))])

    @classmethod
    def joined(cls, contents: list["Content"]) -> "Content":
        """Return the concatenation of contents."""
        return cls([piece for content in contents for piece in content._slices])

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._slices:
            yield from piece.chunks()

    def __bytes__(self) -> bytes:
        return b"".join(self)

    def __getitem__(self, bounds: slice) -> "Content":
        start, stop, _ = bounds.indices(self._size)
        selected, offset = [], 0
        for piece in self._slices:
            low, high = max(start - offset, 0), min(stop - offset, piece.size)
            if low < high:
                selected.append(piece.part(low, high - low))
            offset += piece.size
        return Content(selected)

    def __deepcopy__(self, _memo: dict[int, Any]) -> "Content":
        return self


def apply() -> None:
    """Patch moto in this process. Call this once, before moto serves requests."""
    _replace_contents()
    _serialise_s3()


def _replace_contents() -> None:
    """Use Content for objects: moto loads an object into memory for every GET, Range, copy and completed upload."""
    replace(FakeKey, "value", property(_value, _set_value))
    replace(FakeKey, "etag", property(_etag))
    replace(FakeMultipart, "complete", _complete)


def _serialise_s3() -> None:
    """Run S3 calls one at a time: moto looks for an object (If-None-Match) and then writes it, without a lock.

    The lock is taken after the request body was read, and contents are streamed after it was released.
    """
    lock = threading.RLock()

    def locked(original: Any, *args: Any, **named: Any) -> Any:
        with lock:
            return original(*args, **named)

    wrap(S3Response, "_key_response", locked)
    wrap(S3Response, "_bucket_response", locked)


def _value(key: Any) -> bytes | Content:
    content: Content = key._content
    return bytes(content) if len(content) <= MAX_BYTES_IN_MEMORY else content


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
    """Join the parts. Returns no checksum of the whole object, for which moto would load it into memory."""
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
    etag_of_all = hashlib.md5(digests, usedforsecurity=False).hexdigest()
    return Content.joined([part._content for part in parts]), f"{etag_of_all}-{len(parts)}", None
