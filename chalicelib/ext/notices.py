"""Webhook events that GitHub sends, signed with a shared secret (platform.md 2.6)."""

import hmac
from typing import Any

from msgspec import MsgspecError, Struct, json

from chalicelib.ext.errors import NoticeRefused, PushMalformed
from chalicelib.platform.config import config
from chalicelib.platform.secret_settings import secret_setting

PING = "ping"
PUSH = "push"


class Signatures(Struct, frozen=True):
    """The signatures in the headers of an event."""

    sha1: str | None
    sha256: str | None


class Installation(Struct, frozen=True):
    """An installation of our GitHub App."""

    id: int


class Push(Struct, frozen=True):
    """A push event. All fields are mandatory; within `commits` and the objects every field may be missing."""

    ref: str
    before: str
    after: str
    created: bool
    deleted: bool
    forced: bool
    compare: str
    commits: list[Any]
    repository: dict[str, Any]
    pusher: dict[str, Any]
    sender: dict[str, Any]
    installation: Installation


def verified_kind(event: str | None, signatures: Signatures, body: bytes) -> str:
    """Return the kind of an event, `ping` or `push`. Raises NoticeRefused for other kinds and wrong signatures.

    Only SHA-256 is checked if both signatures are present. Without a configured secret every event is refused.
    Raises SecretUnavailable.
    """
    if event not in (PING, PUSH):
        raise NoticeRefused
    signature = signatures.sha1 if signatures.sha256 is None else signatures.sha256
    if signature is None:
        raise NoticeRefused
    secret = secret_setting(config.github_webhook_secret, config.github_webhook_secret_arn)
    if not secret:
        raise NoticeRefused
    algorithm = "sha1" if signatures.sha256 is None else "sha256"
    expected = f"{algorithm}={hmac.new(secret.encode(), body, algorithm).hexdigest()}"
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "surrogateescape")):
        raise NoticeRefused
    return event


def read_push(body: bytes) -> Push:
    """Return the push event in a body. Raises PushMalformed."""
    try:
        return json.decode(body, type=Push)
    except (MsgspecError, RecursionError, UnicodeError) as problem:
        raise PushMalformed from problem
