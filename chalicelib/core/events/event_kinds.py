"""Fields of an event: the operation and its trigger (packages.md section 11, platform.md 1.5)."""

from enum import StrEnum


class ChannelOperation(StrEnum):
    """An operation on a package in a channel."""

    PROMOTE = "Promote"
    DEMOTE = "Demote"


class Trigger(StrEnum):
    """What requested a change: a kind of client, a push to a repository, or an upload (platform.md 1.5)."""

    HAB = "hab_client"
    WEB = "builder_ui"
    UNKNOWN = "unknown"
    WEBHOOK = "webhook"
    UPLOAD = "upload"


def trigger_of(user_agent: str, referer: str) -> Trigger:
    """Return the kind of client that sent a request: a command line (hab or bldr), the web UI, or unknown."""
    if user_agent.startswith(("hab/", "habitat-builder-cli/")):
        return Trigger.HAB
    return Trigger.WEB if "http" in referer else Trigger.UNKNOWN
