"""What GitHub tells us by itself: signed notices, of which a push matters (platform.md 2.6)."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.ext.errors import NoticeRefused, PushMalformed
from chalicelib.platform.config import config

PING = "ping"
PUSH = "push"
_TEXTS = ("ref", "before", "after", "compare")
_FLAGS = ("created", "deleted", "forced")
_OBJECTS = ("repository", "pusher", "sender", "installation")
_PATHS = ("added", "removed", "modified")


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signatures that came with a notice."""

    sha1: str | None
    sha256: str | None


@dataclass(frozen=True, slots=True)
class Push:
    """Commits that arrived in a branch: what they touched, in which repository, and by whom."""

    installation_id: int
    repository_id: int
    clone_url: str
    ref: str
    after: str
    pusher: str
    commits: int
    paths: frozenset[str]


def demand_genuine(event: str | None, signatures: Signatures, body: bytes) -> str:
    """The kind of a notice that GitHub signed with our secret. Raises NoticeRefused, always where we have none."""
    if event not in (PING, PUSH):
        raise NoticeRefused
    strongest = signatures.sha1 if signatures.sha256 is None else signatures.sha256
    if strongest is None or not config.github_webhook_secret:
        raise NoticeRefused
    name = "sha1" if signatures.sha256 is None else "sha256"
    expected = f"{name}={hmac.new(config.github_webhook_secret.encode(), body, name).hexdigest()}"
    if not hmac.compare_digest(expected.encode(), strongest.encode("utf-8", "surrogateescape")):
        raise NoticeRefused
    return event


def read_push(body: bytes) -> Push:
    """A push from its JSON; inside the mandatory objects only the installation's id is needed. Raises PushMalformed."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError) as problem:
        raise PushMalformed from problem
    if not isinstance(sent, dict):
        raise PushMalformed
    _demand(sent)
    repository = sent["repository"]
    commits = [commit for commit in sent["commits"] if isinstance(commit, dict)]
    return Push(
        installation_id=sent["installation"]["id"],
        repository_id=_number(repository, "id"),
        clone_url=_text(repository, "clone_url"),
        ref=sent["ref"],
        after=sent["after"],
        pusher=_text(sent["pusher"], "name"),
        commits=len(sent["commits"]),
        paths=frozenset(path for commit in commits for kind in _PATHS for path in _texts(commit, kind)),
    )


def _demand(sent: Mapping[str, Any]) -> None:
    kinds = [(_TEXTS, str), (_FLAGS, bool), (_OBJECTS, dict), (("commits",), list)]
    if not all(isinstance(sent.get(field), kind) for names, kind in kinds for field in names):
        raise PushMalformed
    if type(sent["installation"].get("id")) is not int:
        raise PushMalformed


def _text(within: Mapping[str, Any], field: str) -> str:
    value = within.get(field)
    return value if isinstance(value, str) else ""


def _number(within: Mapping[str, Any], field: str) -> int:
    value = within.get(field)
    return value if type(value) is int else 0


def _texts(within: Mapping[str, Any], field: str) -> list[str]:
    values = within.get(field)
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
