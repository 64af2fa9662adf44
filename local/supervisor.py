"""The process behind `make run`: starts engine, functions, API and worker, restarts those that end, and ends all."""

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from types import FrameType

from local import worker
from local.children import CannotListen, Child, exit_reason, listen, stop_all
from local.endpoints import invokes_functions, keeps_nothing, named, needs_engine
from local.greeting import greeting
from local.restarts import WINDOW_SECONDS, Restarts
from local.settings import (
    STATE,
    Address,
    SettingInvalid,
    address,
    check_endpoints,
    check_processes,
    check_state,
    check_switches,
    transaction_seconds,
)
from local.state.folder import StateUnusable
from local.state.stores import Stores, open_stores
from local.worker import LocalWorker

PORT_IN_USE, NOT_READY, ENGINE_DIED, API_KEEPS_EXITING, INVALID_SETTING, STATE_FAILED = 2, 3, 4, 5, 6, 7
READY_SECONDS = 60
PREPARATIONS = 5
# The API can finish its requests; the engine has nothing to save. With the time of the worker, all end within 5 s.
SERVERS_GRACE_SECONDS, ENGINE_GRACE_SECONDS = 2.5, 0.3
UPLOAD_FUNCTION = "finish_upload"
LOCAL_REPOSITORIES = "file:///"
"""What projects may clone without GitHub, if only clients on this machine reach the API: its own repositories."""

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
        self._stores: Stores | None = None
        self._engine: Child | None = None
        self._engine_address = ("127.0.0.1", 0)
        self._servers: dict[Child, Restarts] = {}
        self._worker: LocalWorker | None = None

    def start(self) -> None:
        """Start all processes and print how to use the API. Raises StartFailed."""
        try:
            wanted = address(self._environment)
            check_processes(self._environment)
            check_endpoints(self._environment)
            check_switches(self._environment)
            check_state(self._environment)
            transaction_seconds(self._environment)
        except SettingInvalid as problem:
            raise StartFailed(INVALID_SETTING, str(problem)) from problem
        listener, functions = _listen(wanted), listen("127.0.0.1", 0)
        listens_on = replace(wanted, port=listener.getsockname()[1])  # port 0 means any free port
        self._environment.update(_defaults_for(listens_on, functions, self._environment))
        if self._environment.get(STATE):
            self._start_stores()
        engine_listener = self._choose_engine() if needs_engine(self._environment) else None
        self._check_settings()
        if engine_listener is not None:
            self._engine = Child("engine", [sys.executable, "-m", "local.engine", "--fd", "{fd}"], engine_listener)
            self._engine_address = engine_listener.getsockname()
            self._start_engine(self._engine)
        token = self._prepare_engine_patiently()
        self._start_servers(listener, listens_on, functions)
        has_worker = worker.is_wanted(self._environment)
        print(
            greeting(
                listens_on.url,
                token,
                self._environment,
                embedded=self._engine is not None,
                stored=None if self._stores is None else self._stores.description,
                builds=has_worker and self._environment.get("BLDR_GIT_SOURCES") == LOCAL_REPOSITORIES,
            ),
            flush=True,
        )
        if has_worker:
            variables = worker.environment_of(listens_on.url, _worker_token(), self._environment)
            self._worker = LocalWorker(variables, worker.command_of(self._environment))

    def watch(self) -> int:
        """Restart the processes that end. Returns the exit status when the engine ends, or a server that keeps ending.

        Raises StartFailed if an engine that was restarted cannot be prepared, or a store keeps ending.
        """
        while True:
            time.sleep(0.1)
            if self._stores is not None and self._stores.failure:
                raise StartFailed(STATE_FAILED, self._stores.failure)
            if self._engine is not None and self._engine.exit_status() is not None:
                if not keeps_nothing(self._environment):
                    print_message("the engine ended and its state is lost; stopping")
                    return ENGINE_DIED
                print_message("the engine ended; restarting it, because tables and objects are elsewhere")
                self._start_engine(self._engine)
                self._prepare_engine_patiently()
            for server, restarts in self._servers.items():
                if (status := server.exit_status()) is None:
                    continue
                if not restarts.are_allowed(status):
                    print_message(f"the {server.name} ended {len(restarts)} times in {WINDOW_SECONDS} s; stopping")
                    return API_KEEPS_EXITING
                print_message(f"the {server.name} ended ({exit_reason(status)}); restarting it on the same engine")
                server.start(self._environment)
            if self._worker is not None and (message := self._worker.watch()):
                print_message(message)

    def stop(self) -> None:
        """Stop the worker, the servers, then the engine and the stores."""
        if self._worker is not None:
            self._worker.stop()
        stop_all(list(self._servers), SERVERS_GRACE_SECONDS)
        if self._engine is not None:
            self._engine.stop(ENGINE_GRACE_SECONDS)
        if self._stores is not None:
            self._stores.stop()

    def _start_stores(self) -> None:
        """Start the stores of the state folder, and name them in the environment. Raises StartFailed."""
        try:
            self._stores = open_stores(self._environment, print_message)
            self._stores.start()
        except StateUnusable as problem:
            raise StartFailed(STATE_FAILED, str(problem)) from problem
        self._environment = self._stores.environment(self._environment)

    def _choose_engine(self) -> socket.socket:
        """Name an engine on a free port for the services that have none, and return its listening socket."""
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        self._environment.update(
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}", AWS_EC2_METADATA_DISABLED="true", MOTO_PORT=str(port)
        )
        if not named(self._environment):
            self._environment.update(FAKE_ACCOUNT)
            for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
                self._environment.pop(name, None)
        return listener

    def _start_engine(self, engine: Child) -> None:
        engine.start(self._environment)
        _wait_until_ready(engine, *self._engine_address, "/moto-api/")

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

    def _prepare_engine(self) -> str:
        """Prepare the engine, and return the first user's token. Raises StartFailed."""
        from local.bootstrap import BootstrapFailed, bootstrap, machines

        try:
            token = bootstrap()
            if invokes_functions(self._environment, "SFN"):
                self._environment.update(machines())
        except BootstrapFailed as problem:
            raise StartFailed(NOT_READY, str(problem)) from problem
        if not self._environment.get("BLDR_UPLOAD_FUNCTION") and invokes_functions(self._environment, "LAMBDA"):
            self._environment["BLDR_UPLOAD_FUNCTION"] = UPLOAD_FUNCTION
        return token

    def _prepare_engine_patiently(self) -> str:
        """Prepare the engine, again if a store ends meanwhile. Returns the first user's token. Raises StartFailed."""
        if self._stores is not None:
            for _ in range(PREPARATIONS):
                self._stores.wait_until_ready()
                with suppress(StartFailed):
                    return self._prepare_engine()
        return self._prepare_engine()

    def _start_servers(self, listener: socket.socket, listens_on: Address, functions: socket.socket) -> None:
        command = [sys.executable, "-m", "gunicorn", "--bind", "fd://{fd}", "-c"]
        api = Child("API", [*command, "python:local.gunicorn_conf", "local.api:build()"], listener)
        lambdas = Child("functions", [*command, "python:local.functions_conf", "local.functions:build()"], functions)
        self._servers = {api: Restarts(), lambdas: Restarts()}
        lambdas.start(self._environment)
        api.start(self._environment)
        _wait_until_ready(lambdas, "127.0.0.1", functions.getsockname()[1], "/health")
        _wait_until_ready(api, listens_on.local_host, listens_on.port, "/health")


def with_defaults(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with the defaults of the stack. An empty variable counts as not set, as in the service."""
    return {**environment, **{name: environment.get(name) or default for name, default in DEFAULTS.items()}}


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Terminated


def _worker_token() -> str:
    from local.bootstrap import BootstrapFailed, worker_token

    try:
        return worker_token()
    except BootstrapFailed as problem:
        raise StartFailed(NOT_READY, str(problem)) from problem


def _defaults_for(listens_on: Address, functions: socket.socket, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the settings that depend on where the API and the functions listen."""
    settings = {"BLDR_FUNCTIONS_URL": f"http://127.0.0.1:{functions.getsockname()[1]}"}
    if listens_on.is_local and not environment.get("BLDR_GIT_SOURCES"):
        settings["BLDR_GIT_SOURCES"] = LOCAL_REPOSITORIES
    if environment["BLDR_DOWNLOAD_MODE"] != "front" and not environment.get("BLDR_CDN_URL"):
        settings.update(_local_distribution(listens_on))
    return settings


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
    cause = "did not answer" if status is None else f"ended at once ({exit_reason(status)})"
    raise StartFailed(NOT_READY, f"the {child.name} {cause}; see its messages above")
