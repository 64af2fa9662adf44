"""Kinds and states of long changes: what continues after its request has been answered (docs/ARCHITECTURE.md)."""

from enum import StrEnum


class LongChangeKind(StrEnum):
    """What a long change does. The value is part of the names of its executions."""

    CHANNEL_DELETION = "channel-deletion"
    PROMOTION = "promotion"
    DEMOTION = "demotion"
    HINTS = "hints"
    """The hints of an uploaded package with many dependencies (packages/pending_hints.py)."""


class LongChangeState(StrEnum):
    """The state of a long change.

    - `refused`: it ended early, because a role or a channel that it needs has ended.
    - `failed`: it ended early, after several attempts with an unexpected error.
    """

    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
