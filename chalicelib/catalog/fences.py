"""Fences: changes of packages that run at the same time do not touch the same rows, and still notice what ended.

A change of a package depends on the existence of its origin and channel and on the role of the account. DynamoDB
cancels transactions that check one row at the same time, so changes do not check these rows. Instead:

- Each request that changes packages of an origin holds a row of its own, its *fence*, which it has written before it
  reads the origin, the channel and the role. Its transaction checks the fence only.
- A request that deletes an origin or a channel, or ends a role, then deletes all fences of the origin (`remove_all`).
  The transaction of a request that has read what was there before then fails; the request writes another fence, and
  decides again.

A process keeps its fences for later requests, so most of them write none. A fence that a process leaves behind when it
ends expires.
"""

import os
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from msgspec import Struct

from chalicelib.catalog import origin_rows
from chalicelib.catalog.errors import RoleLost
from chalicelib.core.deferred import deferred
from chalicelib.core.permission import Permission
from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.retry_budget import shared_budget
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import StoreUnavailable, delete_many, put_many, rows

with deferred():
    from chalicelib.catalog import job_token_rows

USED_SECONDS = 12 * 3600
"""How long a process uses a fence. Its row expires later."""

LIFE_SECONDS = 3 * 24 * 3600

ORIGINS_KEPT = 10_000
"""The number of origins of which a process keeps fences."""

Result = TypeVar("Result")


class FenceRow(Row):
    """A fence: what its request has read of the origin was still valid while this row exists."""

    expires_at = NumberAttribute()


class FenceRemoved(Exception):
    """The fence of a change was removed: the origin, a channel or a role of the origin may have ended."""


class Fence(Struct, frozen=True):
    """A fence of an origin. `since` is the time on the monotonic clock from which on it protects reads."""

    key: Key[FenceRow]
    since: float

    def check(self, change: Change, permission: Permission | None) -> None:
        """Add the check of the fence to a change. The change raises FenceRemoved.

        The permission of a job also requires that its attempt has not ended: the change raises RoleLost.
        """
        change.check(self.key, FenceRow.pk.exists(), otherwise=FenceRemoved())
        if permission is not None and permission.attempt is not None:
            lost = RoleLost(status=permission.refused)
            job_token_rows.require(change, permission.account_id, permission.attempt, otherwise=lost)


_kept: dict[str, list[Fence]] = {}
_keeping = threading.Lock()


def fences_partition(origin: str) -> str:
    """Partition of the fences of an origin."""
    return partition("FENCES", origin)


def protected(origin: str, permission: Permission | None, decide: Callable[[Fence], Result]) -> Result:
    """Return the result of a routine that reads, decides and writes in an origin, with a fence for its transaction.

    The routine runs again while it raises Stale or FenceRemoved. It must read everything that it depends on; only the
    permission may have been read before, and is read again if it is older than the fence.

    Raises OriginMissing or RoleLost if the permission does not hold any more, StoreUnavailable when the retry budget is
    spent.
    """
    with shared_budget() as budget:
        while True:
            fence = _taken(origin) or _written(origin)
            is_removed = False
            try:
                if permission is not None and permission.read_at < fence.since:
                    origin_rows.demand_valid(permission)
                return retry_when_stale(partial(decide, fence))
            except FenceRemoved as problem:
                is_removed = True
                if not budget.pause(attempts=1):  # removals are rare, so the pauses need not become longer
                    raise StoreUnavailable from problem
            finally:
                if not is_removed:
                    _keep(origin, fence)


def remove_all(origin: str) -> None:
    """Remove the fences of an origin, after a change that other requests may not have read yet.

    When it returns, every change of a package of the origin that is still to be written has read that change.
    """
    delete_many([Key(FenceRow, row.pk, row.sk) for row in rows(FenceRow, fences_partition(origin), keys_only=True)])


def forget() -> None:
    """Forget the fences that this process keeps."""
    with _keeping:
        _kept.clear()


os.register_at_fork(after_in_child=forget)


def _taken(origin: str) -> Fence | None:
    with _keeping:
        fences = _kept.get(origin, [])
        while fences:
            fence = fences.pop()
            if fence.since > time.monotonic() - USED_SECONDS:
                return fence
    return None


def _keep(origin: str, fence: Fence) -> None:
    with _keeping:
        if len(_kept) > ORIGINS_KEPT:
            _kept.clear()
        _kept.setdefault(origin, []).append(fence)


def _written(origin: str) -> Fence:
    key = Key(FenceRow, fences_partition(origin), str(new_id()))
    put_many([FenceRow(key.pk, key.sk, expires_at=int(time.time()) + LIFE_SECONDS)])
    return Fence(key, time.monotonic())
