"""A proxy that waits only so long for the first byte of a response, as CloudFront does, and answers 504 then."""

import select
import socket
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

from tests.builders.raw_server import response
from tests.builders.waiting import PATIENCE

PIECE = 64 * 1024
TIMED_OUT = response("504 Gateway Timeout", b"", "Connection: close")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    upstream: tuple[str, int]
    seconds: float


class _Handler(socketserver.BaseRequestHandler):
    server: _Server
    request: socket.socket

    def handle(self) -> None:
        """Pass bytes both ways. Each byte of the request starts the time again, until the response begins."""
        with socket.create_connection(self.server.upstream) as upstream, suppress(OSError):
            limit: float | None = self.server.seconds
            while ready := select.select([self.request, upstream], [], [], limit)[0]:
                for source in ready:
                    piece = source.recv(PIECE)
                    if not piece:
                        return
                    (upstream if source is self.request else self.request).sendall(piece)
                    limit = limit if source is self.request else None
            self.request.sendall(TIMED_OUT)


@contextmanager
def impatient_front(upstream: str, seconds: float) -> Iterator[str]:
    """Run a proxy inside the block, and yield its URL. It times one request of each connection."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        url = urlsplit(upstream)
        server.upstream, server.seconds = (url.hostname or "", url.port or 80), seconds
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join(PATIENCE)
