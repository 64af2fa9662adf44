"""Starts engine, resources and API, keeps the API up, and ends everything it started (what `make run` runs)."""

import os
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from types import FrameType

from local.children import Child, PortInUse, listen

PORT_IN_USE, NOT_READY, ENGINE_DIED, API_KEEPS_DYING, BAD_SETTING = 2, 3, 4, 5, 6
READY_SECONDS = 60
# Requests under way get a moment; the engine has nothing to save.
API_PATIENCE_SECONDS, ENGINE_PATIENCE_SECONDS = 3, 0.3
# An API that ends by itself will do so again; one that is killed may be killed often, as tests of crashes do.
RESTARTS_AFTER_EXIT, RESTARTS_AFTER_KILL, RESTART_WINDOW_SECONDS = 5, 60, 60
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_S3")
FAKE_ACCOUNT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}


class StartFailed(Exception):
    """The stack cannot come up; the text says why, `status` is the exit status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


class _Told(BaseException):
    """A signal asks us to end."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the API listens, and the URL by which this machine reaches it."""

    host: str
    port: int

    @property
    def local_host(self) -> str:
        """The host for connections from this machine."""
        return "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host  # noqa: S104 - compared, not bound

    @property
    def url(self) -> str:
        """What clients on this machine are pointed at."""
        return f"http://{'localhost' if self.local_host == '127.0.0.1' else self.host}:{self.port}"


def main() -> int:
    """Run until told to stop. The exit status is 0 after Ctrl-C or SIGTERM."""
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, _on_signal)
    supervisor = Supervisor(dict(os.environ))
    try:
        supervisor.start()
        return supervisor.watch()
    except StartFailed as problem:
        say(str(problem))
        return problem.status
    except _Told:
        say("stopping")
        return 0
    finally:
        for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(told, signal.SIG_IGN)
        supervisor.stop()


def _on_signal(_number: int, _frame: FrameType | None) -> None:
    raise _Told


class Supervisor:
    """The processes of one local stack."""

    def __init__(self, environment: dict[str, str]) -> None:
        # Unmodified hab reads `X-Filename` from the last answer, so here the front itself sends archives of any size.
        self._environment = {"BLDR_DOWNLOAD_MODE": "front", **environment}
        self._engine: Child | None = None
        self._api: Child | None = None
        self._restarts: deque[float] = deque()

    def start(self) -> None:
        """Bring everything up and tell how to use it. Raises StartFailed."""
        address = _address(self._environment)
        listener = _listen(address)
        if self._environment["BLDR_DOWNLOAD_MODE"] != "front" and not self._environment.get("BLDR_CDN_URL"):
            self._environment.update(_own_cdn(address))
        if not any(self._environment.get(name) for name in ENDPOINTS):
            self._start_engine()
        token = self._prepare()
        command = [sys.executable, "-m", "gunicorn", "-c", "python:local.gunicorn_conf"]
        self._api = Child("API", [*command, "--bind", "fd://{fd}", "local.front:build()"], listener)
        self._api.start(self._environment)
        _wait_until_it_answers(self._api, address.local_host, address.port, "/health")
        say(_greeting(address.url, token, embedded=self._engine is not None), plain=True)

    def watch(self) -> int:
        """Wait for a child to end: the API is started again, without the engine there is nothing left to serve."""
        while True:
            time.sleep(0.1)
            if self._engine is not None and self._engine.ended() is not None:
                say("the engine ended, and everything stored in it is lost; stopping")
                return ENGINE_DIED
            if self._api is not None and (status := self._api.ended()) is not None:
                if not self._may_restart(status):
                    say(f"the API ended {len(self._restarts)} times within {RESTART_WINDOW_SECONDS} s; stopping")
                    return API_KEEPS_DYING
                say(f"the API ended ({_how(status)}); starting it again on the same engine, nothing stored is lost")
                self._api.start(self._environment)

    def stop(self) -> None:
        """End the API, then the engine."""
        if self._api is not None:
            self._api.stop(API_PATIENCE_SECONDS)
        if self._engine is not None:
            self._engine.stop(ENGINE_PATIENCE_SECONDS)

    def _start_engine(self) -> None:
        listener = listen("127.0.0.1", 0)
        port = listener.getsockname()[1]
        self._environment.update(
            FAKE_ACCOUNT,
            AWS_ENDPOINT_URL=f"http://127.0.0.1:{port}",
            AWS_EC2_METADATA_DISABLED="true",
            MOTO_PORT=str(port),
        )
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION"):
            self._environment.pop(name, None)
        self._engine = Child("engine", [sys.executable, "-m", "local.engine", "--fd", "{fd}"], listener)
        self._engine.start(self._environment)
        _wait_until_it_answers(self._engine, "127.0.0.1", port, "/moto-api/")

    def _prepare(self) -> str:
        """Make the resources and the first user, in the environment that the children see."""
        if self._engine is None:
            self._environment = {**_credentials_for_a_local_engine(self._environment), **self._environment}
        os.environ.clear()
        os.environ.update(self._environment)
        try:
            from local.bootstrap import BootstrapFailed, bootstrap
        except ValueError as problem:  # a setting that cannot be used says so when it is read
            raise StartFailed(BAD_SETTING, str(problem)) from problem
        try:
            return bootstrap()
        except BootstrapFailed as problem:
            raise StartFailed(NOT_READY, str(problem)) from problem

    def _may_restart(self, status: int) -> bool:
        now = time.monotonic()
        while self._restarts and now - self._restarts[0] > RESTART_WINDOW_SECONDS:
            self._restarts.popleft()
        self._restarts.append(now)
        return len(self._restarts) <= (RESTARTS_AFTER_KILL if status < 0 else RESTARTS_AFTER_EXIT)


def say(text: str, plain: bool = False) -> None:
    """A line of ours between the children's."""
    print(text if plain else f"bldr: {text}", flush=True)


def _address(environment: Mapping[str, str]) -> Address:
    host, port = environment.get("BLDR_LISTEN") or "0.0.0.0", environment.get("BLDR_PORT") or "9636"  # noqa: S104
    if not port.isdecimal() or int(port) > 65_535:
        raise StartFailed(BAD_SETTING, f"BLDR_PORT={port!r} is no port")
    return Address(host, int(port))


def _own_cdn(address: Address) -> dict[str, str]:
    """Where signed download URLs lead without a distribution: the front's stand-in for one, with a key of its own."""
    return {
        "BLDR_CDN_URL": f"{address.url}/artifacts",
        "BLDR_CDN_KEY_ID": "local",
        "BLDR_CDN_KEY_SECRET": "bldr-cdn-signing-key",
    }


def _listen(address: Address) -> socket.socket:
    try:
        return listen(address.host, address.port)
    except PortInUse as problem:
        raise StartFailed(PORT_IN_USE, f"cannot listen on {problem}; BLDR_PORT=... chooses another port") from problem


def _credentials_for_a_local_engine(environment: Mapping[str, str]) -> dict[str, str]:
    """Engines take any credentials, but clients refuse to sign without; real ones that somebody set are left alone."""
    if any(name in environment for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE")):
        return {} if "AWS_REGION" in environment else {"AWS_DEFAULT_REGION": FAKE_ACCOUNT["AWS_DEFAULT_REGION"]}
    return FAKE_ACCOUNT


def _wait_until_it_answers(child: Child, host: str, port: int, path: str) -> None:
    """Its socket listens already, so one request waits for the first answer."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and child.ended() is None:
        connection = HTTPConnection(host, port, timeout=1)
        try:
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        except (OSError, HTTPException):
            continue
        finally:
            connection.close()
    ended = child.ended()
    why = "did not answer" if ended is None else f"ended at once ({_how(ended)})"
    raise StartFailed(NOT_READY, f"the {child.name} {why}; see its messages above")


def _how(status: int) -> str:
    return signal.Signals(-status).name if status < 0 else f"exit status {status}"


def _greeting(url: str, token: str, *, embedded: bool) -> str:
    kept = (
        "Everything is stored in memory and lives as long as this runs."
        if embedded
        else "State lives in the engine given by AWS_ENDPOINT_URL."
    )
    return f"""
Habitat Builder listens on {url}
{kept} Ctrl-C ends it.

  export HAB_BLDR_URL={url} HAB_AUTH_TOKEN={token}

Try:
  curl -i {url}/v1/status
  curl -i -H "Authorization: Bearer $HAB_AUTH_TOKEN" -H "Content-Type: application/json" \\
       -d '{{"name":"demo"}}' {url}/v1/depot/origins        # or: hab origin create demo
  hab origin key generate demo && hab pkg upload results/demo-*.hart
"""
