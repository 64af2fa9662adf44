"""Fixtures that run the engine, the front and the whole stack as separate processes, as `make run` does."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from socketserver import ThreadingMixIn
from threading import Thread
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import botocore.session
import pytest
from botocore.config import Config

from local.children import Child, listen
from tests.builders.stack import REPOSITORY, Stack, depot_stack, peak_memory
from tests.builders.wire import Wire

PROBE = Path(__file__).parent / "local" / "stack"
BUCKET = "probe-artifacts"
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "python:local.gunicorn_conf"]
ENGINE = [sys.executable, "-m", "local.engine", "--fd", "{fd}"]
NARROW_ENGINE = [sys.executable, str(PROBE / "narrow_engine.py"), "--fd", "{fd}"]
FRONT = [*GUNICORN, "--chdir", str(PROBE), "--bind", "fd://{fd}", "probe:front()"]


@dataclass(frozen=True)
class Server:
    """A running server with worker processes."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """URL of the server."""
        return f"http://127.0.0.1:{self.port}"

    def peak_memory(self) -> int:
        """Return the largest peak memory of the workers, in bytes."""
        return max(peak_memory(worker) for worker in self._workers())

    def open_files(self) -> int:
        """Return how many files and sockets the workers have open."""
        return sum(len(list(Path(f"/proc/{worker}/fd").iterdir())) for worker in self._workers())

    def _workers(self) -> list[int]:
        return [int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]


@pytest.fixture(scope="session")
def engine() -> Iterator[Server]:
    """The embedded AWS."""
    with running("engine", ENGINE, {}) as server:
        yield server


@pytest.fixture(scope="session")
def preemptive_engine() -> Iterator[Server]:
    """An engine that switches threads as often as possible, so that races become likely."""
    with running("engine", [sys.executable, str(PROBE / "preemptive_engine.py"), "--fd", "{fd}"], {}) as server:
        yield server


@pytest.fixture(scope="session")
def impatient_engine() -> Iterator[Server]:
    """An engine with two threads that waits for its clients for a quarter of a second."""
    with running("engine", NARROW_ENGINE, {"PROBE_THREADS": "2", "PROBE_SECONDS": "0.25"}) as server:
        with Wire(server.port) as wire:
            assert wire.get("/moto-api/").status == 200, "the worker has set its limits"
        yield server


@pytest.fixture(scope="session")
def front_of_narrow_engine() -> Iterator[tuple[Server, Any]]:
    """A front whose engine has two threads, and an S3 client of that engine."""
    with (
        running("engine", NARROW_ENGINE, {"PROBE_THREADS": "2"}) as engine,
        running("front", FRONT, {"AWS_ENDPOINT_URL": engine.url}) as front,
    ):
        client = aws("s3", engine.url)
        client.create_bucket(Bucket=BUCKET)
        yield front, client


@pytest.fixture(scope="session")
def dynamodb(engine: Server) -> Any:
    """A DynamoDB client of the engine, which has a table `probe`."""
    return create_table(engine)


def create_table(engine: Server) -> Any:
    """Create a table `probe` in an engine and return a DynamoDB client."""
    return with_table(aws("dynamodb", engine.url))


def with_table(client: Any) -> Any:
    """Create a table `probe` with a DynamoDB client and return the client."""
    client.create_table(
        TableName="probe",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return client


@pytest.fixture(scope="session")
def s3(engine: Server) -> Any:
    """An S3 client of the engine, which has the front's bucket."""
    client = aws("s3", engine.url)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="session")
def front(engine: Server, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A front that serves the probe app and uses the engine."""
    counter = tmp_path_factory.mktemp("probe") / "calls"
    with running("front", FRONT, {"AWS_ENDPOINT_URL": engine.url, "PROBE_COUNTER": str(counter)}) as server:
        yield server


@pytest.fixture(scope="session")
def small_front() -> Iterator[Server]:
    """A front that accepts bodies of at most 2 MiB."""
    with running("front", FRONT, {"PROBE_MAX_BODY": str(2 << 20)}) as server:
        yield server


@pytest.fixture(scope="session")
def two_thread_front() -> Iterator[Server]:
    """A front with two threads."""
    with running("front", FRONT, {"BLDR_WORKERS": "1", "BLDR_THREADS": "2"}) as server:
        yield server


@pytest.fixture(scope="session")
def impatient_front(engine: Server, s3: Any) -> Iterator[Server]:
    """A front that waits for its clients for a quarter of a second."""
    with running("front", FRONT, {"AWS_ENDPOINT_URL": engine.url, "PROBE_SECONDS": "0.25"}) as server:
        yield server


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole local stack with the real app."""
    with depot_stack(tmp_path_factory.mktemp("stack") / "log") as running_stack:
        yield running_stack


@pytest.fixture
def wire(front: Server) -> Iterator[Wire]:
    """A raw connection to the front."""
    with Wire(front.port) as connection:
        yield connection


@contextmanager
def running(name: str, command: list[str], environment: Mapping[str, str], host: str = "127.0.0.1") -> Iterator[Server]:
    """Run a server on a free port inside the block. `{fd}` in the command becomes its listening socket."""
    listener = listen(host, 0)
    child = Child(name, command, listener)
    child.start({**os.environ, "PYTHONPATH": str(REPOSITORY), **environment})
    try:
        yield Server(listener.getsockname()[1], child.pid or 0)
    finally:
        child.stop(0.1)
        listener.close()


@contextmanager
def wsgi_server(application: Any) -> Iterator[str]:
    """Serve a WSGI application in this process, inside the block. Yields its URL."""

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    class Threaded(ThreadingMixIn, WSGIServer):
        daemon_threads = True

    with make_server("127.0.0.1", 0, application, Threaded, Quiet) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def aws(service: str, url: str | None = None) -> Any:
    """Return an AWS client, without retries, of the engine at a URL or of the one in this process.

    Its connection pool is large enough for parallel tests.
    """
    config = Config(max_pool_connections=40, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return botocore.session.get_session().create_client(service, endpoint_url=url, config=config)
