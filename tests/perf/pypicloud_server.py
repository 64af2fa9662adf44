"""pypicloud on the embedded engine, in a virtual environment of its own and on the server of our API."""

import base64
import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit

from local.children import Child, listen
from local.supervisor import FAKE_ACCOUNT
from tests.builders.stack import READY_SECONDS, REPOSITORY
from tests.builders.waiting import until
from tests.perf.keep_alive import Connection, request
from tests.perf.pypicloud_app import AUTHORIZATION, CONFIG, PASSWORD, USER

PYPICLOUD = "1.3.12"
FOLDER = REPOSITORY / ".run" / "pypicloud"
SAME_AS_OURS = ("boto3", "gunicorn", "h11", "uvicorn")
PINS = (
    f"pypicloud[dynamo]=={PYPICLOUD}",
    "flywheel==0.5.4",
    "pyramid==2.1",
    "pyramid-duh==0.1.2",
    "setuptools==65.5.0",  # the last versions without pkg_resources are 81 and newer
    "sqlalchemy==1.4.54",  # pypicloud does not run with 2.0
    "zope.sqlalchemy==2.0",
)


@contextmanager
def pypicloud(engine_url: str, workers: int, threads: int, folder: Path) -> Iterator[tuple[int, int]]:
    """Run pypicloud on an engine inside the block, with its settings in a folder of this run.

    Yields its port and the id of its process.
    """
    python = _installed()
    config = folder / "pypicloud.ini"
    config.write_text(_settings(engine_url))
    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    command = [str(python), "-m", "gunicorn", "--bind", "fd://{fd}", "-c", "python:local.gunicorn_conf"]
    child = Child("pypicloud", [*command, "tests.perf.pypicloud_app:build()"], listener)
    own = {"PYTHONPATH": str(REPOSITORY), "PYTHONWARNINGS": "ignore", CONFIG: str(config), **FAKE_ACCOUNT}
    environment = {**os.environ, **own, "BLDR_WORKERS": str(workers), "BLDR_THREADS": str(threads)}
    # It creates its tables and its bucket when it starts. Two workers that do so at once fail.
    subprocess.run(
        [str(python), "-c", "from tests.perf import pypicloud_app as app; app.build()"], env=environment, check=True
    )
    child.start(environment)
    try:
        _wait_until_ready(child, port)
        yield port, child.pid or 0
    finally:
        child.stop(5)
        listener.close()


def hash_of(password: str, salt: bytes = b"salt") -> str:
    """Return the cheapest hash that pypicloud verifies, PBKDF2 with one round, in the form of passlib."""
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 1)
    return f"$pbkdf2-sha256$1${_base64(salt)}${_base64(digest)}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode().rstrip("=").replace("+", ".")


def _installed() -> Path:
    """Return the Python of an environment with pypicloud, which is created at the first run."""
    pins = [*PINS, *(f"{name}=={version(name)}" for name in SAME_AS_OURS)]
    python, done = FOLDER / "venv" / "bin" / "python", FOLDER / "pins.txt"
    if not done.exists() or done.read_text().split() != pins:
        done.unlink(missing_ok=True)
        print(f"installing pypicloud {PYPICLOUD} in {FOLDER.relative_to(REPOSITORY)}", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER / "venv")], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", *pins], check=True)
        done.write_text("\n".join(pins))
    return python


def _settings(engine_url: str) -> str:
    engine = urlsplit(engine_url)
    return f"""[app:main]
use = egg:pypicloud
pypi.fallback = none
pypi.default_write = authenticated
pypi.auth = config
user.{USER} = {hash_of(PASSWORD)}
session.encrypt_key = {base64.b64encode(bytes(32)).decode()}
session.validate_key = validate
pypi.db = dynamo
db.region_name = us-east-1
db.host = {engine.hostname}
db.port = {engine.port}
db.aws_access_key_id = test
db.aws_secret_access_key = test
pypi.storage = s3
storage.bucket = pypicloud-packages
storage.region_name = us-east-1
storage.endpoint_url = {engine_url}
storage.addressing_style = path
"""


def _wait_until_ready(child: Child, port: int) -> None:
    """Wait until pypicloud answers, for which its tables exist. Raises RuntimeError if it ends or fails."""
    answers: list[int] = []

    def ask() -> None:
        with Connection(port) as connection:
            answers.append(connection.send(request("GET", "/simple/", AUTHORIZATION))[0])

    threading.Thread(target=ask, daemon=True).start()  # the request waits in the backlog of the socket
    until(lambda: bool(answers) or child.exit_status() is not None, READY_SECONDS)
    if answers != [200]:
        raise RuntimeError(f"pypicloud did not start (answers: {answers}); see its messages above")
