"""Configuration of the gateway: environment variables, read once at the start."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

MIB = 1 << 20
ALL_ADDRESSES = "0.0.0.0"  # noqa: S104 - a container has no other address that clients can reach


class ConfigInvalid(ValueError):
    """An environment variable is missing or has an invalid value. The message names the variable."""


@dataclass(frozen=True, slots=True)
class Config:
    """The configured values; sizes are in bytes, times in seconds. README.md lists the environment variables."""

    api: str
    """Base URL of the API without `/v1`: `BLDR_GATEWAY_API`."""

    listen: str = ALL_ADDRESSES
    """Address to listen on: `BLDR_GATEWAY_LISTEN`."""

    port: int = 9637
    """Port to listen on: `BLDR_GATEWAY_PORT`."""

    max_archive_bytes: int = 5 * 1024 * MIB
    """Size of the largest archive, `BLDR_GATEWAY_LARGEST`. A larger one is refused with 413."""

    max_uploads: int = 256
    """Uploads that run in parallel, `BLDR_GATEWAY_UPLOADS`; others wait. Each has up to two parts of 16 MiB on disk."""

    silence_seconds: float = 60
    """A client that sends or reads nothing for this long is disconnected: `BLDR_GATEWAY_SILENCE`."""

    answer_seconds: float = 290
    """How long a client waits for the publication of its upload before it is redirected to wait further:
    `BLDR_GATEWAY_ANSWER`. hab gives up after 300 s, CloudFront after 30 to 120 s."""


def read_config(environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration from an environment. Raises ConfigInvalid."""
    api = environment.get("BLDR_GATEWAY_API", "").rstrip("/")
    if not api.startswith(("http://", "https://")):
        raise ConfigInvalid("BLDR_GATEWAY_API must be the URL of the API, without /v1")
    variables = {
        "port": "BLDR_GATEWAY_PORT",
        "max_archive_bytes": "BLDR_GATEWAY_LARGEST",
        "max_uploads": "BLDR_GATEWAY_UPLOADS",
        "silence_seconds": "BLDR_GATEWAY_SILENCE",
        "answer_seconds": "BLDR_GATEWAY_ANSWER",
    }
    numbers = {field: _number(environment, name) for field, name in variables.items() if environment.get(name)}
    return Config(api, environment.get("BLDR_GATEWAY_LISTEN") or ALL_ADDRESSES, **numbers)


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not text.isdecimal() or int(text) < 1:
        raise ConfigInvalid(f"{name}={text!r} is not a positive number")
    return int(text)
