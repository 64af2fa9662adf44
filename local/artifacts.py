"""Artifacts streamed from the bucket in constant memory: nginx's internal redirect, and a stand-in for the CDN.

Contract: platform.md 4.3.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.header_text import in_header, in_quotes
from chalicelib.platform.aws import client
from local.wsgi import Environ, HttpAnswer, StartResponse, send, status_line

ACCEL_REDIRECT = "x-accel-redirect"
PREFIX = "/artifacts/"
STEP = 1024 * 1024
_SINGLE_RANGE = re.compile(r"bytes=([0-9]+-[0-9]*|-[0-9]+)", re.ASCII)

Verifier = Callable[[str, Mapping[str, str]], bool]
"""Whether a URL's signature holds now, from raw path and query (`Expires`, `Signature`, `Key-Pair-Id`)."""


class Artifacts:
    """Objects of a bucket as HTTP answers; `verify` decides about signed URLs, without it every one is refused."""

    def __init__(self, bucket: str, verify: Verifier | None = None) -> None:
        self._bucket = bucket
        self._verify = verify

    def in_place_of(self, answer: HttpAnswer, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """The object that an answer's `X-Accel-Redirect` names, under the answer's other headers."""
        target = answer.header(ACCEL_REDIRECT) or ""
        headers = answer.without(ACCEL_REDIRECT, "content-length", "accept-ranges")
        return self._stream(_key(target), headers, environ, start_response)

    def signed(self, raw_path: str, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """What the CDN answers to a signed URL: the object, with its file name in `X-Filename`, or 403."""
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
            headers.append(("X-Filename", in_header(name)))
        return self._stream(key, headers, environ, start_response)

    def _stream(
        self, key: str, headers: list[tuple[str, str]], environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        headers = [*headers, ("Accept-Ranges", "bytes")]
        try:
            found = self._open(key, environ["REQUEST_METHOD"], _range(environ))
        except ClientError as problem:
            return send(environ, start_response, self._refusal(problem, key))
        except BotoCoreError:  # no answer at all
            return send(environ, start_response, HttpAnswer(502))
        headers.append(("Content-Length", str(found["ContentLength"])))
        if "ContentRange" in found:
            headers.append(("Content-Range", found["ContentRange"]))
        start_response(status_line(206 if "ContentRange" in found else 200), headers)
        return _Chunks(found["Body"]) if "Body" in found else []

    def _open(self, key: str, method: str, wanted: str | None) -> dict[str, Any]:
        place = {"Bucket": self._bucket, "Key": key, **({"Range": wanted} if wanted else {})}
        s3 = client("s3")
        return dict(s3.head_object(**place) if method == "HEAD" else s3.get_object(**place))

    def _refusal(self, problem: ClientError, key: str) -> HttpAnswer:
        code = problem.response["Error"]["Code"]
        if code in ("InvalidRange", "416"):
            size = self._open(key, "HEAD", None)["ContentLength"]
            return HttpAnswer(416, [("Content-Range", f"bytes */{size}"), ("Accept-Ranges", "bytes")])
        return HttpAnswer(404 if code in ("NoSuchKey", "404") else 502)


def _key(raw_path: str) -> str:
    return unquote(raw_path.removeprefix(PREFIX))


def _range(environ: Environ) -> str | None:
    """A Range of one part; others are ignored, as they may be, and conditional ones, since there are no validators."""
    asked = environ.get("HTTP_RANGE", "").replace(" ", "")
    return asked if _SINGLE_RANGE.fullmatch(asked) and "HTTP_IF_RANGE" not in environ else None


class _Chunks:
    """The pieces of an object; the server closes it also when the client has gone away."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body.iter_chunks(STEP))

    def close(self) -> None:
        """Give up the connection to the bucket."""
        self._body.close()
