"""The configured Builder, token and origin: options win over the environment, the environment over hab's cli.toml."""

import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from bldr.address import Address
from bldr.errors import ConfigInvalid, NotConfigured
from bldr.files import read_text

URL, TOKEN, ORIGIN = "HAB_BLDR_URL", "HAB_AUTH_TOKEN", "HAB_ORIGIN"
TIMEOUT = "HAB_CLIENT_SOCKET_TIMEOUT"
STANDARD_INPUT = Path("-")
BYTE_ORDER_MARK = "\ufeff"

_FILE_KEYS = {URL: "bldr_url", TOKEN: "auth_token", ORIGIN: "origin"}


class Credentials(Struct, frozen=True):
    """The address of a Builder and the token for it. Neither `repr` nor `str` shows the token."""

    address: Address
    token: str | None

    def __repr__(self) -> str:
        return f"Credentials({self.address})"


def credentials(url: str | None, token_file: Path | None) -> Credentials:
    """Return the credentials from options, environment or cli.toml.

    Raises NotConfigured, AddressInvalid, ConfigInvalid.
    """
    configured_url = url or setting(URL)
    if not configured_url:
        raise NotConfigured(f"no Builder is configured; set {URL}, pass --url, or run `hab cli setup`")
    return Credentials(Address.parse(configured_url), checked_token(read_token(token_file) or setting(TOKEN)))


def sync_credentials(side: str, url: str, token_file: Path | None) -> Credentials:
    """Return the credentials of one Builder of a sync; `side` is `from` or `to`. Raises AddressInvalid, ConfigInvalid.

    The configured token is sent to the configured Builder only.
    """
    address = Address.parse(url)
    token = read_token(token_file) or os.environ.get(sync_token_variable(side))
    if not token and (configured_url := setting(URL)) and Address.parse(configured_url) == address:
        token = setting(TOKEN)
    return Credentials(address, checked_token(token))


def sync_token_variable(side: str) -> str:
    """Return the environment variable that holds the token of one side of a sync."""
    return f"BLDR_{side.upper()}_AUTH_TOKEN"


def default_origin(needed_for: str, how: str = "pass one") -> str:
    """Return the configured origin. Raises NotConfigured with what it is needed for, and how to pass it."""
    origin = setting(ORIGIN)
    if not origin:
        raise NotConfigured(f"no origin is configured for {needed_for}; {how}, or set {ORIGIN}")
    return origin


def response_timeout() -> float:
    """Return how many seconds to wait for a response, from the variable that hab reads. Raises ConfigInvalid."""
    text = os.environ.get(TIMEOUT) or "300"
    if not (text.isascii() and text.isdecimal() and int(text)):
        raise ConfigInvalid(f"{TIMEOUT}='{text}' is not a positive number of seconds")
    return float(text)


def setting(variable: str) -> str | None:
    """Return a setting from the environment, else from hab's cli.toml, else None. Raises ConfigInvalid."""
    return os.environ.get(variable) or _setting_in_file(_FILE_KEYS[variable])


def read_token(path: Path | None) -> str | None:
    """Return the content of a token file; `-` is standard input. Raises ConfigInvalid."""
    if path is None:
        return None
    try:
        text = sys.stdin.readline() if path == STANDARD_INPUT else read_text(path)
    except (OSError, UnicodeDecodeError) as problem:
        raise ConfigInvalid(f"the token file {path} cannot be read: {_reason(problem)}") from None
    text = text.removeprefix(BYTE_ORDER_MARK)
    if not text.strip():
        raise ConfigInvalid(f"the token file {path} is empty")
    return text


def checked_token(token: str | None) -> str | None:
    """Return a token without surrounding blanks, None if it is empty. Raises ConfigInvalid, which does not quote it."""
    token = (token or "").strip()
    if not token:
        return None
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigInvalid("the token contains characters that tokens never have; was it copied completely?")
    return token


def cli_toml_paths(environment: Mapping[str, str], home: Path, is_root: bool) -> list[Path]:
    """Return the paths where hab keeps cli.toml; the first one that exists counts."""
    root = environment.get("FS_ROOT")
    system = Path(root or "/") / "hab/etc/cli.toml"
    user = home / ".hab/etc/cli.toml"
    return [system, user] if root or is_root else [user, system]


def _setting_in_file(key: str) -> str | None:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    path = next((path for path in cli_toml_paths(os.environ, Path.home(), is_root) if path.is_file()), None)
    if path is None:
        return None
    try:
        value = tomllib.loads(read_text(path)).get(key)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigInvalid(f"{path} cannot be read: {_reason(problem)}") from None
    if value is not None and not isinstance(value, str):
        raise ConfigInvalid(f"{key} in {path} is not a string; put it in quotes")
    return value


def _reason(problem: Exception) -> str:
    if isinstance(problem, UnicodeDecodeError):
        return "it is not UTF-8"  # the message of the error would quote the bytes
    return (problem.strerror if isinstance(problem, OSError) else None) or str(problem)
