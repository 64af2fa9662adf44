"""Webhook events that GitHub sends, signed with a shared secret (platform.md 2.6)."""

import hmac
from typing import Any

from msgspec import MsgspecError, Struct, json

from chalicelib.ext.errors import NoticeRefused, PushMalformed
from chalicelib.platform.config import config
from chalicelib.platform.secret_settings import secret_setting

NAME_CHARACTERS = 255
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

    @property
    def branch(self) -> str | None:
        """The branch that was pushed to; None for a tag."""
        prefix = "refs/heads/"
        return self.ref.removeprefix(prefix) if self.ref.startswith(prefix) else None

    @property
    def changed_files(self) -> list[str]:
        """The paths that any commit added, removed or modified, sorted, each once."""
        commits = [commit for commit in self.commits if isinstance(commit, dict)]
        lists = [commit.get(kind) for commit in commits for kind in ("added", "removed", "modified")]
        return sorted({path for paths in lists if isinstance(paths, list) for path in paths if isinstance(path, str)})

    @property
    def repository_id(self) -> int:
        """The id of the repository; 0, which no repository has, if the field is missing."""
        value = self.repository.get("id")
        return value if isinstance(value, int) and value > 0 else 0

    @property
    def clone_url(self) -> str:
        """The address from which the repository is cloned, or an empty text."""
        return _text(self.repository.get("clone_url"))

    @property
    def pusher_name(self) -> str:
        """The name of the account at GitHub that pushed, or an empty text."""
        return _text(self.pusher.get("name"))[:NAME_CHARACTERS]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


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
