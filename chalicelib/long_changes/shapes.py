"""Shapes of long changes over HTTP (docs/ORIGINS.md)."""

from msgspec import Struct

from chalicelib.core.long_change import LongChangeKind, LongChangeState


class LongChange(Struct):
    """A long change with its progress.

    `source` is the deleted channel, or the channel whose packages are promoted to `target` or demoted from it. `moved`
    of `total` packages have moved; `total` is null until they are counted. `why` says why a change was refused,
    or with which kind of error it failed.
    """

    id: str
    origin: str
    kind: LongChangeKind
    source: str
    target: str | None
    state: LongChangeState
    moved: int
    total: int | None
    requested_by: str
    created_at: str
    ended_at: str | None
    why: str | None


class LongChanges(Struct):
    """The newest long changes of an origin, the newest first."""

    changes: list[LongChange]
