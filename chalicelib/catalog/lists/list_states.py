"""The entries of a list as its index counts them, found from the rows while writers continue."""

from collections.abc import Container, Mapping, Sequence

from chalicelib.catalog.lists import counted_lists
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.catalog.lists.listed_rows import listed_rows
from chalicelib.core.lists.list_blocks import Span, WrongCounts
from chalicelib.core.shown import Shown
from chalicelib.platform.change import Stale

ROUNDS = 5
"""An entry is read so often at most, if it changes each time."""

_Changes = dict[str, dict[int, list[EntryChange]]]


def folded_states(origin: str, name: str, span: Span, included: Container[int]) -> dict[str, Shown]:
    """Return the states of the entries in a range of keys, without the changes that are not in `included`.

    The log is read before and after the rows. If it has the same changes of an entry both times, the row shows exactly
    these, and they are subtracted. The other entries are read again. The result is valid if the index is not written
    meanwhile, because changes that are not in `included` stay in the log then.

    Raises Stale if an entry changes in each of several rounds, and WrongCounts if rows and log contradict each other.
    """
    stored = listed_rows(origin, name)
    before = _changes(origin, name, span, included)
    states = stored.states(span)
    after = _changes(origin, name, span, included)
    result = {key: shown for key, shown in states.items() if key not in after}
    unknown = set(after)
    for _ in range(ROUNDS):
        known = {key for key in unknown if before.get(key) == after.get(key)}
        result.update((key, _without(states.get(key, Shown.ABSENT), after.get(key, {}))) for key in known)
        unknown -= known
        if not unknown:
            return result
        before = after
        states = stored.states_of(unknown)
        after = _changes(origin, name, span, included)
    raise Stale


def _changes(origin: str, name: str, span: Span, included: Container[int]) -> _Changes:
    """Return the changes in the log that are not included, by entry and id."""
    changes: _Changes = {}
    for identifier, entry in counted_lists.log_of(origin).of_list(name):
        if identifier not in included and entry.key in span:
            changes.setdefault(entry.key, {}).setdefault(identifier, []).append(entry)
    return changes


def _without(shown: Shown, changes: Mapping[int, Sequence[EntryChange]]) -> Shown:
    """Return the state of an entry before some changes. Raises WrongCounts if it cannot have had them."""
    exists, public = shown is not Shown.ABSENT, shown is Shown.EVERYONE
    several = [change for changes_of_id in changes.values() for change in changes_of_id]
    entries = exists - sum((each.after is not Shown.ABSENT) - (each.before is not Shown.ABSENT) for each in several)
    everyone = public - sum((each.after is Shown.EVERYONE) - (each.before is Shown.EVERYONE) for each in several)
    if not 0 <= everyone <= entries <= 1:
        raise WrongCounts
    return Shown.entry(exists=entries == 1, public=everyone == 1)
