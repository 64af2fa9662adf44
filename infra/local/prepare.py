"""What a fresh engine needs before the API can serve: resources, builder key, and a first user with a token."""

from importlib import import_module

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.platform.settings import settings
from infra.local.resources import ensure_resources


def prepare() -> str:
    """Make what is missing; returns the first user's token."""
    ensure_resources()
    return str(import_module("infra.local.seed").seed_user(settings))
