"""Rows that make a repeated delivery of a push start nothing twice (builds.md 17)."""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.table import Key, Row, partition

LIFE_SECONDS = 7 * 24 * 3600
WORK_SECONDS = 60
"""After this time, a build that was neither started nor given up may be started by a repeat."""


class PushedBuildRow(Row):
    """A build that a delivery starts, or has started. Times are in seconds; `expires_at` is the time to live."""

    is_started = BooleanAttribute(default=False)
    working_until = NumberAttribute()
    expires_at = NumberAttribute()


def pushed_build_key(delivery: str, build: str) -> Key[PushedBuildRow]:
    """Key of a build of a delivery. Both ids are hashed, because they may have any length."""
    return Key(PushedBuildRow, partition("PUSH", _hashed(delivery)), _hashed(build))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()


@contextmanager
def once(delivery: str | None, build: str) -> Iterator[bool]:
    """Yield whether the block should start a build: False if a repeat of the delivery has started it or is doing so.

    After an exception of the block, a repeat may start the build. Without the id of a delivery, always yields True.
    Raises StoreUnavailable.
    """
    if delivery is None:
        yield True
        return
    key = pushed_build_key(delivery, build)
    if not _claim(key):
        yield False
        return
    try:
        yield True
    except BaseException:
        with Change() as change:
            change.delete(key)
        raise
    with Change() as change:
        change.update(key, [PushedBuildRow.is_started.set(True)])


def _claim(key: Key[PushedBuildRow]) -> bool:
    """Return True, and note that the build is being started, unless another request has done so."""
    now = int(time.time())
    row = PushedBuildRow(key.pk, key.sk, working_until=now + WORK_SECONDS, expires_at=now + LIFE_SECONDS)
    is_given_up = (PushedBuildRow.is_started == False) & (PushedBuildRow.working_until < now)  # noqa: E712 - a condition
    try:
        with Change() as change:
            change.put(row, condition=PushedBuildRow.pk.does_not_exist() | is_given_up)
    except Stale:
        return False
    return True
