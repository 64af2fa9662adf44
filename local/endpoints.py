"""The engines of the services: which ones the environment names, and which the embedded engine has to serve."""

import json
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from local.settings import ENDPOINT

SERVICES = tuple(
    f"{ENDPOINT}_{service}" for service in ("DYNAMODB", "S3", "SECRETS_MANAGER", "LAMBDA", "SFN", "CODEBUILD")
)
"""The variables that name an engine for one service, for every service that we use."""

FUNCTIONS = "/moto-api/functions"
_SECONDS = 10.0


def needs_engine(environment: Mapping[str, str]) -> bool:
    """Return whether a service has no engine that the environment names. Nothing reaches AWS unless it is named."""
    return not environment.get(ENDPOINT) and len(named(environment)) < len(SERVICES)


def named(environment: Mapping[str, str]) -> list[str]:
    """Return the variables that name an engine for one service."""
    return [name for name in SERVICES if environment.get(name)]


def keeps_nothing(environment: Mapping[str, str]) -> bool:
    """Return whether the embedded engine may be restarted: tables, objects and the builder key are elsewhere."""
    has_key = any(environment.get(name) for name in ("BLDR_SECRET_KEY", "BLDR_HAB_KEY_DIR"))
    elsewhere = [f"{ENDPOINT}_DYNAMODB", f"{ENDPOINT}_S3", *([] if has_key else [f"{ENDPOINT}_SECRETS_MANAGER"])]
    return all(environment.get(name) for name in elsewhere)


def invokes_functions(environment: Mapping[str, str], service: str) -> bool:
    """Return whether the engine of a service (`SFN` or `LAMBDA`) invokes the functions of the stack, as ours does."""
    url = urlsplit(environment.get(f"{ENDPOINT}_{service}") or environment[ENDPOINT])
    connection = HTTPConnection(url.hostname or "", url.port, timeout=_SECONDS)
    try:
        connection.request("GET", FUNCTIONS)
        answer = connection.getresponse()
        return answer.status == 200 and "names" in json.loads(answer.read())
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
