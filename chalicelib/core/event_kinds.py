"""What an event says: what was done, and what asked for it (packages.md section 11, platform.md 1.5)."""

from enum import StrEnum


class ChannelOperation(StrEnum):
    """What was done to a package in a channel."""

    PROMOTE = "Promote"
    DEMOTE = "Demote"


class Trigger(StrEnum):
    """What asked for it (platform.md 1.5)."""

    HAB = "hab_client"
    WEB = "builder_ui"
    UNKNOWN = "unknown"


def trigger_of(user_agent: str, referer: str) -> Trigger:
    """Who is behind a request: the command line, the web UI, or unknown."""
    if user_agent.startswith("hab/"):
        return Trigger.HAB
    return Trigger.WEB if "http" in referer else Trigger.UNKNOWN
