"""The settings of the local stack that the service itself does not have. Each error is one line with an example."""

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 9636
ENGINE_PORT = "ENGINE_PORT"
TRANSACTION_MS = "ENGINE_TRANSACTION_MS"
MAX_PROCESSES, MAX_THREADS = 64, 1024
ENDPOINT = "AWS_ENDPOINT_URL"
STATE = "BLDR_STATE"
STATE_ALLOWS = f"{ENDPOINT}_S3"
"""The only service whose engine may be named together with a state folder, which then holds the table and the keys."""
SWITCHES = {"BLDR_SCHEDULES": ("on", "off"), "BLDR_WORKER": ("on", "off", "unisolated")}


class SettingInvalid(ValueError):
    """An environment variable holds a value that cannot be used. The message names it, the problem and an example."""

    def __init__(self, variable: str, value: str, problem: str, example: str) -> None:
        super().__init__(f"{variable}={value!r} {problem}; set for example {variable}={example}")


@dataclass(frozen=True, slots=True)
class Address:
    """The address on which the API listens."""

    host: str
    port: int

    @property
    def local_host(self) -> str:
        """Host for connections from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound

    @property
    def is_local(self) -> bool:
        """Whether only clients on this machine reach it."""
        return ipaddress.ip_address(self.host).is_loopback

    @property
    def url(self) -> str:
        """URL for clients on this machine."""
        host = "localhost" if self.local_host == "127.0.0.1" else self.local_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"


def address(environment: Mapping[str, str]) -> Address:
    """Return the address to listen on; port 0 means any free port. Raises SettingInvalid."""
    listen = environment.get("BLDR_LISTEN") or DEFAULT_HOST
    host = listen[1:-1] if listen.startswith("[") and listen.endswith("]") else listen
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as cause:
        raise SettingInvalid("BLDR_LISTEN", listen, "is not an address of this machine", DEFAULT_HOST) from cause
    addresses = [str(entry[4][0]) for entry in sorted(found, key=lambda entry: entry[0] != socket.AF_INET)]
    # Every value counts as set, as in the service (chalicelib.platform.config).
    if "HAB_FUNC_TEST" in environment and not all(ipaddress.ip_address(one).is_loopback for one in addresses):
        problem = "is reachable from other machines, which is refused while HAB_FUNC_TEST is set"
        raise SettingInvalid("BLDR_LISTEN", listen, problem, DEFAULT_HOST)
    return Address(addresses[0], _number(environment, "BLDR_PORT", DEFAULT_PORT, range(65_536)))


def check_processes(environment: Mapping[str, str]) -> None:
    """Raise SettingInvalid unless the numbers of processes and threads of the API are usable."""
    _number(environment, "BLDR_WORKERS", 2, range(1, MAX_PROCESSES + 1))
    _number(environment, "BLDR_THREADS", 32, range(1, MAX_THREADS + 1))


def check_switches(environment: Mapping[str, str]) -> None:
    """Raise SettingInvalid unless the switches of the stack have one of their values or are not set."""
    for variable, values in SWITCHES.items():
        if (value := environment.get(variable) or "on") not in values:
            raise SettingInvalid(variable, value, f"is none of {', '.join(values)}", "off")


def check_endpoints(environment: Mapping[str, str]) -> None:
    """Raise SettingInvalid unless every endpoint, `AWS_ENDPOINT_URL` or that of a service, is a URL."""
    for variable in sorted(environment):
        if variable.startswith(ENDPOINT) and environment[variable]:
            _check_endpoint(variable, environment[variable])


def check_state(environment: Mapping[str, str]) -> None:
    """Raise SettingInvalid if there is a state folder, and an engine for what the folder holds."""
    if not environment.get(STATE):
        return
    for variable in sorted(environment):
        if variable.startswith(ENDPOINT) and variable != STATE_ALLOWS and environment[variable]:
            problem = "names an engine, while STATE keeps the table and the keys in a folder"
            raise SettingInvalid(variable, environment[variable], problem, "")


def engine_port(environment: Mapping[str, str]) -> int:
    """Return the port of `make engine`. Raises SettingInvalid."""
    return _number(environment, ENGINE_PORT, 4566, range(1, 65_536))


def transaction_seconds(environment: Mapping[str, str]) -> float:
    """Return how long transactions of the embedded engine last, besides its own work. Raises SettingInvalid."""
    return _number(environment, TRANSACTION_MS, 0, range(1001)) / 1000


def _number(environment: Mapping[str, str], variable: str, default: int, allowed: range) -> int:
    text = environment.get(variable) or str(default)
    if not (text.isascii() and text.isdecimal() and len(text) < 10 and int(text) in allowed):
        problem = f"is not a whole number from {allowed[0]} to {allowed[-1]}"
        raise SettingInvalid(variable, text, problem, str(default))
    return int(text)


def _check_endpoint(variable: str, url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number or too large
        usable = False
    if not usable or any(character.isspace() or not character.isprintable() for character in url):
        raise SettingInvalid(variable, url, "is not the URL of an engine", "http://127.0.0.1:4566")
