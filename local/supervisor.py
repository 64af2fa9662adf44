"""The process behind `make run`: starts the engine and the API, restarts the API, and ends both."""

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from types import FrameType

from local.children import CannotListen, Child, listen
from local.settings import Address, SettingInvalid, address, check_endpoints, check_processes

PORT_IN_USE, NOT_READY, ENGINE_DIED, API_KEEPS_EXITING, INVALID_SETTING = 2, 3, 4, 5, 6
READY_SECONDS = 60
# The API can finish its requests; the engine has nothing to save.
API_GRACE_SECONDS, ENGINE_GRACE_SECONDS = 3, 0.3
# An API that exits by itself will probably exit again. Crash tests kill it often, so kills have a higher limit.
RESTARTS_AFTER_EXIT, RESTARTS_AFTER_KILL, RESTART_WINDOW_SECONDS = 5, 60, 60
EVERY_SERVICE = "AWS_ENDPOINT_URL"
SERVICES = tuple(f"{EVERY_SERVICE}_{service}" for service in ("DYNAMODB", "S3", "SECRETS_MANAGER", "LAMBDA"))
"""The variables that name an engine for one service, for every service that we use."""
# The engine shares the machine with its clients, so under load it is slow without having failed.
AWS_SECONDS = 120
# hab reads `X-Filename` from the last answer of a download, which S3 cannot send, so the front sends archives.
DEFAULTS = {"BLDR_DOWNLOAD_MODE": "front", "BLDR_AWS_SECONDS": str(AWS_SECONDS)}
FAKE_ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StartFailed(Exception):
    """The stack cannot start. The message names the cause; `status` is the exit status of the process."""

    def __init__(self, status: int, cause: str) -> None:
        super().__init__(cause)
        self.status = status


class _Terminated(BaseException):
    """This process received a signal to end."""


def main() -> int:
    """Run the stack and return the exit status, 0 after Ctrl-C or SIGTERM."""
    for number in SIGNALS:
        signal.signal(number, _on_signal)
    supervisor = Supervisor(dict(os.environ))
    try:
        supervisor.start()
        return supervisor.watch()
    except StartFailed as problem:
        print_message(str(problem))
        return problem.status
    except _Terminated:
        print_message("stopping")
        return 0
    finally:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()


def print_message(text: str) -> None:
    """Print a message of the supervisor; its prefix sets it apart from the output of the children."""
    print(f"bldr: {text}", flush=True)


class Supervisor:
    """The processes of one local stack."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = with_defaults(environment)
        self._engine: Child | None = None
        self._api: Child | None = None
        self._restarts: deque[float] = deque()

    def start(self) -> None:
        """Start all processes and print how to use the API. Raises StartFailed."""
        try:
            wanted = address(self._environment)
            check_processes(self._environment)
            check_endpoints(self._environment)
        except SettingInvalid as problem:
            raise StartFailed(INVALID_SETTING, str(problem)) from problem
        listener = _listen(wanted)
        listens_on = replace(wanted, port=listener.getsockname()[1])  # port 0 means any free port
        if self._environment["BLDR_DOWNLOAD_MODE"] != "front" and not self._environment.get("BLDR_CDN_URL"):
            self._environment.update(_local_distribution(listens_on))
        engine_listener = self._choose_engine() if needs_engine(self._environment) else None
        self._check_settings()
        if engine_listener is not None:
            self._start_engine(engine_listener)
        token = _prepared_engine()
        command = [sys.executable, "-m", "gunicorn", "-c", "python:local.gunicorn_conf"]
        self._api = Child("API", [*command, "--bind", "fd://{fd}", "local.api:build()"], listener)
        self._api.start(self._environment)
        _wait_until_ready(self._api, listens_on.local_host, listens_on.port, "/health")
        print(_greeting(listens_on.url, token, self._environment, embedded=self._engine is not None), flush=True)

    def watch(self) -> int:
        """Restart the API whenever it ends. Return the exit status when the engine ends or the API keeps ending."""
        while True:
            time.sleep(0.1)
            if self._engine is not None and self._engine.exit_status() is not None:
                print_message("the engine ended and its state is lost; stopping")
                return ENGINE_DIED
            if self._api is not None and (status := self._api.exit_status()) is not None:
                if not self._may_restart(status):
                    print_message(f"the API ended {len(self._restarts)} times in {RESTART_WINDOW_SECONDS} s; stopping")
                    return API_KEEPS_EXITING
                print_message(f"the API ended ({_exit_reason(status)}); restarting it on the same engine")
                self._api.start(self._environment)

    def stop(self) -> None:
        """Stop the API, then the engine."""
        if self._api is not None:
            self._api.stop(API_GRACE_SECONDS)
        if self._engine is not None:
            self._engine.stop(ENGINE_GRACE_SECONDS)

    def _choose_engine(self) -> socket.socket:
        """Name an engine on a free port for the services that have none, and return its listening socket."""
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        self._environment.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_EC2_METADATA_DISABLED="true", MOTO_PORT=str(port)
        )
        if not _named(self._environment):
            self._environment.update(FAKE_ACCOUNT)
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
                self._environment.pop(name, None)
        return listener

    def _start_engine(self, listener: socket.socket) -> None:
        self._engine = Child("engine", [sys.executable, "-m", "local.engine", "--fd", "{fd}"], listener)
        self._engine.start(self._environment)
        _wait_until_ready(self._engine, "127.0.0.1", listener.getsockname()[1], "/moto-api/")

    def _check_settings(self) -> None:
        """Use the environment of the API in this process too, and check its settings. Raises StartFailed."""
        self._environment = {**_default_credentials(self._environment), **self._environment}
        self._environment.pop("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", None)  # all services would then be those of AWS
        os.environ.clear()
        os.environ.update(self._environment)
        # chalicelib reads the environment when it is imported, so it must be complete before the import.
        try:
            from local.bootstrap import check_builder_key

            check_builder_key()
        except ValueError as problem:
            raise StartFailed(INVALID_SETTING, str(problem)) from problem

    def _may_restart(self, status: int) -> bool:
        now = time.monotonic()
        while self._restarts and now - self._restarts[0] > RESTART_WINDOW_SECONDS:
            self._restarts.popleft()
        self._restarts.append(now)
        return len(self._restarts) <= (RESTARTS_AFTER_KILL if status < 0 else RESTARTS_AFTER_EXIT)


def with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the defaults of the stack. An empty variable counts as not set, as in the service."""
    return {**environment, **{name: environment.get(name) or default for name, default in DEFAULTS.items()}}


def needs_engine(environment: Mapping[str, str]) -> bool:
    """Return whether a service has no engine that the environment names. Nothing reaches AWS unless it is named."""
    return not environment.get(EVERY_SERVICE) and len(_named(environment)) < len(SERVICES)


def _named(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that name an engine for one service."""
    return [name for name in SERVICES if environment.get(name)]


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _prepared_engine() -> str:
    """Prepare the engine, and return the first user's token. Raises StartFailed."""
    from local.bootstrap import BootstrapFailed, bootstrap

    try:
        return bootstrap()
    except BootstrapFailed as problem:
        raise StartFailed(NOT_READY, str(problem)) from problem


def _local_distribution(listens_on: Address) -> dict[str, str]:
    """Return the settings that send signed downloads to the front's stand-in for the distribution."""
    return {
        "BLDR_CDN_URL": f"{listens_on.url}/artifacts",
        "BLDR_CDN_KEY_ID": "local",
        "BLDR_CDN_KEY_SECRET": "bldr-cdn-signing-key",
    }


def _listen(wanted: Address) -> socket.socket:
    try:
        return listen(wanted.host, wanted.port)
    except CannotListen as problem:
        raise StartFailed(PORT_IN_USE, str(problem)) from problem


def _default_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """Return fake credentials, which any engine accepts, unless real ones are configured. SDKs need some to sign."""
    if any(name in environment for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")):
        return {} if "AWS_REGION" in environment else {"AWS_DEFAULT_REGION": FAKE_ACCOUNT["AWS_DEFAULT_REGION"]}
    return FAKE_ACCOUNT


def _wait_until_ready(child: Child, host: str, port: int, path: str) -> None:
    """Wait until a child answers. Its socket already listens, so a request waits in the backlog. Raises StartFailed."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.exit_status() is None:
        connection = HTTPConnection(host, port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
    status = child.exit_status()
    cause = "did not answer" if status is None else f"ended at once ({_exit_reason(status)})"
    raise StartFailed(NOT_READY, f"the {child.name} {cause}; see its messages above")


def _exit_reason(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _greeting(url: str, token: str, environment: Mapping[str, str], *, embedded: bool) -> str:
    named = ", ".join(_named(environment) if embedded else [EVERY_SERVICE, *_named(environment)])
    state = "Everything is stored in memory and is lost when this process ends."
    if named:
        state = f"State is stored in the engines of {named}."
    if named and embedded:
        state += " Everything else is stored in memory and is lost when this process ends."
    return f"""
Habitat Builder listens on {url}
{state} Press Ctrl-C to stop it.

  export HAB_BLDR_URL={url} HAB_AUTH_TOKEN={token}

Try:
  curl -i {url}/v1/status
  curl -i -H "Authorization: Bearer $HAB_AUTH_TOKEN" -H "Content-Type: application/json" \\
       -d '{{"name":"demo"}}' {url}/v1/depot/origins        # or: hab origin create demo
  hab origin key generate demo && hab pkg upload results/demo-*.hart
"""
