"""Prepares an engine for the API: resources, builder key, CDN signing key, and a first user with a token."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.origins.provisioning import provision
from chalicelib.platform.config import config
from local.distribution import ensure_signing_key
from local.first_user import first_user_token
from local.resources import create_resources


class BootstrapFailed(Exception):
    """The engine could not be prepared. The message names the cause."""


def bootstrap() -> str:
    """Create what the engine does not have yet, and return the first user's token. Raises BootstrapFailed."""
    try:
        create_resources()
        ensure_signing_key(config)
        provision()
        return first_user_token(config)
    except (BotoCoreError, ClientError) as problem:
        raise BootstrapFailed(f"the engine could not be prepared: {problem}") from problem
