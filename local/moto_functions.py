"""Lambda in the engine: forwards invocations to the process that runs our functions, which registers itself here.

As in AWS, an invocation of type `Event` is accepted at once and repeated if the function fails.
"""

import json
import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from moto.awslambda_simple.models import LambdaSimpleBackend
from moto.core.config import default_user_config
from moto.core.exceptions import JsonRESTError

from local.patching import replace

LONGEST_SECONDS = 900.0
"""How long a function of Lambda may run."""

RETRY_SECONDS = (1.0, 2.0)
"""Pauses before an event is sent to a function that failed on it. AWS waits for minutes."""

UNAVAILABLE_SECONDS = 300.0
"""How long an event waits for functions that do not run."""

THREADS = 16
INVOCATIONS = "/2015-03-31/functions/{}/invocations"
_CONNECT_SECONDS = 5.0
_log = logging.getLogger(__name__)


class FunctionMissing(Exception):
    """No function has this name."""


class FunctionsUnavailable(Exception):
    """The process of the functions does not run, or ended during the invocation."""


@dataclass(frozen=True)
class Outcome:
    """What an invocation returned: JSON, which describes an error if `is_error`."""

    payload: bytes
    is_error: bool = False


Invoker = Callable[[str, bytes, float], Outcome]
"""Invokes a function by name with a JSON event and a time limit in seconds.

Raises FunctionsUnavailable, and TimeoutError after the time limit.
"""


class Functions:
    """The functions that are registered with the engine, and the events that wait for them."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._invoker: Invoker | None = None
        self._events: queue.SimpleQueue[tuple[str, bytes]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._starting = threading.Lock()

    @property
    def names(self) -> frozenset[str]:
        """Names of the registered functions."""
        return self._names

    @property
    def invoker(self) -> Invoker | None:
        """What invokes them."""
        return self._invoker

    def register(self, names: frozenset[str], invoker: Invoker | None) -> None:
        """Use these functions from now on, instead of those registered before."""
        self._names, self._invoker = names, invoker

    def invoke(self, name: str, event: bytes, seconds: float = LONGEST_SECONDS) -> Outcome:
        """Invoke a function and return what it returned. `name` may be an ARN.

        Raises FunctionMissing, FunctionsUnavailable, and TimeoutError.
        """
        function, invoker = self._function(name), self._invoker
        if invoker is None:
            raise FunctionsUnavailable
        return invoker(function, event, min(seconds, LONGEST_SECONDS))

    def invoke_later(self, name: str, event: bytes) -> None:
        """Accept an event for a function, which another thread invokes. Raises FunctionMissing."""
        self._events.put((self._function(name), event))
        with self._starting:
            if not self._threads:
                self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(THREADS)]
                for thread in self._threads:
                    thread.start()

    def _function(self, name: str) -> str:
        function = name.rpartition(":function:")[2].partition(":")[0]
        if function not in self._names:
            raise FunctionMissing(function)
        return function

    def _work(self) -> None:
        while True:
            name, event = self._events.get()
            try:
                self._invoke_repeatedly(name, event)
            except Exception:  # noqa: BLE001 - the thread must stay
                _log.exception("an event for the function %s is lost", name)

    def _invoke_repeatedly(self, name: str, event: bytes) -> None:
        pauses = iter(RETRY_SECONDS)
        deadline = time.monotonic() + UNAVAILABLE_SECONDS
        while True:
            try:
                if not self.invoke(name, event).is_error:
                    return
                pause = next(pauses, None)
            except TimeoutError:
                pause = next(pauses, None)
            except FunctionsUnavailable:
                pause = RETRY_SECONDS[0] if time.monotonic() < deadline else None
            if pause is None:
                _log.warning("the function %s failed repeatedly on an event, which is dropped", name)
                return
            time.sleep(pause)


functions = Functions()
"""The functions of this process's engine."""


def apply() -> None:
    """Let moto's Lambda invoke the registered functions, without containers."""
    default_user_config["lambda"] = {"use_docker": False}
    replace(LambdaSimpleBackend, "invoke", _invoke)


def over_http(url: str) -> Invoker:
    """Return an invoker of the functions that a server at a URL runs. Raises ValueError if it is not a URL."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port

    def invoke(name: str, event: bytes, seconds: float) -> Outcome:
        connection = HTTPConnection(host, port, timeout=min(seconds, _CONNECT_SECONDS))
        try:
            connection.connect()
            connection.sock.settimeout(seconds)
            connection.request("POST", INVOCATIONS.format(name), event, {"Content-Type": "application/json"})
            response = connection.getresponse()
            payload = response.read()
        except TimeoutError:
            raise
        except (OSError, HTTPException) as problem:
            raise FunctionsUnavailable from problem
        finally:
            connection.close()
        if response.status != 200:
            raise FunctionsUnavailable
        return Outcome(payload, response.headers.get("X-Amz-Function-Error") is not None)

    return invoke


class _ServiceError(JsonRESTError):
    code = 500

    def __init__(self) -> None:
        super().__init__("ServiceException", "The functions do not run at present")


class _NotFoundError(JsonRESTError):
    code = 404

    def __init__(self, name: str) -> None:
        super().__init__("ResourceNotFoundException", f"Function not found: {name}")


def _invoke(
    _backend: LambdaSimpleBackend,
    function_name: str,
    _qualifier: str | None,
    body: bytes | str | None,
    headers: Mapping[str, Any],
    response_headers: dict[str, Any],
) -> bytes:
    """Answer the API call Invoke. Raises moto's errors."""
    event = (body.encode() if isinstance(body, str) else body) or b"{}"
    try:
        if headers.get("X-Amz-Invocation-Type") == "Event":
            functions.invoke_later(function_name, event)
            return b""
        outcome = functions.invoke(function_name, event)
    except FunctionMissing:
        raise _NotFoundError(function_name) from None
    except FunctionsUnavailable:
        raise _ServiceError from None
    except TimeoutError:
        outcome = Outcome(timed_out(LONGEST_SECONDS), is_error=True)
    if outcome.is_error:
        response_headers["x-amz-function-error"] = "Unhandled"
    return outcome.payload


def timed_out(seconds: float) -> bytes:
    """Return the payload with which Lambda reports that a function took too long."""
    message = f"Error: Task timed out after {seconds:.2f} seconds"
    return json.dumps({"errorType": "Sandbox.Timedout", "errorMessage": message}).encode()
