"""An engine and a front as processes of their own, as `make run` has them, for all tests of this folder."""

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.config import Config

from local.children import Child, listen
from tests.builders.stack import Stack, depot_stack
from tests.builders.wire import Wire

REPOSITORY = Path(__file__).parents[1]
PROBE = Path(__file__).parent / "local" / "stack"
BUCKET = "probe-artifacts"
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "python:local.gunicorn_conf"]
FRONT = [*GUNICORN, "--chdir", str(PROBE), "--bind", "fd://{fd}", "probe:front()"]


@dataclass(frozen=True)
class Serving:
    """A server on this machine, with workers."""

    port: int
    pid: int

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def peak_memory(self) -> int:
        """The largest resident set that any of its workers has had, in bytes."""
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        states = [Path(f"/proc/{worker}/status").read_text() for worker in workers]
        return max(int(state.partition("VmHWM:")[2].split()[0]) * 1024 for state in states)


@pytest.fixture(scope="session")
def engine() -> Iterator[Serving]:
    """The embedded AWS."""
    command = [sys.executable, "-m", "local.engine", "--fd", "{fd}"]
    with running("engine", command, {}) as serving:
        yield serving


@pytest.fixture(scope="session")
def nervous_engine() -> Iterator[Serving]:
    """An engine whose threads interrupt one another all the time."""
    with running("engine", [sys.executable, str(PROBE / "nervous_engine.py"), "--fd", "{fd}"], {}) as serving:
        yield serving


@pytest.fixture(scope="session")
def dynamodb(engine: Serving) -> Any:
    """A DynamoDB client of the engine with a table `probe` in it."""
    return table_in(engine)


def table_in(engine: Serving) -> Any:
    """A DynamoDB client of an engine with a new table `probe` in it."""
    return with_table(aws("dynamodb", engine.url))


def with_table(client: Any) -> Any:
    """The client, after it has created the table `probe`."""
    client.create_table(
        TableName="probe",
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
    )
    return client


@pytest.fixture(scope="session")
def s3(engine: Serving) -> Any:
    """An S3 client of the engine with the bucket of the artifacts in it."""
    client = aws("s3", engine.url)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.fixture(scope="session")
def front(engine: Serving, s3: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """A front around the probe app, with the engine behind it."""
    counted = tmp_path_factory.mktemp("probe") / "calls"
    with running("front", FRONT, {"AWS_ENDPOINT_URL": engine.url, "PROBE_COUNTED": str(counted)}) as serving:
        yield serving


@pytest.fixture(scope="session")
def small_front() -> Iterator[Serving]:
    """A front that takes bodies up to 2 MiB only."""
    with running("front", FRONT, {"PROBE_LARGEST_BODY": str(2 << 20)}) as serving:
        yield serving


@pytest.fixture(scope="session")
def narrow_front() -> Iterator[Serving]:
    """A front with two threads."""
    with running("front", FRONT, {"BLDR_WORKERS": "1", "BLDR_THREADS": "2"}) as serving:
        yield serving


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The whole local stack around the depot's own app."""
    with depot_stack(tmp_path_factory.mktemp("stack") / "log") as running_stack:
        yield running_stack


@pytest.fixture
def wire(front: Serving) -> Iterator[Wire]:
    """A connection to the front on which bytes go out as the test writes them."""
    with Wire(front.port) as connection:
        yield connection


@contextmanager
def running(name: str, command: list[str], environment: Mapping[str, str]) -> Iterator[Serving]:
    """A process that serves on a free port, for as long as it is needed."""
    listener = listen("127.0.0.1", 0)
    child = Child(name, command, listener)
    child.start({**os.environ, "PYTHONPATH": str(REPOSITORY), **environment})
    try:
        yield Serving(listener.getsockname()[1], child.pid or 0)
    finally:
        child.stop(0.1)
        listener.close()


def aws(service: str, url: str | None = None) -> Any:
    """A client of an engine, or of the one in this process; it tries once and has connections for a crowd."""
    config = Config(max_pool_connections=40, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return botocore.session.get_session().create_client(service, endpoint_url=url, config=config)
