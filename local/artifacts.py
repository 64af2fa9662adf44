"""Artifacts streamed from the bucket in constant memory: an internal redirect as in nginx, and a stand-in for the CDN.

Contract: platform.md 4.3.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.header_text import as_file_name, in_quotes
from chalicelib.platform import logs
from chalicelib.platform.aws import client
from local.http_messages import HttpAnswer, HttpRequest

ACCEL_REDIRECT = "x-accel-redirect"
REQUEST_ID = "x-request-id"
PREFIX = "/artifacts/"
CHUNK_BYTES = 512 * 1024
_SINGLE_RANGE = re.compile(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", re.ASCII)

Verifier = Callable[[str, Mapping[str, str]], bool]
"""Returns whether a URL's signature is valid, given its raw path and query (`Expires`, `Signature`, `Key-Pair-Id`)."""


class Artifacts:
    """Serves the objects of a bucket. `verify` checks signed URLs; without it all are refused."""

    def __init__(self, bucket: str, verify: Verifier | None = None) -> None:
        self._bucket = bucket
        self._verify = verify

    def internal_redirect(self, answer: HttpAnswer, request: HttpRequest) -> HttpAnswer:
        """Return the object that the `X-Accel-Redirect` of an answer names, with the other headers of the answer."""
        target = answer.header(ACCEL_REDIRECT) or ""
        headers = answer.without(ACCEL_REDIRECT, "content-length", "accept-ranges")
        return self._stored(_key(target), headers, request)

    def signed_download(self, request: HttpRequest) -> HttpAnswer:
        """Return what the CDN sends for a signed URL: the object with its file name in `X-Filename`, or 403."""
        query = dict(parse_qsl(request.raw_query, keep_blank_values=True, errors="replace"))
        if self._verify is None or not self._verify(request.raw_path, query):
            return HttpAnswer(403)
        key = _key(request.raw_path)
        name = key.rpartition("/")[2]
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Disposition", f'attachment; filename="{in_quotes(name)}"'),
            ("X-Content-Type-Options", "nosniff"),
        ]
        if name.endswith(".hart"):
            headers.append(("X-Filename", as_file_name(name)))
        return self._stored(key, headers, request)

    def _stored(self, key: str, headers: list[tuple[str, str]], request: HttpRequest) -> HttpAnswer:
        headers = [*headers, ("Accept-Ranges", "bytes")]
        try:
            return self._object(key, headers, request)
        except (BotoCoreError, ClientError) as problem:
            if _code(problem) in ("NoSuchKey", "404"):
                return HttpAnswer(404)
            logs.unexpected_error(problem)
            return HttpAnswer(502, [(name, value) for name, value in headers if name == REQUEST_ID])

    def _object(self, key: str, headers: list[tuple[str, str]], request: HttpRequest) -> HttpAnswer:
        try:
            stored = self._head(key, _range(request))
        except ClientError as problem:
            if _code(problem) not in ("InvalidRange", "416"):
                raise
            size = self._head(key, None)["ContentLength"]
            return HttpAnswer(416, [("Content-Range", f"bytes */{size}"), ("Accept-Ranges", "bytes")])
        start = 0
        if "ContentRange" in stored:
            headers.append(("Content-Range", stored["ContentRange"]))
            start = int(stored["ContentRange"].removeprefix("bytes ").partition("-")[0])
        length = stored["ContentLength"]
        chunks = None if request.method == "HEAD" else self._chunks(key, stored["ETag"], start, start + length)
        return HttpAnswer(206 if "ContentRange" in stored else 200, headers, b"", chunks, length)

    def _head(self, key: str, byte_range: str | None) -> dict[str, Any]:
        parameters = {"Bucket": self._bucket, "Key": key, **({"Range": byte_range} if byte_range else {})}
        return dict(client("s3").head_object(**parameters))

    def _chunks(self, key: str, etag: str, start: int, end: int) -> Iterator[bytes]:
        """Return the bytes of an object in chunks, each from a call of its own, the first of which is made at once.

        One call for the whole object would stay open as long as its client reads. It would occupy one of the engine's
        threads, and a few clients that do not read would stop the whole service.
        """
        first = [self._chunk(key, etag, start, end)] if start < end else []
        rest = (self._chunk(key, etag, position, end) for position in range(start + CHUNK_BYTES, end, CHUNK_BYTES))
        return chain(first, rest)

    def _chunk(self, key: str, etag: str, start: int, end: int) -> bytes:
        byte_range = f"bytes={start}-{min(start + CHUNK_BYTES, end) - 1}"
        stored = client("s3").get_object(Bucket=self._bucket, Key=key, Range=byte_range, IfMatch=etag)
        with stored["Body"] as body:
            return bytes(body.read())


def _code(problem: Exception) -> str | None:
    return problem.response["Error"]["Code"] if isinstance(problem, ClientError) else None


def _key(raw_path: str) -> str:
    return unquote(raw_path.removeprefix(PREFIX))


def _range(request: HttpRequest) -> str | None:
    """Return the Range header if it has a single range, else None.

    A server may ignore other ranges. A conditional one (If-Range) is ignored because objects have no validators.
    """
    byte_range = request.headers.get("range", "").replace(" ", "")
    return byte_range if _SINGLE_RANGE.fullmatch(byte_range) and "if-range" not in request.headers else None
