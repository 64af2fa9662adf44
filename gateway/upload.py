"""The upload of one archive: started at the API, sent in parts as it arrives, and completed (platform.md 4.4, U6).

At most two parts are in memory: one that is being filled and one that is being sent. An upload that fails is deleted.
"""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from gateway.config import MIB, Config
from gateway.http import ClientDisconnected, Headers, Reply, Request, end_to_end
from gateway.proxy import BAD_GATEWAY, api_request

PATH = re.compile(rb"/v1/depot/pkgs/([^/]+)/([^/]+)/([^/]+)/([^/]+)/?")
UPLOADS = b"/v1/depot/uploads"
CHUNK_BYTES = 256 * 1024
ATTEMPTS = 3
BACKOFF_SECONDS = 0.5


class Refused(Exception):
    """The upload ends with this response."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def is_upload(request: Request) -> bool:
    """Return True for the raw POST of an archive."""
    return request.method == "POST" and PATH.fullmatch(request.path) is not None


class Upload:
    """One raw POST of an archive and its upload to the API."""

    def __init__(self, request: Request, client: httpx.AsyncClient, config: Config) -> None:
        self._request, self._client, self._config = request, client, config
        self._query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
        self._hash = hashlib.blake2b(digest_size=32)
        self._received = 0

    async def run(self) -> int:
        """Upload the archive, respond to the client and return the status. Raises ClientDisconnected."""
        try:
            self._check_size(self._request.content_length or 0)
            started = await self._start()
        except Refused as refusal:
            await self._request.refuse(refusal.reply, self._config.drain_bytes)
            return refusal.reply.status
        parts = _Parts(self, started)
        try:
            await self._send(parts)
            reply = await self._complete(parts.upload_path)
        except Refused as refusal:
            await parts.abort()
            await self._request.refuse(refusal.reply, self._config.drain_bytes)
            return refusal.reply.status
        except (ClientDisconnected, asyncio.CancelledError):
            await parts.abort()
            raise
        await self._request.respond(reply)
        return reply.status

    async def call_api(self, method: str, target: bytes, body: Any = None) -> httpx.Response:
        """Call the API with the client's credentials. Raises Refused (502) if the API cannot be reached."""
        headers: Headers = [
            (name, value) for name, value in self._request.headers if name in (b"authorization", b"user-agent")
        ]
        content = b""
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        try:
            return await self._client.send(api_request(self._config, method, target, headers, content))
        except httpx.TransportError as problem:
            raise Refused(BAD_GATEWAY) from problem

    async def put_part(self, url: str, part: bytearray) -> None:
        """Send a part to its presigned URL; retries transport errors and 5xx. Raises Refused (502)."""
        for attempt in range(1, ATTEMPTS + 1):
            headers = {"Content-Length": str(len(part))}
            try:
                response = await self._client.send(httpx.Request("PUT", url, headers=headers, content=_chunks(part)))
            except httpx.TransportError:
                response = None
            if response is not None and response.is_success:
                return
            if response is not None and response.status_code < 500:
                break
            await asyncio.sleep(BACKOFF_SECONDS * attempt)
        raise Refused(BAD_GATEWAY)

    async def _start(self) -> dict[str, Any]:
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
            raise Refused(_reply_of(response))
        started: dict[str, Any] = response.json()
        return started

    async def _send(self, parts: "_Parts") -> None:
        """Send the body in parts and check its checksum. Raises Refused, ClientDisconnected."""
        async for chunk in self._request.chunks():
            self._received += len(chunk)
            self._check_size(self._received)
            self._hash.update(chunk)
            await parts.add(chunk)
        await parts.finish()
        if self._hash.hexdigest() != self._query.get("checksum"):
            raise Refused(Reply.text(422, "ds:up:3"))  # saves the API from reading the archive again to refuse it

    async def _complete(self, upload_path: bytes) -> Reply:
        """Complete the upload and return the API's response with the `Location` of the raw POST.

        Returns 504 if the upload is not published in time; it continues, and hab's retry gets 409. Raises Refused for
        every other failure.
        """
        deadline = time.monotonic() + self._config.completion_seconds
        while (response := await self.call_api("POST", upload_path + b"/complete")).status_code == 202:
            if time.monotonic() > deadline:
                return Reply.text(504, "")
        reply = _reply_of(response)
        if response.status_code != 201:
            raise Refused(reply)
        return Reply(201, [*end_to_end(reply.headers, b"location"), (b"location", self._request.target)], reply.body)

    def _check_size(self, size: int) -> None:
        limit = self._config.max_archive_bytes
        if size > limit:
            raise Refused(Reply.text(413, f"The archive exceeds the limit of this gateway, {limit // MIB} MiB."))


class _Parts:
    """The parts of one archive: one is filled while the previous one is sent."""

    def __init__(self, upload: Upload, started: dict[str, Any]) -> None:
        self.upload_path = UPLOADS + b"/" + str(started["upload_id"]).encode()
        self._upload = upload
        self._part_size: int = started["part_size"]
        self._urls = _urls(started)
        self._part = bytearray()
        self._number = 1
        self._sending: asyncio.Task[None] | None = None

    async def add(self, chunk: bytes) -> None:
        """Append bytes of the archive. Raises Refused."""
        rest = memoryview(chunk)
        while rest:
            room = self._part_size - len(self._part)
            self._part += rest[:room]
            rest = rest[room:]
            if len(self._part) == self._part_size:
                await self._send_part()

    async def finish(self) -> None:
        """Send the last part. An empty archive has one empty part. Raises Refused."""
        if self._part or self._number == 1:
            await self._send_part()
        await self._wait_until_sent()

    async def abort(self) -> None:
        """Delete the upload at the API. If that fails, the parts expire after a day."""
        if self._sending is not None:
            self._sending.cancel()
            await asyncio.wait({self._sending})
        try:
            await self._upload.call_api("DELETE", self.upload_path)
        except Refused:
            return

    async def _send_part(self) -> None:
        await self._wait_until_sent()
        url = await self._url()
        self._sending = asyncio.create_task(self._upload.put_part(url, self._part))
        self._part = bytearray()
        self._number += 1

    async def _wait_until_sent(self) -> None:
        if self._sending is not None:
            await self._sending
            self._sending = None

    async def _url(self) -> str:
        if self._number not in self._urls:
            response = await self._upload.call_api("GET", self.upload_path + b"?from=%d" % self._number)
            self._urls = _urls(response.json()) if response.is_success else {}
        if self._number not in self._urls:
            raise Refused(BAD_GATEWAY)
        return self._urls[self._number]


def _urls(upload: dict[str, Any]) -> dict[int, str]:
    return {part["number"]: part["url"] for part in upload["parts"]}


async def _chunks(part: bytearray) -> AsyncIterator[bytes]:
    for start in range(0, len(part), CHUNK_BYTES):
        yield bytes(part[start : start + CHUNK_BYTES])


def _reply_of(response: httpx.Response) -> Reply:
    return Reply(response.status_code, end_to_end(response.headers.raw, b"content-length"), response.content)
