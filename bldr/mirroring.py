"""Doing what a sync plan says. Every step may be repeated, so an interrupted run is simply run again."""

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import TypeVar

from bldr.archives import Archive, signer
from bldr.crew import in_order
from bldr.errors import BldrError, ChangeRefused
from bldr.packages import Described, Membership, Package
from bldr.places import Destination, Source
from bldr.progress import Watch
from bldr.sync_plan import SyncPlan, Wish, promotable
from chalicelib.core.named_revision import NamedRevision

K = TypeVar("K", bound=Hashable)


def mirror(plan: SyncPlan, wish: Wish, source: Source, destination: Destination, watch: Watch, jobs: int) -> int:
    """Do the plan; gives how many steps failed, each of which was told to `watch`.

    Keys before their archives, dependencies before dependents, promotions of what has arrived as a whole, and
    demotions only when nothing failed.
    """
    transfer = _Transfer(source, destination, watch)
    described = {each.package: each for each in plan.transfers}
    try:
        failed = in_order(plan.needs, lambda package: transfer(described[package]), jobs)
        _tell(watch, "transfer", failed)
        promotions = promotable(plan, wish, failed)
        broken = len(failed) + len(plan.promotions) - len(promotions)
        broken += _each(watch, "create channel", plan.channels, lambda each: destination.create_channel(*each), 1)
        broken += _each(watch, "promote", promotions, lambda each: _promote(destination, watch, each), jobs)
        if plan.demotions and broken:
            watch.say("not pruned, since something has failed")
            return broken + len(plan.demotions)
        return broken + _each(watch, "demote", plan.demotions, lambda each: _demote(destination, watch, each), jobs)
    finally:
        destination.close()


class _Transfer:
    """Takes archives across, with the keys that signed them; each key once."""

    def __init__(self, source: Source, destination: Destination, watch: Watch) -> None:
        self._source, self._destination, self._watch = source, destination, watch
        self._lock = threading.Lock()
        self._keys: set[NamedRevision] = set()

    def __call__(self, described: Described) -> None:
        path = self._source.archive(described, self._destination.staging, self._watch)
        named = signer(path)
        self._take_key(named)
        archive = Archive(path, described, path.stat().st_size, named)
        self._destination.put(archive, self._watch)
        self._watch.say(f"mirrored {described.package}")

    def _take_key(self, named: NamedRevision) -> None:
        with self._lock:
            if named in self._keys:
                return
            if not self._destination.has_key(named):
                key = self._source.key(named)
                if key is None:
                    raise ChangeRefused(f"{self._source} lacks key {named}, which signed it; upload the key there")
                self._destination.put_key(key)
                self._watch.say(f"mirrored key {named}")
            self._keys.add(named)


def _promote(destination: Destination, watch: Watch, each: Membership) -> None:
    destination.promote(each.package, each.channel)
    watch.say(f"promoted {each.package} to {each.channel}")


def _demote(destination: Destination, watch: Watch, each: Membership) -> None:
    destination.demote(each.package, each.channel)
    watch.say(f"demoted {each.package} from {each.channel}")


def _each(watch: Watch, what: str, items: Iterable[K], do: Callable[[K], object], jobs: int) -> int:
    failed = in_order(dict.fromkeys(items, ()), do, jobs)
    _tell(watch, what, failed)
    return len(failed)


def _tell(watch: Watch, what: str, failed: Mapping[K, BldrError]) -> None:
    for item, problem in failed.items():
        name = item if isinstance(item, Package) else what
        watch.say(f"failed: {problem}" if str(name) in str(problem) else f"failed: {name}: {problem}")
