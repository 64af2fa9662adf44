"""What can be set of the gateway: environment variables, read once."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

MIB = 1 << 20
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - a container has no others


class SettingInvalid(ValueError):
    """A variable is missing or cannot be used; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Sizes in bytes, times in seconds."""

    api: str
    """Base URL of the API without `/v1`, `BLDR_GATEWAY_API`."""

    listen: str = ALL_ADDRESSES
    """`BLDR_GATEWAY_LISTEN`."""

    port: int = 9637
    """`BLDR_GATEWAY_PORT`."""

    largest_archive: int = 5 * 1024 * MIB
    """`BLDR_GATEWAY_LARGEST`; what is longer is refused with 413."""

    uploads_at_once: int = 8
    """`BLDR_GATEWAY_UPLOADS`; each holds two parts of 16 MiB in memory, further ones wait for their turn."""

    silence: float = 300
    """How long a client may send nothing."""

    patience: float = 290
    """How long publication is waited for; hab gives up after 300 s."""

    drained_when_refused: int = 8 * MIB


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The values in force. Raises SettingInvalid."""
    api = environment.get("BLDR_GATEWAY_API", "").rstrip("/")
    if not api.startswith(("http://", "https://")):
        raise SettingInvalid("BLDR_GATEWAY_API must be the URL of the API, without /v1")
    numbers = {
        "port": "BLDR_GATEWAY_PORT",
        "largest_archive": "BLDR_GATEWAY_LARGEST",
        "uploads_at_once": "BLDR_GATEWAY_UPLOADS",
    }
    given = {field: _number(environment, name) for field, name in numbers.items() if environment.get(name)}
    return Settings(api, environment.get("BLDR_GATEWAY_LISTEN") or ALL_ADDRESSES, **given)


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not text.isdecimal() or int(text) < 1:
        raise SettingInvalid(f"{name}={text!r} is no positive number")
    return int(text)
