"""Prepares an engine for the API: resources, builder key, CDN signing key, and a first user with a token."""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.core.access_token import TokenUnreadable
from chalicelib.core.signed_box import BoxUnreadable
from chalicelib.origins.provisioning import provision
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_source
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
    except (BoxUnreadable, TokenUnreadable) as problem:
        raise BootstrapFailed(
            f"the builder key in {key_source()} does not fit the table {config.table!r}: {problem}. "
            "Set BLDR_SECRET_KEY or BLDR_HAB_KEY_DIR to the key with which the table was filled, or use a new table"
        ) from problem
