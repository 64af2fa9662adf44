"""The process behind `make run`: it restarts the API, and all its processes end with it, even if it is killed."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local import endpoints, supervisor
from tests.builders.names import a_name
from tests.builders.stack import REPOSITORY, Stack, process_tree
from tests.builders.waiting import PATIENCE, until
from tests.builders.wire import Wire, free_port
from tests.servers import GUNICORN, PROBE, Server, aws, running

COMMAND = [sys.executable, "-m", "local"]
LOCAL = "http://127.0.0.1:4566"


@pytest.mark.parametrize("name", ["API", "functions"])
def test_a_killed_server_is_restarted_alone_and_sigterm_ends_all_processes(tmp_path: Path, name: str) -> None:
    with running_stack(tmp_path) as stack:
        before = stack.children()
        os.kill(before[name], signal.SIGKILL)
        assert until(lambda: stack.children().get(name, before[name]) != before[name])
        assert {**stack.children(), name: before[name]} == before
        assert f"the {name} ended (SIGKILL); restarting it" in stack.output()
        assert stack.get("/v1/status") == 200

        # The supervisor, the engine and the functions with one worker, and the API with two.
        assert until(lambda: len(process_tree(stack.process.pid)) >= 8)
        processes = process_tree(stack.process.pid)
        stack.process.send_signal(signal.SIGTERM)
        assert stack.process.wait(PATIENCE) == 0
        assert all_end(processes)


def test_the_engine_invokes_functions_that_were_restarted(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        functions = stack.children()["functions"]
        client = aws("lambda", stack.variable("AWS_ENDPOINT_URL"))
        os.kill(process_tree(functions)[1], signal.SIGKILL)
        os.kill(functions, signal.SIGKILL)

        # A call waits for the restart; one that was accepted before the kill fails.
        answers = [invoked(client) for _ in range(3)]
        assert json.loads(answers[-1]) == {"repeated": {"number": 7}}


def test_an_engine_without_state_is_restarted_and_the_api_and_functions_continue(
    tmp_path: Path, engine: Server
) -> None:
    named = dict.fromkeys(NAMED, engine.url) | {"BLDR_TABLE": a_name("table"), "BLDR_BUCKET": a_name("bucket")}
    named["AWS_ENDPOINT_URL_SECRETS_MANAGER"] = engine.url
    named["BLDR_BUILDER_KEY_SECRET"] = a_name("secret")
    with running_stack(tmp_path, **named) as stack:
        before = stack.children()
        client = aws("lambda", stack.variable("AWS_ENDPOINT_URL"))
        assert json.loads(invoked(client)) == {"repeated": {"number": 7}}
        os.kill(process_tree(before["engine"])[1], signal.SIGKILL)

        assert until(lambda: "restarting it, because tables and objects are elsewhere" in stack.output())
        assert until(lambda: b"repeated" in invoked(client))
        assert {**stack.children(), "engine": before["engine"]} == before
        assert stack.get("/v1/status") == 200


def test_the_output_says_how_to_use_the_api(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        output = stack.output()

    assert f"http://localhost:{stack.port}" in output
    assert "is lost when this process ends" in output
    assert output.count("curl ") >= 2


def test_the_api_is_patient_with_an_engine_that_shares_its_machine(stack: Stack) -> None:
    assert stack.variable("BLDR_AWS_SECONDS") == str(supervisor.AWS_SECONDS)


@pytest.mark.parametrize("name", supervisor.DEFAULTS)
def test_an_empty_variable_has_the_default_of_the_stack(name: str) -> None:
    assert supervisor.with_defaults({name: ""}) == supervisor.DEFAULTS
    assert supervisor.with_defaults({name: "1"})[name] == "1"


def test_all_processes_end_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        processes = process_tree(stack.process.pid)
        stack.process.kill()
        stack.process.wait(PATIENCE)

        assert all_end(processes)


def test_a_worker_ends_when_the_master_of_the_api_is_killed_while_the_worker_starts(tmp_path: Path) -> None:
    """Otherwise it would keep the port open after the end of the stack."""
    written = tmp_path / "pid"
    command = [*GUNICORN, "--chdir", str(PROBE), "--bind", "fd://{fd}", "killed_master:front()"]
    with running("API", command, {"BLDR_WORKERS": "1", "PROBE_PID": str(written)}):
        assert until(lambda: written.exists() and written.read_text() != "")

        assert all_end([int(written.read_text())])


def test_the_stack_ends_when_the_engine_dies_because_its_state_is_lost(tmp_path: Path) -> None:
    with running_stack(tmp_path) as stack:
        processes = process_tree(stack.process.pid)
        engine_worker = process_tree(stack.children()["engine"])[1]
        os.kill(engine_worker, signal.SIGKILL)

        assert stack.process.wait(PATIENCE) == supervisor.ENGINE_DIED
        assert all_end(processes)


def test_a_port_in_use_is_reported_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = run(BLDR_LISTEN="127.0.0.1", BLDR_PORT=str(server.getsockname()[1]))

    assert done.returncode == supervisor.PORT_IN_USE
    assert len(done.stdout.splitlines()) == 1
    assert "Address already in use" in done.stdout


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BLDR_PORT", "http"),
        ("BLDR_LISTEN", "999.1.1.1"),
        ("BLDR_WORKERS", "many"),
        ("BLDR_TARGETS", "vax-vms"),
        ("BLDR_HAB_KEY_DIR", "/nowhere"),
        ("AWS_ENDPOINT_URL", "localhost:4566"),
        ("BLDR_WORKER", "maybe"),
        ("BLDR_SCHEDULES", "no"),
    ],
)
def test_an_invalid_setting_is_reported_in_one_line_with_its_name(name: str, value: str) -> None:
    done = run(**{"BLDR_PORT": "0", name: value})

    assert done.returncode == supervisor.INVALID_SETTING
    assert (len(done.stdout.splitlines()), done.stderr) == (1, "")
    assert f"{name}={value!r}" in done.stdout


@pytest.mark.parametrize("key", ["geheim", "BOX-SEC-1\ngeheim\n\ngeheim", "BOX-SEC-1\nbldr-20240101000000\n\ngeheim"])
def test_a_malformed_builder_key_is_reported_without_showing_it(key: str) -> None:
    done = run(BLDR_PORT="0", BLDR_SECRET_KEY=key)

    assert done.returncode == supervisor.INVALID_SETTING
    assert "BLDR_SECRET_KEY holds a malformed builder key" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert "geheim" not in done.stdout + done.stderr


def test_a_folder_without_builder_keys_is_reported(tmp_path: Path) -> None:
    done = run(BLDR_PORT="0", BLDR_HAB_KEY_DIR=str(tmp_path))

    assert (done.returncode, done.stderr) == (supervisor.INVALID_SETTING, "")
    assert f"BLDR_HAB_KEY_DIR={str(tmp_path)!r} holds no builder key" in done.stdout


def test_an_endpoint_that_is_not_an_engine_is_reported_in_one_line() -> None:
    with serving_text() as url:
        done = run(BLDR_PORT="0", AWS_ENDPOINT_URL=url)

    assert (done.returncode, done.stderr) == (supervisor.NOT_READY, "")
    assert len(done.stdout.splitlines()) == 1
    assert "the engine could not be prepared: KeyError: 'TableDescription'" in done.stdout, (
        "without waiting for a table"
    )


def test_port_0_is_a_free_port_which_is_printed_also_for_ipv6(tmp_path: Path) -> None:
    with running_stack(tmp_path, BLDR_LISTEN="::1", BLDR_PORT="0") as stack:
        port = int(stack.output().partition("http://[::1]:")[2].partition("\n")[0])
        with Wire(port, "::1") as wire:
            event = wire.get("/v1/echo/a/b").json()

    assert event["requestContext"]["identity"]["sourceIp"] == "::1"


def test_an_unreachable_engine_is_reported_with_its_url() -> None:
    done = run(BLDR_PORT="0", AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1")

    assert done.returncode == supervisor.NOT_READY
    assert "http://127.0.0.1:9" in done.stdout.splitlines()[-1]
    assert "check AWS_ENDPOINT_URL" in done.stdout


NAMED = ("AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3")


@pytest.mark.parametrize(
    "environment",
    [
        {"AWS_ENDPOINT_URL": LOCAL},
        {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_S3": LOCAL},
        dict.fromkeys(endpoints.SERVICES, LOCAL),
    ],
)
def test_no_engine_is_started_if_all_services_have_one(environment: dict[str, str]) -> None:
    assert not endpoints.needs_engine(environment)


@pytest.mark.parametrize("missing", endpoints.SERVICES)
def test_an_engine_is_started_if_a_service_has_none(missing: str) -> None:
    assert endpoints.needs_engine({})
    assert endpoints.needs_engine({**dict.fromkeys(endpoints.SERVICES, LOCAL), missing: ""})


def test_every_service_that_the_project_uses_can_be_named() -> None:
    sources = [path.read_text() for folder in ("chalicelib", "local") for path in (REPOSITORY / folder).rglob("*.py")]
    used = {service for source in sources for service in re.findall(r"\bclient\(\"(\w+)\"\)", source)}
    session = botocore.session.get_session()
    ids = {session.get_service_model(service).service_id.hyphenize() for service in used}

    assert {f"AWS_ENDPOINT_URL_{each.replace('-', '_').upper()}" for each in ids} == set(endpoints.SERVICES)


def test_services_without_a_named_engine_are_embedded_and_their_key_must_fit_the_table(
    tmp_path: Path, engine: Server
) -> None:
    named = dict.fromkeys(NAMED, engine.url) | {"BLDR_TABLE": a_name("table"), "BLDR_BUCKET": a_name("bucket")}
    named["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS"] = "true"

    with running_stack(tmp_path, **named) as stack:
        output = stack.output()
        settings = stack.variables()

    assert f"State is stored in the engines of {', '.join(NAMED)}." in output
    assert settings["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS" not in settings
    assert aws("dynamodb", engine.url).describe_table(TableName=named["BLDR_TABLE"])["Table"]["ItemCount"] > 0

    again = run(BLDR_PORT="0", **named)
    last = again.stdout.splitlines()[-1]
    assert again.returncode == supervisor.NOT_READY
    assert "BLDR_BUILDER_KEY_SECRET" in last
    assert f"does not fit the table '{named['BLDR_TABLE']}'" in last
    assert "Traceback" not in again.stdout + again.stderr


class RunningStack:
    """A running supervisor with its engine and its API."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self.process, self.port, self._log = process, port, log

    def output(self) -> str:
        """Return what it has printed."""
        return self._log.read_text()

    def get(self, path: str) -> int:
        """Send a GET to the API and return the status."""
        with Wire(self.port) as wire:
            return wire.get(path).status

    def children(self) -> dict[str, int]:
        """Return the processes that the supervisor started, by name."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        commands = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children}
        marks = {"engine": "local.engine", "API": "local.api", "functions": "local.functions", "worker": "bldr"}
        return {name: child for name, mark in marks.items() for child, command in commands.items() if mark in command}

    def variables(self) -> dict[str, str]:
        """Return the environment of the API."""
        lines = Path(f"/proc/{self.children()['API']}/environ").read_text().split("\0")
        return dict(line.partition("=")[::2] for line in lines)

    def variable(self, name: str) -> str:
        """Return an environment variable of the API."""
        return self.variables()[name]


def invoked(client: Any) -> bytes:
    """Invoke a function of the probe app through the engine, and return its answer, or nothing if that failed."""
    try:
        answer = client.invoke(FunctionName="repeat", Payload=b'{"number": 7}')
    except (BotoCoreError, ClientError):
        return b""
    return bytes(answer["Payload"].read())


def all_end(processes: list[int]) -> bool:
    """Wait until no process is running. Returns False if one still is."""
    return until(lambda: not any(_is_running(process) for process in processes))


def _is_running(process: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return False


@contextmanager
def running_stack(folder: Path, **settings: str) -> Iterator[RunningStack]:
    """Run a supervisor with the probe app on a free port inside the block."""
    port = free_port()
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            COMMAND,
            cwd=PROBE,
            env=environment(**{"BLDR_PORT": str(port), "BLDR_WORKER": "off", **settings}),
            stdout=file,
            stderr=file,
            text=True,
        )
    stack = RunningStack(process, port, log)
    try:
        assert until(lambda: "HAB_AUTH_TOKEN=" in stack.output() or process.poll() is not None, 2 * PATIENCE)
        assert process.poll() is None, stack.output()
        yield stack
    finally:
        process.kill()
        process.wait()


@contextmanager
def serving_text() -> Iterator[str]:
    """Run a server that answers every request with a text inside the block, and return its URL."""

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"hello")

        do_GET = do_PUT = do_POST = do_HEAD = answer  # noqa: N815 - http.server calls these names

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(**settings: str) -> subprocess.CompletedProcess[str]:
    """Run a supervisor that ends by itself, with the probe app."""
    return subprocess.run(
        COMMAND, cwd=PROBE, env=environment(**settings), capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def environment(**settings: str) -> dict[str, str]:
    """Return our environment without AWS, Builder and make variables, and with the given settings."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_", "MAKE"))
    }
    return {**inherited, "PYTHONPATH": str(REPOSITORY), **settings}
