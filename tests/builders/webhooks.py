"""Webhook events as GitHub sends them."""

import hashlib
import hmac
import json
from typing import Any

from tests.api.client import Depot, Reply
from tests.builders.github import CLONE_URL, INSTALLATION, REPOSITORY

SECRET = "it's a secret ü"
PUSH: dict[str, Any] = {
    "ref": "refs/heads/main",
    "before": "0" * 40,
    "after": "1" * 40,
    "created": False,
    "deleted": False,
    "forced": False,
    "base_ref": None,
    "compare": "https://github.com/acme/plans/compare/0...1",
    "commits": [{"id": "1" * 40, "added": [], "removed": [], "modified": ["nginx/habitat/plan.sh"]}],
    "head_commit": None,
    "repository": {"id": REPOSITORY, "clone_url": CLONE_URL},
    "pusher": {"name": "bobo"},
    "sender": {},
    "installation": {"id": INSTALLATION},
}
MANDATORY = [field for field in PUSH if field not in ("base_ref", "head_commit")]


def signed(body: bytes, name: str = "sha1", secret: str = SECRET) -> str:
    """Return the signature of a body, as the value of its header."""
    return f"{name}={hmac.new(secret.encode(), body, getattr(hashlib, name)).hexdigest()}"


def notify(depot: Depot, body: bytes, event: str | None = "push", **headers: str | None) -> Reply:
    """Send an event with a right signature. `headers` replace its headers, or leave them out (None)."""
    named = {"X-GitHub-Event": event, "X-Hub-Signature": signed(body)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return depot.post("/notify", body=body, headers={name: value for name, value in named.items() if value is not None})


def body_with(**changes: Any) -> bytes:
    """Return the body of a push with some fields changed, or left out (`missing`)."""
    return json.dumps({field: value for field, value in (PUSH | changes).items() if value != "missing"}).encode()


def a_push(*files: str, **changes: Any) -> bytes:
    """Return the body of a push whose only commit modifies some files."""
    return body_with(commits=[{"modified": list(files)}], **changes)
