"""The gateway as an ASGI application: uploads raw POSTs of archives in parts and forwards every other request."""

import logging
import time
import traceback

from gateway import publication
from gateway.api import new_client
from gateway.config import Config
from gateway.http import ClientDisconnected, Message, Receive, Refused, Reply, Request, Send
from gateway.proxy import forward
from gateway.spool import SpoolFailed
from gateway.upload import Turns, Upload, is_upload

CODING_UNKNOWN = Reply.text(501, "The only transfer coding that this gateway supports is chunked.")
STORAGE_FULL = Reply(503, [(b"retry-after", b"5")])
INTERNAL_ERROR = Reply.text(500, "")
HEALTH = b"/v1/gateway/health"
"""The path at which a load balancer asks whether this process answers. It does not depend on the API."""

HEALTHY = Reply.text(200, "The gateway answers.")
_log = logging.getLogger("gateway")


class Gateway:
    """The ASGI application. It keeps no state between requests, so any number of gateways can run in parallel."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._client = new_client()
        self._turns = Turns(config)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._serve(Request(scope, receive, send, self._config))

    async def _serve(self, request: Request) -> None:
        """Handle a request. Every exception becomes a response, and no 5xx is sent without its cause in the log."""
        try:
            await self._handle(request)
        except ClientDisconnected:
            _log.info("%s: the client disconnected", request.label)
        except Refused as refusal:
            await request.respond(_logged(request, refusal))
        except SpoolFailed as problem:
            _log.error("%s: 503, a temporary file failed: %s", request.label, problem.__cause__)
            await request.respond(STORAGE_FULL)
        except Exception as problem:  # noqa: BLE001 - any error becomes a 500 with its cause in the log
            # The message is left out: libraries quote the values that caused the error, which may be secret.
            frames = "".join(traceback.format_tb(problem.__traceback__))
            _log.error("%s: unexpected %s\n%s", request.label, type(problem).__name__, frames)
            if not request.response_started:
                await request.respond(INTERNAL_ERROR)

    async def _handle(self, request: Request) -> None:
        if (request.header(b"transfer-encoding") or b"chunked").lower() != b"chunked":
            raise Refused(CODING_UNKNOWN, "an unsupported transfer coding")
        if is_upload(request):
            await self._upload(request)
        elif request.path == HEALTH:
            await request.respond(HEALTHY)
        elif publication.is_wait(request):
            await self._wait(request)
        else:
            await forward(request, self._client, self._config)

    async def _upload(self, request: Request) -> None:
        started = time.monotonic()
        upload = Upload(request, self._client, self._config, self._turns)
        try:
            reply = await _outcome(request, upload)
            await request.respond(reply)
        finally:
            await upload.close()
        _log.info("%s: %d after %.1f s", request.path.decode("latin-1"), reply.status, time.monotonic() - started)

    async def _wait(self, request: Request) -> None:
        upload = Upload(request, self._client, self._config, self._turns)
        await request.respond(await publication.continued(request, upload.complete_at_api, self._config))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            event = (await receive())["type"]
            if event == "lifespan.shutdown":
                await self._client.aclose()
            await send({"type": f"{event}.complete"})
            if event == "lifespan.shutdown":
                return


async def _outcome(request: Request, upload: Upload) -> Reply:
    try:
        return await upload.run()
    except Refused as refusal:
        return _logged(request, refusal)


def _logged(request: Request, refusal: Refused) -> Reply:
    """Log why a request is refused and return the response."""
    level = logging.ERROR if refusal.reply.status >= 500 else logging.INFO
    _log.log(level, "%s: %d %s", request.label, refusal.reply.status, refusal.cause)
    return refusal.reply
