"""Parts of uploads for an object store that only this machine reaches (platform.md 4.4).

The service gives out presigned URLs of the store. Clients of other machines get URLs of the front instead, which passes
their parts on. Only for a store that checks signatures: the embedded engine would accept anything.
"""

import ipaddress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from os import SEEK_END
from typing import IO
from urllib.parse import parse_qs, urlsplit

from chalicelib.platform import logs
from chalicelib.uploads import staging
from local.http_messages import HttpAnswer, HttpRequest

PREFIX = "/parts/"
MAX_PART_BYTES = 1024 * 1024 * 1024
SECONDS = 300.0
_SCHEMES = ("http", "https")
_OF_A_PART = {"partNumber", "uploadId", "X-Amz-Signature"}


class PartUploads:
    """Shows URLs of the front in place of URLs of the store, and sends parts on to the store."""

    def __init__(self, store: str, bucket: str) -> None:
        """`store` is the URL of the object store."""
        self._store = urlsplit(store)
        self._staged = f"/{bucket}/{staging.PREFIX}"
        self._beginning = f"{store.rstrip('/')}/".encode()

    def shown(self, answer: HttpAnswer, request: HttpRequest) -> HttpAnswer:
        """Return an answer whose URLs the client can reach. Clients on this machine reach the store itself."""
        host = request.headers.get("host", "")
        if self._beginning not in answer.body or is_loopback(_name_in(host)):
            return answer
        forwarded = request.headers.get("x-forwarded-proto", "")
        base = f"{forwarded if forwarded in _SCHEMES else 'http'}://{host}{PREFIX}"
        return replace(answer, body=answer.body.replace(self._beginning, base.encode("latin-1")))

    def store(self, request: HttpRequest, body: IO[bytes]) -> HttpAnswer:
        """Send a part to the store, and return its answer, or 403 for anything but a part of a staged upload.

        The store checks the signature of the URL.
        """
        target = "/" + request.target.partition(PREFIX)[2]
        query = parse_qs(request.raw_query)
        if not target.startswith(self._staged) or not target.isascii() or not query.keys() >= _OF_A_PART:
            return HttpAnswer(403)
        headers = {"Host": self._store.netloc, "Content-Length": str(body.seek(0, SEEK_END))}
        body.seek(0)
        connection = HTTPConnection(self._store.hostname or "", self._store.port, timeout=SECONDS)
        try:
            connection.request("PUT", target, body, headers)
            answer = connection.getresponse()
            sent = [(name, value) for name, value in answer.getheaders() if name.lower() in ("etag", "content-type")]
            return HttpAnswer(answer.status, sent, answer.read())
        except (OSError, HTTPException) as problem:
            logs.unexpected_error(problem)
            return HttpAnswer(502)
        finally:
            connection.close()


def _name_in(host: str) -> str | None:
    """Return the name or address in a header `Host`, or None."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:  # malformed brackets
        return None


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine by a loopback address or the name `localhost`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host or "").is_loopback
    except ValueError:  # a name
        return False
