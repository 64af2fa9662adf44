"""The upload of one archive: started at the API, sent in parts as it arrives, and completed (platform.md 4.4, U6).

At most two parts are in temporary files: one that is being filled and one that is being sent. An upload that fails is
deleted.
"""

import asyncio
import hashlib
import json
import logging
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from gateway import publication
from gateway.api import ATTEMPTS, BACKOFF_SECONDS, BAD_GATEWAY, IDEMPOTENT, api_request, send, status_of
from gateway.config import MIB, Config
from gateway.http import Headers, Refused, Reply, Request, end_to_end
from gateway.publication import UPLOADS, refusal
from gateway.spool import Spool

PATH = re.compile(rb"/v1/depot/pkgs/([^/]+)/([^/]+)/([^/]+)/([^/]+)/?")
PARTS_SENT_AT_ONCE = 8
BUSY = Reply(503, [(b"retry-after", b"5")])
WRONG_CHECKSUM = Reply.text(422, "ds:up:3")
_log = logging.getLogger("gateway")


class Turns:
    """The work that all uploads share. Only uploads that the API has accepted take a turn, and silent ones lose it."""

    def __init__(self, config: Config) -> None:
        self.uploads = asyncio.Semaphore(config.max_uploads)
        self.parts = asyncio.Semaphore(PARTS_SENT_AT_ONCE)


def is_upload(request: Request) -> bool:
    """Return True for the raw POST of an archive."""
    return request.method == "POST" and PATH.fullmatch(request.path) is not None


class Upload:
    """One raw POST of an archive and its upload to the API."""

    def __init__(self, request: Request, client: httpx.AsyncClient, config: Config, turns: Turns) -> None:
        self._request, self._client, self._config, self._turns = request, client, config, turns
        self._query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
        self._hash = hashlib.blake2b(digest_size=32)
        self._received = 0
        self._parts: _Parts | None = None

    async def run(self) -> Reply:
        """Upload the archive and return the response. Raises Refused, ClientDisconnected, SpoolFailed."""
        self._check_size(self._request.content_length or 0)
        self._parts = _Parts(self, _Progress.of(await self._start()))
        await self._take_turn()
        try:
            await self._send(self._parts)
        finally:
            self._turns.uploads.release()
        reply = await self._complete(self._parts.upload_id)
        self._parts = None
        return reply

    async def close(self) -> None:
        """Delete the upload at the API unless it was completed. If that fails, the parts expire after a day."""
        if self._parts is None:
            return
        await self._parts.cancel()
        try:
            await self.call_api("DELETE", self._parts.upload_path)
        except Refused as refusal:
            _log.warning("an unfinished upload was not deleted: %s", refusal.cause)

    async def call_api(self, method: str, target: bytes, body: Any = None, *, repeats: bool = False) -> httpx.Response:
        """Call the API with the client's credentials. Raises Refused (502) if the API cannot be reached."""
        headers: Headers = [
            (name, value) for name, value in self._request.headers if name in (b"authorization", b"user-agent")
        ]
        content = b""
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        return await send(
            self._client,
            lambda: api_request(self._config, method, target, headers, content, len(content)),
            f"{method} {target.partition(b'?')[0].decode()}",
            repeats=repeats or method in IDEMPOTENT,
        )

    async def complete_at_api(self, method: str, target: bytes) -> httpx.Response:
        """Call the API with a request that may be repeated. Raises Refused (502) if the API cannot be reached."""
        return await self.call_api(method, target, repeats=True)

    async def put_part(self, number: int, url: str, part: Spool) -> None:
        """Send a part to its presigned URL; retries transport errors and 5xx. Raises Refused (502), SpoolFailed."""
        what = f"PUT of part {number}"
        headers = {"Content-Length": str(part.size)}
        async with self._turns.parts:
            for attempt in range(1, ATTEMPTS + 1):
                response = await send(
                    self._client,
                    lambda: httpx.Request("PUT", url, headers=headers, content=part.chunks()),
                    what,
                    repeats=True,
                )
                if response.is_success:
                    return
                if response.status_code < 500 or attempt == ATTEMPTS:
                    raise Refused(BAD_GATEWAY, f"{what}: the object store answered {status_of(response)}")
                await asyncio.sleep(BACKOFF_SECONDS * attempt)

    async def _take_turn(self) -> None:
        """Wait for a turn. Raises Refused (503)."""
        try:
            async with asyncio.timeout(self._config.silence_seconds):
                await self._turns.uploads.acquire()
        except TimeoutError as problem:
            raise Refused(BUSY, f"{self._config.max_uploads} other uploads are running") from problem

    async def _start(self) -> httpx.Response:
        """Start the upload at the API, which checks everything that it can check without the bytes. Raises Refused."""
        match = PATH.fullmatch(self._request.path)
        segments = match.groups() if match is not None else ()
        forced = self._query.get("forced")
        response = await self.call_api(
            "POST",
            UPLOADS,
            {
                "ident": "/".join(unquote(segment.decode("latin-1")) for segment in segments),
                "target": self._query.get("target"),
                "checksum": self._query.get("checksum", ""),
                "size": self._request.content_length or None,
                "forced": {None: False, "false": False, "true": True}.get(forced, forced),
            },
        )
        if response.status_code != 201:
            raise refusal(response)
        return response

    async def _send(self, parts: "_Parts") -> None:
        """Send the body in parts and check its checksum. Raises Refused, ClientDisconnected."""
        async for chunk in self._request.chunks():
            self._received += len(chunk)
            self._check_size(self._received)
            self._hash.update(chunk)
            await parts.add(chunk)
        await parts.finish()
        if self._hash.hexdigest() != self._query.get("checksum"):
            raise Refused(WRONG_CHECKSUM)  # saves the API from reading the archive again to refuse it

    async def _complete(self, upload_id: bytes) -> Reply:
        """Complete the upload. Returns the API's response with the `Location` of the raw POST, or a redirect."""
        reply = await publication.outcome(upload_id, 0, self.complete_at_api, self._config)
        if reply.status != 201:
            return reply
        return Reply(201, [*end_to_end(reply.headers, b"location"), (b"location", self._request.target)], reply.body)

    def _check_size(self, size: int) -> None:
        limit = self._config.max_archive_bytes
        if size > limit:
            raise Refused(Reply.text(413, f"The archive exceeds the limit of this gateway, {limit // MIB} MiB."))


class _Parts:
    """The parts of one archive: one is filled while the previous one is sent."""

    def __init__(self, upload: Upload, started: "_Progress") -> None:
        self.upload_id = started.id.encode()
        self.upload_path = UPLOADS + b"/" + self.upload_id
        self._upload = upload
        self._part_size = started.part_size
        self._urls = started.urls
        self._part = Spool()
        self._number = 1
        self._sending: asyncio.Task[None] | None = None

    async def add(self, chunk: bytes) -> None:
        """Append bytes of the archive. Raises Refused, SpoolFailed."""
        rest = memoryview(chunk)
        while rest:
            room = self._part_size - self._part.size
            await self._part.write(rest[:room])
            rest = rest[room:]
            if self._part.size == self._part_size:
                await self._send_part()

    async def finish(self) -> None:
        """Send the last part. An empty archive has one empty part. Raises Refused, SpoolFailed."""
        if self._part.size or self._number == 1:
            await self._send_part()
        await self._wait_until_sent()

    async def cancel(self) -> None:
        """Stop sending, and delete what was not sent."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.gather(self._sending, return_exceptions=True)
        self._part.close()

    async def _send_part(self) -> None:
        await self._wait_until_sent()
        url = await self._url()
        self._sending = asyncio.create_task(self._put(self._number, url, self._part))
        self._part = Spool()
        self._number += 1

    async def _put(self, number: int, url: str, part: Spool) -> None:
        try:
            await self._upload.put_part(number, url, part)
        finally:
            part.close()

    async def _wait_until_sent(self) -> None:
        if self._sending is not None:
            await self._sending
            self._sending = None

    async def _url(self) -> str:
        if self._number not in self._urls:
            response = await self._upload.call_api("GET", self.upload_path + b"?from=%d" % self._number)
            if response.status_code != 200:
                raise refusal(response)
            self._urls = _Progress.of(response).urls
        if self._number not in self._urls:
            raise Refused(BAD_GATEWAY, f"the API returned no URL for part {self._number}")
        return self._urls[self._number]


@dataclass(frozen=True, slots=True)
class _Progress:
    """The parts of an upload that the gateway uses, from a response of the API."""

    id: str
    part_size: int
    urls: dict[int, str]

    @classmethod
    def of(cls, response: httpx.Response) -> "_Progress":
        """Return the upload in a response. Raises Refused (502)."""
        try:
            upload = response.json()
            urls = {part["number"]: part["url"] for part in upload["parts"]}
            return cls(str(upload["upload_id"]), int(upload["part_size"]), urls)
        except (ValueError, KeyError, TypeError) as problem:
            raise Refused(BAD_GATEWAY, "the API's description of the upload is incomplete") from problem
