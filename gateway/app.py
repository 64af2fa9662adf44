"""The gateway as an ASGI application: raw POSTs of archives are uploads, everything else is passed on."""

import asyncio
import logging
import time

import httpx

from gateway.http import ClientGone, Message, Receive, Request, Send
from gateway.passing import pass_on
from gateway.settings import Settings
from gateway.upload import Upload, is_upload

# The API answers a completion after 25 s at the latest.
TIMEOUT = httpx.Timeout(60, connect=5)
_log = logging.getLogger("gateway")


class Gateway:
    """Stateless: any number of them may stand side by side."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)
        self._turns = asyncio.Semaphore(settings.uploads_at_once)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._serve(Request(scope, receive, send, self._settings.silence))

    async def _serve(self, request: Request) -> None:
        try:
            if is_upload(request):
                await self._upload(request)
            else:
                await pass_on(request, self._client, self._settings)
        except ClientGone:
            _log.info("%s %s: the client has gone", request.method, request.path.decode("latin-1"))

    async def _upload(self, request: Request) -> None:
        started = time.monotonic()
        async with self._turns:
            status = await Upload(request, self._client, self._settings).run()
        _log.info("%s: %d after %.1f s", request.path.decode("latin-1"), status, time.monotonic() - started)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                await self._client.aclose()
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
