"""Which Builder, which token, which origin: options win over the environment, the environment over hab's cli.toml."""

import os
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bldr.address import Address
from bldr.errors import ConfigurationUnreadable, NotConfigured

URL, TOKEN, ORIGIN = "HAB_BLDR_URL", "HAB_AUTH_TOKEN", "HAB_ORIGIN"
TIMEOUT = "HAB_CLIENT_SOCKET_TIMEOUT"
_FILE_KEYS = {URL: "bldr_url", TOKEN: "auth_token", ORIGIN: "origin"}
STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A Builder and the token for it, which neither `repr` nor `str` shows."""

    address: Address
    token: str | None = field(repr=False)


def credentials(url: str | None, token_file: Path | None) -> Credentials:
    """The Builder that commands are sent to. Raises NotConfigured, AddressInvalid, ConfigurationUnreadable."""
    named = url or configured(URL)
    if not named:
        raise NotConfigured(f"no Builder is named; set {URL}, pass --url, or run `hab cli setup`")
    return Credentials(Address.parse(named), checked_token(read_token(token_file) or configured(TOKEN)))


def side_credentials(side: str, url: str, token_file: Path | None) -> Credentials:
    """One of the two Builders of a mirroring, `side` being `from` or `to`.

    The configured token is for the configured Builder and sent to no other.
    """
    address = Address.parse(url)
    token = read_token(token_file) or os.environ.get(side_variable(side))
    if not token and (home := configured(URL)) and Address.parse(home) == address:
        token = configured(TOKEN)
    return Credentials(address, checked_token(token))


def side_variable(side: str) -> str:
    """The environment variable with the token of one side."""
    return f"BLDR_{side.upper()}_AUTH_TOKEN"


def default_origin(needed_for: str) -> str:
    """The origin that is meant when none is named. Raises NotConfigured."""
    origin = configured(ORIGIN)
    if not origin:
        raise NotConfigured(f"no origin is named for {needed_for}; name one, or set {ORIGIN}")
    return origin


def answer_seconds() -> float:
    """How long an answer is waited for, as hab's own variable says. Raises ConfigurationUnreadable."""
    said = os.environ.get(TIMEOUT) or "300"
    if not (said.isascii() and said.isdecimal() and int(said)):
        raise ConfigurationUnreadable(f"{TIMEOUT}='{said}' is no number of seconds")
    return float(said)


def configured(variable: str) -> str | None:
    """A value of the environment, else of hab's file; None when neither has it. Raises ConfigurationUnreadable."""
    return os.environ.get(variable) or _of_file(_FILE_KEYS[variable])


def read_token(path: Path | None) -> str | None:
    """The token in a file, or on standard input for `-`. Raises ConfigurationUnreadable."""
    if path is None:
        return None
    try:
        text = sys.stdin.readline() if path == STANDARD_INPUT else path.read_text()
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigurationUnreadable(f"the token file {path} cannot be read: {_reason(problem)}") from None
    if not text.strip():
        raise ConfigurationUnreadable(f"the token file {path} is empty")
    return text


def checked_token(token: str | None) -> str | None:
    """A token that can stand in a header. Raises ConfigurationUnreadable, which does not quote it."""
    token = (token or "").strip()
    if not token:
        return None
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigurationUnreadable("the token holds characters that no token has; was it copied as a whole?")
    return token


def cli_toml(environment: Mapping[str, str], home: Path, is_root: bool) -> list[Path]:
    """Where hab keeps its configuration, the likeliest place first."""
    root = environment.get("FS_ROOT")
    of_machine = Path(root or "/") / "hab/etc/cli.toml"
    of_user = home / ".hab/etc/cli.toml"
    return [of_machine, of_user] if root or is_root else [of_user, of_machine]


def _of_file(key: str) -> str | None:
    places = cli_toml(os.environ, Path.home(), hasattr(os, "geteuid") and os.geteuid() == 0)
    path = next((place for place in places if place.is_file()), None)
    if path is None:
        return None
    try:
        value = tomllib.loads(path.read_text()).get(key)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigurationUnreadable(f"{path} cannot be read: {_reason(problem)}") from None
    if value is not None and not isinstance(value, str):
        raise ConfigurationUnreadable(f"{key} in {path} is no text; put it in quotes")
    return value


def _reason(problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return "it is no UTF-8"  # the error itself would quote the bytes
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
