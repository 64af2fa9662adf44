"""Prepares an engine for the API: resources, builder key, CDN signing key, and a first user with a token."""

import os
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.keys.signed_box import BoxUnreadable
from chalicelib.core.tokens.access_token import TokenUnreadable
from chalicelib.origins.errors import CreationNotAllowed
from chalicelib.origins.provisioning import provision
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import BuilderKeyInvalid, key_ring, key_source
from local.distribution import ensure_signing_key
from local.first_user import first_user_token
from local.machines import create_machines
from local.resources import create_resources
from local.settings import STATE
from local.state.folder import StateFolder

T = TypeVar("T")
KEY_EXAMPLE = "the four lines of a bldr-<revision>.box.key file"


class BootstrapFailed(Exception):
    """The engine could not be prepared. The message names the cause in one line."""


class KeySettingInvalid(ValueError):
    """The variable with the builder key, or the folder with its files, cannot be used. The message hides the key."""


def check_builder_key() -> None:
    """Raise KeySettingInvalid if the builder key of the settings cannot be used. The engine's own key is not read."""
    if not config.builder_key and not config.builder_key_path:
        return
    example = KEY_EXAMPLE if config.builder_key else "a folder with files bldr-<revision>.box.key"
    try:
        key_ring()
    except BuilderKeyInvalid as problem:
        raise KeySettingInvalid(f"{problem}; set it to {example}, or unset it") from problem


def bootstrap() -> str:
    """Create what the engine does not have yet, and return the first user's token. Raises BootstrapFailed."""
    return _prepared(_prepare)


def machines() -> dict[str, str]:
    """Create the state machines, and return the variables with their ARNs. Raises BootstrapFailed."""
    return _prepared(create_machines)


def worker_token() -> str:
    """Return the token of the worker of the stack, which is created if necessary. Raises BootstrapFailed."""
    return _prepared(lambda: str(import_module("infra.worker_credential").ensure_depot_worker()))


def _prepare() -> str:
    create_resources()
    ensure_signing_key(config, _kept_signing_key())
    _provision()
    return first_user_token(config)


def _kept_signing_key() -> Path | None:
    folder = os.environ.get(STATE)
    return StateFolder(Path(folder)).signing_key if folder else None


def _prepared(prepare: Callable[[], T]) -> T:
    try:
        return prepare()
    except BootstrapFailed:
        raise
    except (BotoCoreError, ClientError) as problem:
        raise BootstrapFailed(
            f"the engine could not be prepared: {_line(problem)}; "
            "check AWS_ENDPOINT_URL, for example http://127.0.0.1:4566 next to `make engine`"
        ) from problem
    except BuilderKeyInvalid as problem:
        raise BootstrapFailed(
            f"{problem}. Restore the key with which the table was filled, or for a new table delete the secret: "
            "the next start generates a key"
        ) from problem
    except (BoxUnreadable, TokenUnreadable) as problem:
        raise BootstrapFailed(
            f"the builder key in {key_source()} does not fit the table {config.table!r}: {_line(problem)}. "
            "Set BLDR_SECRET_KEY or BLDR_HAB_KEY_DIR to the key with which the table was filled, or use a new table"
        ) from problem
    except Exception as problem:  # an endpoint that is not an engine can answer anything
        raise BootstrapFailed(
            f"the engine could not be prepared: {type(problem).__name__}: {_line(problem)}; "
            "check AWS_ENDPOINT_URL, BLDR_TABLE, BLDR_BUCKET and BLDR_BUILDER_KEY_SECRET"
        ) from problem


def _provision() -> None:
    try:
        provision()
    except OSError as problem:
        cause = f"BLDR_TOKEN_DIR={config.provision_token_path!r}: the token cannot be written there: {problem.strerror}"
        raise BootstrapFailed(f"{cause}; set for example BLDR_TOKEN_DIR=/tmp") from problem
    except CreationNotAllowed as problem:
        name = config.provision_username
        raise BootstrapFailed(
            f"BLDR_ALLOWED_USERS_FOR_ORIGIN_CREATE does not contain BLDR_PROVISION_USERNAME={name!r}, "
            "so that this account may not create its origins; add it"
        ) from problem


def _line(problem: Exception) -> str:
    """Return the text of an error in one line of limited length."""
    return " ".join(str(problem).split())[:300]
