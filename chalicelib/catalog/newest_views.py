"""Views of a channel: the newest release of every name for a target, kept in one row by the log of list changes.

A view is like the index of the channel's list (`lists/counted_lists.py`): a reader reads the log first, then the view,
and applies the changes that the view does not include. A fold (`lists/list_folding.py`) includes them for all readers.
A change does not leave the log before the views that exist have included it.

The first request for `_latest` makes the view of a channel (`channels/newest_of_all.py`). A channel without such
requests has no view and costs nothing. This is right while writers and folds continue:

1. The maker writes the view without content, *paused*. From now on folds leave the changes of the channel in the log. A
   fold that has found no view before deletes only changes that were committed before, too.
2. It reads the log, then the index of the list, then the rows. The view includes the changes found in log and index,
   all of which the rows reflect. Every other change is younger than step 1, so it is still in the log.
3. It writes the content if the view still has the version of step 1. A fold deletes a view that is paused for too long
   without content, so a maker that was too slow fails here.

The rows may reflect some changes that the view does not include. Applying these again is harmless
(`core/newest_names.py`): a release that joined and left again is taken as unknown when both changes are pending. A
pending change that says that it left does nothing unless it is the newest one, which is then unknown. A pending change
that says that it joined is either the last one of the release, or followed by pending ones.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import UNIT_SEPARATOR, NewestOfAllRow
from chalicelib.catalog.lists import counted_lists, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.newest_names import MembershipChange, NewestNames
from chalicelib.platform import clock
from chalicelib.platform.change import Change, Stale, put_if
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, read

KEPT = timedelta(seconds=30)
"""As long as in `list_folding`."""

INCLUDED_AGAIN_AFTER = timedelta(seconds=2.5)
"""A change leaves the log only if a view has included it lately (`list_folding.DELETED_WITHIN`)."""

PAUSE = timedelta(seconds=30)
"""The time to read all rows of a channel."""

LIFE = timedelta(days=7)
"""Then the fold deletes a view instead of writing it: it may not be read any more. The next reader makes it again."""

LARGEST = 300_000
"""Compressed bytes; a row of the table holds 400 KB."""

Changes = Sequence[tuple[int, EntryChange]]


def changes_by_view(by_list: Mapping[str, Changes]) -> dict[str, list[tuple[int, EntryChange]]]:
    """Return the changes of each view. A view is named by its list and its target."""
    result: dict[str, list[tuple[int, EntryChange]]] = {}
    for name, changes in by_list.items():
        if list_rows.channel_of(name) is not None:
            for identifier, entry in changes:
                result.setdefault(_view(name, entry), []).append((identifier, entry))
    return result


def key_of(origin: str, view: str) -> Key[NewestOfAllRow]:
    """Key of a view, from its name in `changes_by_view`."""
    name, _, target = view.rpartition(UNIT_SEPARATOR)
    return channel_rows.newest_of_all_key(origin, list_rows.channel_of(name) or "", target)


def fold(view: NewestOfAllRow | None, changes: Changes, complete_to: int) -> IncludedChanges | None:
    """Include changes in a view. Return those that it includes now, or None if there is no view that must have them.

    Another request may change the view meanwhile, or be making it: then it includes none.
    """
    moment = clock.now()
    if view is None:
        return None
    if int(view.paused_until) > moment.timestamp():
        return IncludedChanges()
    if view.content is None or int(view.made_at) < (moment - LIFE).timestamp():
        return None if _delete(view) else IncludedChanges()
    names, included = unpacked(view)
    ids = {identifier for identifier, _ in changes}
    missing = {i for i in ids if i not in included}
    old = {i for i in ids - missing if moment - included.time_of(i) > INCLUDED_AGAIN_AFTER}
    if not missing and not old:
        return included
    include(names, included, [each for each in changes if each[0] in missing])
    included.add(old, moment)
    included.forget(moment - KEPT, complete_to, ids)
    names.forget(moment - KEPT)
    return included if write(view, names, included) else IncludedChanges()


def include(names: NewestNames, included: IncludedChanges, changes: Iterable[tuple[int, EntryChange]]) -> None:
    """Apply changes to the names of a view, unless they are included already."""
    several = [(identifier, entry) for identifier, entry in changes if identifier not in included]
    moment = clock.now()
    names.apply([_membership_change(entry) for _, entry in several], moment)
    included.add((identifier for identifier, _ in several), moment)


def unpacked(view: NewestOfAllRow) -> tuple[NewestNames, IncludedChanges]:
    """Return the names of a view that has content, and the changes that it includes."""
    return NewestNames.unpacked(view.content or b""), IncludedChanges.unpacked(view.included)


def write(view: NewestOfAllRow, names: NewestNames, included: IncludedChanges) -> bool:
    """Write the content of a view if it still has its version, and end its pause. A view that is too large is deleted.

    Returns whether the view has been written.
    """
    view.content = names.packed()
    if len(view.content) > LARGEST:
        _delete(view)
        return False
    view.included = included.packed()
    view.paused_until = 0
    return _replace(view)


def pause(origin: str, channel: str, target: str, view: NewestOfAllRow | None) -> NewestOfAllRow | None:
    """Write a view such that folds leave it alone, before it is made. Return it, or None if another request is faster.

    `view` is the row that was read. It keeps its content until the new one is written.
    """
    moment = clock.now()
    if view is None:
        key = channel_rows.newest_of_all_key(origin, channel, target)
        view = NewestOfAllRow(key.pk, key.sk, version=0, included=IncludedChanges().packed())
    elif int(view.paused_until) > moment.timestamp():
        return None
    view.made_at = int(moment.timestamp())
    view.paused_until = int((moment + PAUSE).timestamp())
    return view if _replace(view) else None


def included_before(log: counted_lists.Log, name: str, view: NewestOfAllRow) -> IncludedChanges:
    """Return the changes that the rows of a channel reflect if they are read now. `log` was read after `pause`."""
    index = read(counted_lists.index_key(log.origin, name))
    _, included = counted_lists.unpacked(index)
    moment = clock.now()
    included.add(IncludedChanges.unpacked(view.included), moment)
    included.add((identifier for identifier, _ in log.of_list(name)), moment)
    return included


def remove(origin: str, channel: str, targets: Iterable[str]) -> None:
    """Delete the views of a channel. Safe at any time: readers make them again."""
    delete_many([channel_rows.newest_of_all_key(origin, channel, target) for target in targets])


def changes_in(log: counted_lists.Log, name: str, target: str) -> list[tuple[int, EntryChange]]:
    """Return the changes of a view that were in the log."""
    return [(identifier, entry) for identifier, entry in log.of_list(name) if _target(entry) == target]


def note_left(names: NewestNames, log: counted_lists.Log, name: str, target: str) -> None:
    """Remember in new names which releases have left in the changes of a log that the names reflect."""
    names.note_left((_membership_change(entry) for _, entry in changes_in(log, name, target)), clock.now())


def _membership_change(entry: EntryChange) -> MembershipChange:
    """Return a change of the list of a channel as a change of its newest releases."""
    path, _, _ = entry.key.partition(UNIT_SEPARATOR)
    name, version, release = path.split("/")
    return MembershipChange(name, version, release, entry.before, entry.after)


def _view(name: str, entry: EntryChange) -> str:
    return f"{name}{UNIT_SEPARATOR}{_target(entry)}"


def _target(entry: EntryChange) -> str:
    return entry.key.rpartition(UNIT_SEPARATOR)[2]


def _replace(view: NewestOfAllRow) -> bool:
    """Write a view with a new version, on condition that the stored one has the version of the row (0: none)."""
    version = int(view.version)
    view.version = clock.new_id()
    return put_if(view, NewestOfAllRow.version == version if version else NewestOfAllRow.pk.does_not_exist())


def _delete(view: NewestOfAllRow) -> bool:
    """Delete a view if it still has its version."""
    try:
        with Change() as change:
            change.delete(Key(NewestOfAllRow, view.pk, view.sk), condition=NewestOfAllRow.version == view.version)
    except Stale:
        return False
    return True
