"""The weights of the entries of a job group: heavy ones are built first, because most other builds wait for them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence


def weights(names: Sequence[str], needed: Mapping[str, Collection[str]], seconds: Mapping[str, int]) -> dict[str, int]:
    """Return the weight of each name.

    `needed` holds the names that a name waits for, without cycles; `seconds` the length of earlier builds. The weight
    is the length of the longest path that begins with the name and follows its dependents, in seconds; a name whose
    length is not known counts with the mean of the others. If no length is known, the weight is the number of
    dependents, direct and indirect.
    """
    dependents: dict[str, list[str]] = defaultdict(list)
    for name in names:
        for other in needed.get(name, ()):
            dependents[other].append(name)
    backwards = _dependents_first(names, needed, dependents)
    if not seconds:
        return _numbers_of_dependents(backwards, dependents)
    mean = sum(seconds.values()) // len(seconds)
    longest: dict[str, int] = {}
    for name in backwards:
        behind = max((longest[other] for other in dependents[name]), default=0)
        longest[name] = seconds.get(name, mean) + behind
    return longest


def _dependents_first(
    names: Sequence[str], needed: Mapping[str, Collection[str]], dependents: Mapping[str, Sequence[str]]
) -> list[str]:
    """Return the names in an order in which all dependents of a name come before the name."""
    open_dependents = {name: len(dependents.get(name, ())) for name in names}
    order = [name for name in names if not open_dependents[name]]
    for name in order:  # grows while it is read
        for other in needed.get(name, ()):
            open_dependents[other] -= 1
            if not open_dependents[other]:
                order.append(other)
    return order


def _numbers_of_dependents(backwards: Sequence[str], dependents: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return the number of direct and indirect dependents of each name. Sets are the bits of integers, for speed."""
    bits: dict[str, int] = {}
    counts: dict[str, int] = {}
    for position, name in enumerate(backwards):
        reached = 0
        for other in dependents.get(name, ()):
            reached |= bits[other]
        counts[name] = reached.bit_count()
        bits[name] = reached | (1 << position)
    return counts
