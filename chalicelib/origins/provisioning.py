"""The first account of an installation: its origins, channels and a token that may do everything (accounts.md 10).

`python -m chalicelib.origins.provisioning` creates them if `BLDR_AUTO_PROVISION_ACCOUNT` is set. Idempotent.
"""

import os
import tempfile
from pathlib import Path

from chalicelib.accounts.access_tokens import service
from chalicelib.catalog.channel_rows import BORN_WITH
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
    """Make what is missing, and give the file with the token; None where provisioning is switched off.

    The token passes every role check in every origin: treat the file as the root credential that it is. It is written
    by every run, so that one which was interrupted between token and file is repaired by the next.
    Raises CreationNotAllowed where only listed accounts may create origins and this one is not listed.
    """
    if not config.provision_account:
        return None
    account_id = find_or_create(config.provision_username, config.provision_email)
    owner = Session(account_id, config.provision_username, ALL_FLAGS)
    for origin in config.provision_origins:
        _ensure_origin(origin, owner)
    further = [channel for channel in config.provision_channels if channel not in BORN_WITH]
    for origin, channel in zip(config.provision_origins, further, strict=False):  # paired by position
        _ensure_channel(origin, channel, owner)
    token = service.access_token_of(account_id) or service.generate_access_token(owner)
    return _written(token.text)


def _ensure_origin(origin: str, owner: Session) -> None:
    try:
        origins.create(origin, Visibility.PUBLIC, by=owner)
    except OriginTaken:
        return


def _ensure_channel(origin: str, channel: str, owner: Session) -> None:
    try:
        channels.create(origin, channel, by=owner)
    except ChannelExists:
        return


def _written(token: str) -> Path:
    """The token in its file, which only its owner may read."""
    path = Path(config.provision_token_path or tempfile.gettempdir()) / TOKEN_FILE
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(token)
    return path


if __name__ == "__main__":
    written = provision()
    print("Provisioning is switched off." if written is None else f"The token is in {written}.")
