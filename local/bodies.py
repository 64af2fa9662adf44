"""Request bodies, read to their end before anybody looks at them; up to 1 GiB, chunked or not (platform.md 1.8)."""

import tempfile
from collections.abc import Mapping
from typing import IO, Any

LARGEST = 1024 * 1024 * 1024
IN_MEMORY = 1024 * 1024
STEP = 256 * 1024
DRAINED_WHEN_REFUSED = 8 * 1024 * 1024
STALLED_AFTER_SECONDS = 300


class BodyTooLarge(Exception):
    """The body is over the limit; what could reasonably be read of it has been thrown away."""


class BodyCutOff(Exception):
    """The client went away, or fell silent, before the end of its body."""


def receive(environ: Mapping[str, Any], largest: int = LARGEST) -> IO[bytes]:
    """The whole body as a file at its beginning, in memory up to 1 MiB, else on disk; the caller closes it.

    Raises BodyTooLarge, BodyCutOff.
    """
    announced = _announced(environ)
    body: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 - handed to the caller
    if announced == 0:
        return body
    socket = environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(STALLED_AFTER_SECONDS)
    try:
        _copy(environ["wsgi.input"], body, announced, largest)
    except BaseException:  # also when the worker is told to end: no file of a broken body stays behind
        body.close()
        raise
    body.seek(0)
    return body


def _announced(environ: Mapping[str, Any]) -> int | None:
    """The length that the client promised, or None for a chunked body."""
    if environ.get("HTTP_TRANSFER_ENCODING"):
        return None
    return int(environ.get("CONTENT_LENGTH") or 0)


def _copy(source: IO[bytes], body: IO[bytes], announced: int | None, largest: int) -> None:
    if announced is not None and announced > largest:
        _drain(source)
        raise BodyTooLarge
    received = 0
    try:
        while piece := source.read(STEP):
            received += len(piece)
            if received > largest:
                _drain(source)
                raise BodyTooLarge
            body.write(piece)
    except TimeoutError as problem:
        raise BodyCutOff from problem
    if announced is not None and received < announced:
        raise BodyCutOff


def _drain(source: IO[bytes]) -> None:
    """Read on for a while: a client that is still sending would not see an answer on a connection reset by us."""
    left = DRAINED_WHEN_REFUSED
    while left > 0 and (piece := source.read(STEP)):
        left -= len(piece)
