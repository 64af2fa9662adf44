"""The API on a socket, for tools that send requests themselves."""

import threading
from collections.abc import Iterable, Iterator

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wsgi import get_input_stream

from app import app
from local.front import Front
from local.wsgi import Environ, StartResponse


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """Log nothing: the tools report what fails."""


@pytest.fixture(scope="session")
def api_url(table: None) -> Iterator[str]:
    """The URL of the API, with `/v1`."""
    front = Front(app)

    def with_end_of_body(environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Call the front with a body that ends, as gunicorn's does. That of this server waits for the connection."""
        return front({**environ, "wsgi.input": get_input_stream(environ)}, start_response)

    server = make_server("127.0.0.1", 0, with_end_of_body, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.port}/v1"
    server.shutdown()
    thread.join()
    server.server_close()
