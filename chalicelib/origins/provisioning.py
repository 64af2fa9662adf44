"""The first account of an installation, its origins and channels, and a root token (accounts.md section 10).

`python -m chalicelib.origins.provisioning` creates them if `BLDR_AUTO_PROVISION_ACCOUNT` is true. It is idempotent.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from chalicelib.accounts.access_tokens import service as access_tokens
from chalicelib.catalog.channel_rows import INITIAL_CHANNELS
from chalicelib.channels import service as channels
from chalicelib.channels.errors import ChannelExists
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service as origins
from chalicelib.origins.errors import OriginTaken
from chalicelib.platform.config import config

TOKEN_FILE = "HAB_AUTH_TOKEN"
ALL_FLAGS = SessionFlags.ADMIN | SessionFlags.EARLY_ACCESS | SessionFlags.BUILD_WORKER


def provision() -> Path | None:
    """Create what is missing and return the path of the token's file, or None if provisioning is switched off.

    The token passes every role check in every origin: treat its file as a root credential. Every run writes the file,
    because an earlier run may have been interrupted after it created the token.
    Raises CreationNotAllowed if the list of accounts that may create origins does not contain this account.
    """
    if not config.provision_account:
        return None
    account_id = find_or_create(config.provision_username, config.provision_email)
    owner = Session(account_id, config.provision_username, ALL_FLAGS)
    for origin in config.provision_origins:
        with suppress(OriginTaken):
            origins.create(origin, Visibility.PUBLIC, owner)
    extra_channels = [channel for channel in config.provision_channels if channel not in INITIAL_CHANNELS]
    for origin, channel in zip(config.provision_origins, extra_channels, strict=False):  # paired by position
        with suppress(ChannelExists):
            channels.create(origin, channel, by=owner)
    token = access_tokens.access_token_of(account_id) or access_tokens.generate_access_token(owner)
    return _write(token.text)


def _write(token: str) -> Path:
    """Write the token to its file, which only the file's owner may read."""
    path = Path(config.provision_token_path or tempfile.gettempdir()) / TOKEN_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(token)
    return path


if __name__ == "__main__":
    token_file = provision()
    print("Provisioning is switched off." if token_file is None else f"The token is in {token_file}.")
