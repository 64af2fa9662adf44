"""The upload of one archive: begun at the API, sent in parts as it comes, and completed (platform.md 4.4, U6).

Two parts are held at most: one that is being filled, one that is on its way. Whatever ends early gives the upload up.
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

from gateway.http import ClientGone, Headers, Reply, Request, end_to_end
from gateway.passing import BAD_GATEWAY, api_request
from gateway.settings import MIB, Settings

PATH = re.compile(rb"/v1/depot/pkgs/([^/]+)/([^/]+)/([^/]+)/([^/]+)/?")
UPLOADS = b"/v1/depot/uploads"
STEP = 256 * 1024
TRIES = 3
PAUSE_SECONDS = 0.5


class Refused(Exception):
    """The upload ends with this answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def is_upload(request: Request) -> bool:
    """True for the raw POST of an archive."""
    return request.method == "POST" and PATH.fullmatch(request.path) is not None


class Upload:
    """One raw POST on its way to the API."""

    def __init__(self, request: Request, client: httpx.AsyncClient, settings: Settings) -> None:
        self._request, self._client, self._settings = request, client, settings
        self._query = dict(parse_qsl(request.query.decode("latin-1"), keep_blank_values=True))
        self._hash = hashlib.blake2b(digest_size=32)
        self._received = 0

    async def run(self) -> int:
        """Take the archive and answer the client; gives the status. Raises ClientGone."""
        try:
            self._demand_size(self._request.announced or 0)
            begun = await self._begin()
        except Refused as refusal:
            await self._request.refuse(refusal.reply, self._settings.drained_when_refused)
            return refusal.reply.status
        sending = _Sending(self, begun)
        try:
            await self._send(sending)
            reply = await self._complete(sending.url)
        except Refused as refusal:
            await sending.give_up()
            await self._request.refuse(refusal.reply, self._settings.drained_when_refused)
            return refusal.reply.status
        except (ClientGone, asyncio.CancelledError):
            await sending.give_up()
            raise
        await self._request.answer(reply)
        return reply.status

    async def ask(self, method: str, target: bytes, body: Any = None) -> httpx.Response:
        """A request to the API in the caller's name. Raises Refused when it cannot be reached."""
        headers: Headers = [
            (name, value) for name, value in self._request.headers if name in (b"authorization", b"user-agent")
        ]
        content = b""
        if body is not None:
            headers.append((b"content-type", b"application/json"))
            content = json.dumps(body).encode()
        try:
            return await self._client.send(api_request(self._settings, method, target, headers, content))
        except httpx.TransportError as problem:
            raise Refused(BAD_GATEWAY) from problem

    async def put(self, url: str, part: bytearray) -> None:
        """Store a part, trying again what may succeed. Raises Refused."""
        for attempt in range(1, TRIES + 1):
            headers = {"Content-Length": str(len(part))}
            try:
                stored = await self._client.send(httpx.Request("PUT", url, headers=headers, content=_in_steps(part)))
            except httpx.TransportError:
                stored = None
            if stored is not None and stored.is_success:
                return
            if stored is not None and stored.status_code < 500:
                break
            await asyncio.sleep(PAUSE_SECONDS * attempt)
        raise Refused(BAD_GATEWAY)

    async def _begin(self) -> dict[str, Any]:
        """Everything that can be refused without the bytes is refused here. Raises Refused."""
        found = PATH.fullmatch(self._request.path)
        parts = found.groups() if found is not None else ()
        forced = self._query.get("forced")
        begun = await self.ask(
            "POST",
            UPLOADS,
            {
                "ident": "/".join(unquote(part.decode("latin-1")) for part in parts),
                "target": self._query.get("target"),
                "checksum": self._query.get("checksum", ""),
                "size": self._request.announced or None,
                "forced": {None: False, "false": False, "true": True}.get(forced, forced),
            },
        )
        if begun.status_code != 201:
            raise Refused(_relayed(begun))
        told: dict[str, Any] = begun.json()
        return told

    async def _send(self, sending: "_Sending") -> None:
        """Pass the body on and compare its checksum. Raises Refused, ClientGone."""
        async for piece in self._request.pieces():
            self._received += len(piece)
            self._demand_size(self._received)
            self._hash.update(piece)
            await sending.add(piece)
        await sending.end()
        if self._hash.hexdigest() != self._query.get("checksum"):
            raise Refused(Reply.text(422, "ds:up:3"))  # what the API would say after reading it all again

    async def _complete(self, url: bytes) -> Reply:
        """The API's own answer, with the `Location` that the raw POST has. Raises Refused for all but success."""
        end = time.monotonic() + self._settings.patience
        while (answer := await self.ask("POST", url + b"/complete")).status_code == 202:
            if time.monotonic() > end:
                return Reply.text(504, "")  # it goes on without us; hab's next try learns that the package is there
        reply = _relayed(answer)
        if answer.status_code != 201:
            raise Refused(reply)
        return Reply(201, [*end_to_end(reply.headers, b"location"), (b"location", self._request.target)], reply.body)

    def _demand_size(self, size: int) -> None:
        largest = self._settings.largest_archive
        if size > largest:
            raise Refused(Reply.text(413, f"The archive is larger than this entrance takes, {largest // MIB} MiB."))


class _Sending:
    """The parts of one archive: one is filled while the one before is on its way."""

    def __init__(self, upload: Upload, begun: dict[str, Any]) -> None:
        self.url = UPLOADS + b"/" + str(begun["upload_id"]).encode()
        self._upload = upload
        self._part_size: int = begun["part_size"]
        self._urls = _urls(begun)
        self._part = bytearray()
        self._number = 1
        self._on_its_way: asyncio.Task[None] | None = None

    async def add(self, piece: bytes) -> None:
        """Take more of the archive. Raises Refused."""
        rest = memoryview(piece)
        while rest:
            room = self._part_size - len(self._part)
            self._part += rest[:room]
            rest = rest[room:]
            if len(self._part) == self._part_size:
                await self._send_part()

    async def end(self) -> None:
        """Send the last part; an empty archive is one empty part. Raises Refused."""
        if self._part or self._number == 1:
            await self._send_part()
        await self._arrived()

    async def give_up(self) -> None:
        """Have the API forget what was sent; should that fail, the parts expire by themselves."""
        if self._on_its_way is not None:
            self._on_its_way.cancel()
            await asyncio.wait({self._on_its_way})
        try:
            await self._upload.ask("DELETE", self.url)
        except Refused:
            return

    async def _send_part(self) -> None:
        await self._arrived()
        url = await self._url()
        self._on_its_way = asyncio.create_task(self._upload.put(url, self._part))
        self._part = bytearray()
        self._number += 1

    async def _arrived(self) -> None:
        if self._on_its_way is not None:
            await self._on_its_way
            self._on_its_way = None

    async def _url(self) -> str:
        if self._number not in self._urls:
            more = await self._upload.ask("GET", self.url + b"?from=%d" % self._number)
            self._urls = _urls(more.json()) if more.is_success else {}
        if self._number not in self._urls:
            raise Refused(BAD_GATEWAY)
        return self._urls[self._number]


def _urls(told: dict[str, Any]) -> dict[int, str]:
    return {part["number"]: part["url"] for part in told["parts"]}


async def _in_steps(part: bytearray) -> AsyncIterator[bytes]:
    for start in range(0, len(part), STEP):
        yield bytes(part[start : start + STEP])


def _relayed(answer: httpx.Response) -> Reply:
    return Reply(answer.status_code, end_to_end(answer.headers.raw, b"content-length"), answer.content)
