"""Request bodies of up to 1 GiB, chunked or not, received before the request is handled (platform.md 1.8)."""

import tempfile
from collections.abc import Mapping
from typing import IO, Any

MAX_BYTES = 1024 * 1024 * 1024
MAX_BYTES_IN_MEMORY = 1024 * 1024
CHUNK_BYTES = 256 * 1024
DRAIN_BYTES = 8 * 1024 * 1024
IDLE_SECONDS = 300


class BodyTooLarge(Exception):
    """The body exceeds the limit. Up to 8 MiB of it have been read and discarded."""


class BodyIncomplete(Exception):
    """The client disconnected or was idle for too long before the end of the body."""


def receive(environ: Mapping[str, Any], max_bytes: int = MAX_BYTES) -> IO[bytes]:
    """Return the whole body as a file, in memory up to 1 MiB, else on disk. The caller closes it.

    Raises BodyTooLarge, BodyIncomplete.
    """
    length = _content_length(environ)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=MAX_BYTES_IN_MEMORY)  # noqa: SIM115 - the caller closes it
    if length == 0:
        return body
    socket = environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(IDLE_SECONDS)
    try:
        _copy(environ["wsgi.input"], body, length, max_bytes)
    except BaseException:  # also when the worker is stopped, so that no temporary file remains
        body.close()
        raise
    body.seek(0)
    return body


def _content_length(environ: Mapping[str, Any]) -> int | None:
    """Return the announced length in bytes, or None for a chunked body."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _copy(source: IO[bytes], body: IO[bytes], length: int | None, max_bytes: int) -> None:
    if length is not None and length > max_bytes:
        _drain(source)
        raise BodyTooLarge
    received = 0
    try:
        while chunk := source.read(CHUNK_BYTES):
            received += len(chunk)
            if received > max_bytes:
                _drain(source)
                raise BodyTooLarge
            body.write(chunk)
    except TimeoutError as problem:
        raise BodyIncomplete from problem
    if length is not None and received < length:
        raise BodyIncomplete


def _drain(source: IO[bytes]) -> None:
    """Discard more of the body: an early close resets the connection, and a client still sending misses the answer."""
    remaining = DRAIN_BYTES
    while remaining > 0 and (chunk := source.read(CHUNK_BYTES)):
        remaining -= len(chunk)
