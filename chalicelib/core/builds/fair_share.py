"""Which entries stay if not all fit: an owner cannot push out the entries of owners that need less. Pure."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, TypeVar

Entry = TypeVar("Entry", bound=Hashable)


def fitting(sizes: Mapping[Entry, int], most: int, owner: Callable[[Entry], str]) -> set[Entry]:
    """Return the entries that fit into `most` bytes, given the size of each.

    All owners may use the same number of bytes, and what some do not need is shared by the others. An owner that uses
    more loses its largest entries.
    """
    if sum(sizes.values()) <= most:
        return set(sizes)
    by_owner: defaultdict[str, list[Any]] = defaultdict(list)
    for entry in sizes:
        by_owner[owner(entry)].append(entry)
    share = _share((sum(sizes[entry] for entry in entries) for entries in by_owner.values()), most)
    kept: set[Entry] = set()
    for entries in by_owner.values():
        left = share
        for entry in sorted(entries, key=lambda each: (sizes[each], each)):
            left -= sizes[entry]
            if left < 0:
                break
            kept.add(entry)
    return kept


def _share(sizes: Iterable[int], most: int) -> int:
    """Return how many bytes an owner may use, so that all together use `most` at most."""
    ascending = sorted(sizes)
    for position, size in enumerate(ascending):
        share = most // (len(ascending) - position)
        if size > share:
            return share
        most -= size
    return most
