"""The two stores of a state folder as child processes: DynamoDB Local for the table, JuiceFS for the objects.

Both write an answer's changes to files before they answer, and both are restarted after a kill without a repair.
"""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from local.children import Child, exit_reason, listen, stop_all
from local.restarts import WINDOW_SECONDS, Restarts
from local.settings import STATE, STATE_ALLOWS
from local.state.credentials import Credentials, ensure_builder_key, ensure_credentials
from local.state.folder import Lock, StateFolder, StateUnusable, make_private_folder, open_folder, write_private
from local.state.programs import Programs, ensure_programs

TABLE, OBJECT_STORE = "table", "object store"
HOST = "127.0.0.1"
REGION = "us-east-1"
DEFAULT_BUCKET = "bldr-artifacts"
DATABASE = "shared-local-instance.db"
READY_SECONDS = 120
GRACE_SECONDS = 2.0
_CONFIGURATION = Path(__file__).with_name("dynamodb.xml")
_REPOSITORY = Path(__file__).parents[2]
_REPLACED = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION")


class Stores:
    """The stores of one folder. Their URLs stay the same while this object exists, also over restarts."""

    failure: str | None = None
    """Why the stores do not run any more, if one kept ending."""

    def __init__(
        self, folder: StateFolder, programs: Programs, bucket: str, say: Callable[[str], None], *, objects: bool = True
    ) -> None:
        """`say` prints a message. `objects`: False if the objects are stored elsewhere. Raises StateUnusable."""
        self._folder = folder
        self._say = say
        self._changing, self._is_stopping, self._restarts = threading.Lock(), False, False
        self._lock = Lock(folder)
        if not self._lock.take():
            raise StateUnusable(f"STATE={folder.path} is in use by another stack or a backup; only one at a time can")
        self._credentials = ensure_credentials(folder)
        ensure_builder_key(folder)
        self._table_listener = listen(HOST, 0)
        self._children: dict[Child, Restarts] = {}
        self._add_table(programs)
        if objects:
            self._object_port = _free_port()
            self._add_objects(programs, bucket)
        self._has_objects = objects

    @property
    def table_url(self) -> str:
        """URL of the table."""
        return f"http://{HOST}:{self._table_listener.getsockname()[1]}/{self._credentials.table_path}"

    @property
    def description(self) -> str:
        """Where the state is, in sentences."""
        if self._has_objects:
            return f"State is stored in {self._folder.path}."
        return f"The table and the keys are stored in {self._folder.path}, objects in the store of {STATE_ALLOWS}."

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return an environment in which AWS clients use the stores, and the service the keys of the folder."""
        changed = {name: value for name, value in given.items() if name not in _REPLACED or not self._has_objects}
        changed |= {"AWS_ENDPOINT_URL_DYNAMODB": self.table_url, STATE: str(self._folder.path)}
        if self._has_objects:
            changed |= environment_of(self._credentials) | {"AWS_ENDPOINT_URL_S3": f"http://{HOST}:{self._object_port}"}
        if not any(given.get(name) for name in ("BLDR_SECRET_KEY", "BLDR_HAB_KEY_DIR")):
            changed["BLDR_HAB_KEY_DIR"] = str(self._folder.keys)
        return changed

    def start(self) -> None:
        """Start the stores and wait until they answer. Raises StateUnusable."""
        for child in self._children:
            child.start(self._environment_of(child))
        for child in self._children:
            if not self._becomes_ready(child):
                where = f"the {child.name} of STATE={self._folder.path}"
                raise StateUnusable(f"{where} does not start; see its messages above")
        self._restarts = True
        threading.Thread(target=self._watch, daemon=True).start()
        urls = {name: value for name, value in self.environment({}).items() if name.startswith("AWS_ENDPOINT_URL")}
        write_private(self._folder.endpoints, json.dumps(urls))

    def wait_until_ready(self) -> None:
        """Wait until all stores answer, as long as one may take to start."""
        for child in self._children:
            self._becomes_ready(child)

    def stop(self) -> None:
        """Stop the stores and release the folder."""
        with self._changing:
            self._is_stopping = True
        stop_all(list(self._children), GRACE_SECONDS)
        self._table_listener.close()
        self._lock.release()

    def _watch(self) -> None:
        """Restart stores that end. In a thread: whatever the supervisor waits for may need a store."""
        while self.failure is None:
            time.sleep(0.1)
            with self._changing:
                if self._is_stopping:
                    return
                for child, restarts in self._children.items():
                    self._restart_if_ended(child, restarts)

    def _restart_if_ended(self, child: Child, restarts: Restarts) -> None:
        if (status := child.exit_status()) is None:
            return
        if not restarts.are_allowed(status):
            self.failure = f"the {child.name} ended {len(restarts)} times in {WINDOW_SECONDS} s; stopping"
            return
        self._say(f"the {child.name} ended ({exit_reason(status)}); restarting it on the same files")
        child.start(self._environment_of(child))

    def _add_table(self, programs: Programs) -> None:
        _prepare_database(self._folder.table)
        library = programs.table / "DynamoDBLocal_lib"
        classes = f"{programs.table / 'DynamoDBLocal.jar'}{os.pathsep}{library / '*'}"
        command = (
            "java",
            "-Xmx1g",
            "-XX:+UseSerialGC",
            "-Dorg.eclipse.jetty.util.log.announce=false",
            f"-Djava.library.path={library}",
            "-cp",
            classes,
        )
        main = ("org.eclipse.jetty.xml.XmlConfiguration", str(_CONFIGURATION))
        self._children[self._child(TABLE, [*command, *main], self._table_listener)] = Restarts()

    def _add_objects(self, programs: Programs, bucket: str) -> None:
        index = _prepare_objects(self._folder.objects, programs.objects, bucket, self._base_environment())
        command = [
            *(
                str(programs.objects),
                "--log-level",
                "error",
                "--no-agent",
                "gateway",
                "--no-banner",
                "--no-usage-report",
            ),
            *("--keep-etag", "--object-meta", "--bucket-name", bucket, "--backup-meta", "0", "--cache-size", "0"),
            *("--cache-dir", str(self._folder.objects / "cache"), "--metrics", f"{HOST}:0", "--attr-cache", "0"),
            *("--dir-entry-cache", "0", "--log", "/dev/null", index, f"{HOST}:{self._object_port}"),
        ]
        self._children[self._child(OBJECT_STORE, command, None)] = Restarts()

    def _child(self, name: str, command: list[str], listener: socket.socket | None) -> Child:
        stdin = [] if listener is None else ["--stdin", "{fd}"]
        wrapped = [sys.executable, "-m", "local.state.program", *stdin, *command]
        return Child(name, wrapped, listener, prefix=True, inherits=[self._lock.descriptor])

    def _base_environment(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "JAVA_HOME") if name in os.environ}
        return {**inherited, "HOME": str(self._folder.path), "PYTHONPATH": str(_REPOSITORY)}

    def _environment_of(self, child: Child) -> dict[str, str]:
        """Return the environment of a store, which is the only place that has its secrets."""
        if child.name == TABLE:
            path = f"/{self._credentials.table_path}"
            return {**self._base_environment(), "BLDR_TABLE_PATH": path, "BLDR_TABLE_FOLDER": str(self._folder.table)}
        names = ("MINIO_ROOT_USER", "MINIO_ROOT_PASSWORD")
        values = (self._credentials.access_key, self._credentials.secret_key)
        return {**self._base_environment(), **dict(zip(names, values, strict=True))}

    def _becomes_ready(self, child: Child) -> bool:
        """Wait until a store answers. Returns False if it ends, or does not answer in time."""
        is_table = child.name == TABLE
        port = self._table_listener.getsockname()[1] if is_table else self._object_port
        path = f"/{self._credentials.table_path}" if is_table else "/minio/health/live"
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline and (self._restarts or child.exit_status() is None):
            if _answers(port, path):
                return True
            time.sleep(0.05)
        return False


def open_stores(environment: Mapping[str, str], say: Callable[[str], None]) -> Stores:
    """Return the stores of the folder that an environment names, not yet started. Installs programs if necessary.

    Raises StateUnusable.
    """
    folder = open_folder(environment[STATE])
    programs = ensure_programs(say, environment)
    bucket = environment.get("BLDR_BUCKET") or DEFAULT_BUCKET
    return Stores(folder, programs, bucket, say, objects=not environment.get(STATE_ALLOWS))


def environment_of(credentials: Credentials) -> dict[str, str]:
    """Return the variables with which AWS clients sign requests to the stores."""
    return {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _prepare_database(folder: Path) -> None:
    """Create the table's database with a write-ahead log: faster commits, and a backup does not stop writers."""
    make_private_folder(folder)
    if (folder / DATABASE).exists():
        return
    partial = folder / f".{DATABASE}.partial"
    partial.unlink(missing_ok=True)
    database = sqlite3.connect(partial)
    try:
        database.execute("PRAGMA journal_mode=WAL")
    finally:
        database.close()
    partial.rename(folder / DATABASE)


def _prepare_objects(folder: Path, program: Path, bucket: str, environment: Mapping[str, str]) -> str:
    """Create the index of the object store unless it exists, and return its URL. Raises StateUnusable."""
    index, formatted = f"sqlite3://{folder / 'index.db'}", folder / "formatted"
    if not formatted.exists():
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted first start left; it never served anything
        make_private_folder(folder)
        command = [str(program), "--quiet", "--no-agent", "format", "--storage", "file", "--bucket"]
        rest = [f"{folder / 'blocks'}/", "--trash-days", "0", index, bucket]
        done = subprocess.run([*command, *rest], env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - fixed
        if done.returncode:
            cause = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise StateUnusable(f"the object store of STATE cannot be created in {folder}: {cause}")
        write_private(formatted, bucket)
    if formatted.read_text() != bucket:
        raise StateUnusable(f"the object store in {folder} has the bucket {formatted.read_text()!r}; set BLDR_BUCKET")
    return index


def _free_port() -> int:
    with listen(HOST, 0) as listener:
        return int(listener.getsockname()[1])


def _answers(port: int, path: str) -> bool:
    """Return whether a store answers. The table answers 400 to a request that names no operation."""
    connection = HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status in (200, 400)
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
