"""The engines: how each is installed and started, and the variables with which the tests use it."""

import os
import subprocess
import venv
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx

from local.children import Child
from local.state.folder import open_folder
from local.state.programs import ensure_programs, programs_folder
from local.state.stores import Stores
from tests.builders.waiting import until
from tests.builders.wire import free_port

Variables = dict[str, str]
BUCKET = "bldr-artifacts"
PATIENT = {"BLDR_AWS_SECONDS": "120"}
"""The engines share the machine with the tests, so they may be slow without having failed."""

MINISTACK = "ministack==1.5.33"


@contextmanager
def dynamodb_local(folder: Path) -> Iterator[Variables]:
    """DynamoDB Local for the table; the embedded engine has the bucket."""
    with _stores(folder, objects=False) as stores:
        yield {**os.environ, **PATIENT, "TEST_TABLE_URL": stores.table_url}


@contextmanager
def state_folder(folder: Path) -> Iterator[Variables]:
    """The stores of `make run STATE=folder`. They have one bucket, so the tests run in one process."""
    with _stores(folder, objects=True) as stores:
        named = stores.environment({})
        yield {
            **os.environ,
            **PATIENT,
            "TEST_TABLE_URL": stores.table_url,
            "TEST_BUCKET_URL": named["AWS_ENDPOINT_URL_S3"],
            "TEST_BUCKET": BUCKET,
            "TEST_ACCESS_KEY": named["AWS_ACCESS_KEY_ID"],
            "TEST_SECRET_KEY": named["AWS_SECRET_ACCESS_KEY"],
            "PYTEST_ADDOPTS": f"{os.environ.get('PYTEST_ADDOPTS', '')} --numprocesses 0",
        }


@contextmanager
def ministack(folder: Path) -> Iterator[Variables]:
    """ministack for the table and the bucket."""
    port = free_port()
    child = Child("ministack", [str(_ministack())], None, prefix=True)
    child.start({"PATH": os.environ["PATH"], "HOME": str(folder), "GATEWAY_PORT": str(port), "LOG_LEVEL": "ERROR"})
    url = f"http://127.0.0.1:{port}"
    try:
        assert until(lambda: _answers(url)), "ministack does not answer"
        keys = {"TEST_ACCESS_KEY": "test", "TEST_SECRET_KEY": "test"}
        yield {**os.environ, **PATIENT, **keys, "TEST_TABLE_URL": url, "TEST_BUCKET_URL": url}
    finally:
        child.stop(2)


ENGINES: dict[str, Callable[[Path], AbstractContextManager[Variables]]] = {
    "dynamodb-local": dynamodb_local,
    "ministack": ministack,
    "state-folder": state_folder,
}


@contextmanager
def _stores(folder: Path, *, objects: bool) -> Iterator[Stores]:
    stores = Stores(open_folder(str(folder / "state")), ensure_programs(print), BUCKET, print, objects=objects)
    try:
        stores.start()
        yield stores
    finally:
        stores.stop()


def _ministack() -> Path:
    """Return the program of ministack, in an environment of its own: its pins contradict ours."""
    folder = programs_folder(os.environ) / MINISTACK.replace("==", "-")
    if not (folder / "complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        subprocess.run([folder / "bin" / "python", "-m", "pip", "install", "--quiet", MINISTACK], check=True)
        (folder / "complete").touch()
    return folder / "bin" / "ministack"


def _answers(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.HTTPError:
        return False
    return True
