"""What a fresh engine needs before the API can serve: resources, builder key, and a first user with a token."""

from importlib import import_module

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.accounts.provision import provision
from chalicelib.platform.settings import settings
from infra.local.cdn import ensure_signing_key
from infra.local.resources import create_resources

SEED = "infra.local.seed"


class PrepareFailed(Exception):
    """The engine cannot be made ready; the text says why."""


def prepare() -> str:
    """Make what is missing and return the first user's token. Raises PrepareFailed."""
    try:
        create_resources()
        ensure_signing_key(settings)
        provision()
        return str(import_module(SEED).seed_user(settings))
    except (BotoCoreError, ClientError) as problem:
        raise PrepareFailed(f"the engine could not be prepared: {problem}") from problem
    except ModuleNotFoundError as problem:
        if problem.name != SEED:
            raise
        raise PrepareFailed(f"{SEED} is missing, so there is no first user") from problem
