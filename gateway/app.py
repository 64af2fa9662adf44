"""The gateway as an ASGI application: uploads raw POSTs of archives in parts and forwards every other request."""

import asyncio
import logging
import time

import httpx

from gateway.config import Config
from gateway.http import ClientDisconnected, Message, Receive, Request, Send
from gateway.proxy import forward
from gateway.upload import Upload, is_upload

# The API answers within 29 s, the time limit of API Gateway.
TIMEOUT = httpx.Timeout(60, connect=5)
_log = logging.getLogger("gateway")


class Gateway:
    """The ASGI application. It keeps no state between requests, so any number of gateways can run in parallel."""

    def __init__(self, config: Config) -> None:
        self._config = config
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(timeout=TIMEOUT, limits=limits, trust_env=False)
        self._upload_slots = asyncio.Semaphore(config.max_uploads)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(Request(scope, receive, send, self._config.idle_seconds))

    async def _serve(self, request: Request) -> None:
        try:
            if is_upload(request):
                await self._upload(request)
            else:
                await forward(request, self._client, self._config)
        except ClientDisconnected:
            _log.info("%s %s: the client disconnected", request.method, request.path.decode("latin-1"))

    async def _upload(self, request: Request) -> None:
        started = time.monotonic()
        async with self._upload_slots:
            status = await Upload(request, self._client, self._config).run()
        _log.info("%s: %d after %.1f s", request.path.decode("latin-1"), status, time.monotonic() - started)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                await self._client.aclose()
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return
