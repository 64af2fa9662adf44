"""The API on a socket, for tools that send requests themselves."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from app import app
from local.asgi import AsgiFront
from local.children import listen
from local.front import Front
from local.http_protocol import LimitedProtocol


@pytest.fixture(scope="module")
def api_url(table: None) -> Iterator[str]:
    """The URL of the API, with `/v1`."""
    listener = listen("127.0.0.1", 0)
    with listener, ThreadPoolExecutor(4) as threads:
        front = AsgiFront(Front(app), threads)
        server = uvicorn.Server(uvicorn.Config(front, http=LimitedProtocol, ws="none", lifespan="off", log_config=None))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()
