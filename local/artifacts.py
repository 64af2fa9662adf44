"""Artifacts streamed from the bucket in constant memory: an internal redirect as in nginx, and a stand-in for the CDN.

Contract: platform.md 4.3.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.header_text import as_file_name, in_quotes
from chalicelib.platform.aws import client
from local.wsgi import Environ, HttpAnswer, StartResponse, send, status_line

ACCEL_REDIRECT = "x-accel-redirect"
PREFIX = "/artifacts/"
CHUNK_BYTES = 1024 * 1024
_SINGLE_RANGE = re.compile(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", re.ASCII)

Verifier = Callable[[str, Mapping[str, str]], bool]
"""Returns whether a URL's signature is valid, given its raw path and query (`Expires`, `Signature`, `Key-Pair-Id`)."""


class Artifacts:
    """Serves the objects of a bucket. `verify` checks signed URLs; without it all are refused."""

    def __init__(self, bucket: str, verify: Verifier | None = None) -> None:
        self._bucket = bucket
        self._verify = verify

    def internal_redirect(self, answer: HttpAnswer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Send the object that the `X-Accel-Redirect` of an answer names, with the other headers of the answer."""
        target = answer.header(ACCEL_REDIRECT) or ""
        headers = answer.without(ACCEL_REDIRECT, "content-length", "accept-ranges")
        return self._stream(_key(target), headers, environ, start_response)

    def signed_download(self, raw_path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Send what the CDN sends for a signed URL: the object with its file name in `X-Filename`, or 403."""
        query = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True, errors="replace"))
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return send(environ, start_response, HttpAnswer(404))
        if self._verify is None or not self._verify(raw_path, query):
            return send(environ, start_response, HttpAnswer(403))
        key = _key(raw_path)
        name = key.rpartition("/")[2]
        headers = [
            ("Content-Type", "application/octet-stream"),
            ("Content-Disposition", f'attachment; filename="{in_quotes(name)}"'),
        ]
        if name.endswith(".hart"):
            headers.append(("X-Filename", as_file_name(name)))
        return self._stream(key, headers, environ, start_response)

    def _stream(
        self, key: str, headers: list[tuple[str, str]], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = [*headers, ("Accept-Ranges", "bytes")]
        try:
            stored = self._fetch(key, environ["REQUEST_METHOD"], _range(environ))
        except ClientError as problem:
            return send(environ, start_response, self._error_answer(problem, key))
        except BotoCoreError:  # the bucket did not respond
            return send(environ, start_response, HttpAnswer(502))
        headers.append(("Content-Length", str(stored["ContentLength"])))
        if "ContentRange" in stored:
            headers.append(("Content-Range", stored["ContentRange"]))
        start_response(status_line(206 if "ContentRange" in stored else 200), headers)
        return _Chunks(stored["Body"]) if "Body" in stored else []

    def _fetch(self, key: str, method: str, byte_range: str | None) -> dict[str, Any]:
        parameters = {"Bucket": self._bucket, "Key": key, **({"Range": byte_range} if byte_range else {})}
        s3 = client("s3")
        return dict(s3.head_object(**parameters) if method == "HEAD" else s3.get_object(**parameters))

    def _error_answer(self, problem: ClientError, key: str) -> HttpAnswer:
        code = problem.response["Error"]["Code"]
        if code in ("InvalidRange", "416"):
            size = self._fetch(key, "HEAD", None)["ContentLength"]
            return HttpAnswer(416, [("Content-Range", f"bytes */{size}"), ("Accept-Ranges", "bytes")])
        return HttpAnswer(404 if code in ("NoSuchKey", "404") else 502)


def _key(raw_path: str) -> str:
    return unquote(raw_path.removeprefix(PREFIX))


def _range(environ: Environ) -> str | None:
    """Return the Range header if it has a single range, else None.

    A server may ignore other ranges. A conditional one (If-Range) is ignored because objects have no validators.
    """
    byte_range = str(environ.get("HTTP_RANGE", "")).replace(" ", "")
    return byte_range if _SINGLE_RANGE.fullmatch(byte_range) and "HTTP_IF_RANGE" not in environ else None


class _Chunks:
    """The chunks of an object. The WSGI server closes it, also when the client has disconnected."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.iter_chunks(CHUNK_BYTES))

    def close(self) -> None:
        """Close the connection to the bucket."""
        self._body.close()
