"""Steps of an ident from one standing to the next, each written in one transaction.

Upload, promotion, demotion, change of visibility and deletion are all steps. The difference between the two standings
says which rows to add, change and delete. The transaction checks that the ident's revision has not changed since it was
read, so concurrent steps exclude each other: the one that commits later raises Stale, and its caller reads and decides
again (`retry_when_stale`).

Steps of different idents do not write the same rows, except those of one name that change its counts. So many clients
can change one origin and one channel at the same time. The lists of the origin are counted from the changes that each
step adds to a log (`catalog/lists/counted_lists.py`).
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.catalog import channel_rows, name_log, name_rows, package_rows
from chalicelib.catalog.channel_rows import MembershipRow, NewestRow
from chalicelib.catalog.errors import TooManyChannels
from chalicelib.catalog.events import event_states
from chalicelib.catalog.lists import list_folding, list_rows
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.catalog.name_rows import NameRow, VersionRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.shown import Shown
from chalicelib.core.standing import NO_CHANGE, NOWHERE, CountDelta, Placement, Standing, count_delta
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.attributes import Condition, NumberAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found

CHANNELS_LIMIT = 30
"""Keeps every step of a package within one transaction of 100 rows. The largest step is a forced upload that
changes the visibility: two rows per channel and eleven others. Changes of other targets of the ident come on top."""


class Observed(Struct, frozen=True):
    """The rows of an ident from which a step is decided. The step checks that the ident has not changed since."""

    ident: PackageIdent
    standing: Standing
    revision: int | None
    """None if the ident does not exist."""
    idents: int
    """The number of idents of the name."""
    public_idents: int
    log_id: int | None
    """The id of the name's last change in the log of names, None before the first one."""

    @classmethod
    def from_rows(cls, ident: PackageIdent, found: Found) -> "Observed":
        """Return the state of an ident. `found` must hold the rows of `keys_of(ident)`."""
        row, name = found.get(package_rows.ident_key(ident)), found.get(name_rows.name_key(ident.origin, ident.name))
        return cls(
            ident,
            NOWHERE if row is None else Standing.parse(row.standing),
            None if row is None else int(row.revision),
            0 if name is None else int(name.idents),
            0 if name is None else int(name.public_idents),
            None if name is None or name.log_id is None else int(name.log_id),
        )


def keys_of(ident: PackageIdent) -> list[Key[Any]]:
    """Return the keys of the rows that must be read before a step of an ident."""
    return [package_rows.ident_key(ident), name_rows.name_key(ident.origin, ident.name)]


def step(
    change: Change,
    observed: Observed,
    after: Standing,
    by: Session | None = None,
    others: Iterable[EntryChange] = (),
) -> None:
    """Add the rows of a step to a change. The caller of an upload adds the package itself and its texts.

    - `by`: the account that promotes. New memberships store its name.
    - `others`: further changes of lists. All changes of lists in one transaction share one row of the log.

    Raises TooManyChannels.
    """
    steps_together(change, [(observed, after)], by, others)


def steps_together(
    change: Change,
    steps: Sequence[tuple[Observed, Standing]],
    by: Session | None = None,
    others: Iterable[EntryChange] = (),
) -> None:
    """Add the rows of the steps of several idents of one origin to a change. See `step`.

    Several steps in one change may only move packages between channels. Whether a step adds the first ident of a name
    is decided on the counts that were read, so two steps of one name could count the name twice.

    Raises TooManyChannels.
    """
    joining = _Joining(timestamp(now()), None if by is None else by.name)
    entries = list(others)
    for observed, after in steps:
        demand_few_channels(after)
        _write_ident(change, observed, after)
        _write_counts(change, observed, after)
        entries += _entries(observed, after)
        before = observed.standing
        event_states.note(change, observed.ident, before, after)
        for target in sorted({*before.placements, *after.placements}):
            old, new = before.placements.get(target), after.placements.get(target)
            if new is None:
                change.delete(package_rows.package_key(observed.ident, target))
                change.delete(package_rows.texts_key(observed.ident, target))
            _write_memberships(change, observed.ident, target, old, new, joining)
    list_folding.add_and_fold(change, steps[0][0].ident.origin, entries)


def demand_few_channels(after: Standing) -> None:
    """Raise TooManyChannels if a package of a standing is in more than CHANNELS_LIMIT channels."""
    if any(len(placement.channels) > CHANNELS_LIMIT for placement in after.placements.values()):
        raise TooManyChannels(f"A package can be in {CHANNELS_LIMIT} channels at most")


class _Joining(Struct, frozen=True):
    """The start time of new memberships, and the name of the promoting account (None for an upload)."""

    moment: str
    by: str | None


def _entries(observed: Observed, after: Standing) -> Iterator[EntryChange]:
    """Yield the changes of the lists of the origin: its idents, its names and its channels."""
    ident, before = observed.ident, observed.standing
    path = f"{ident.name}/{ident.version}/{ident.release}"
    yield EntryChange(list_rows.IDENTS, path, _shown(before), _shown(after))
    yield EntryChange(list_rows.NAMES, ident.name, *_name_shown(observed, count_delta(before, after)))
    for target in sorted({*before.placements, *after.placements}):
        old, new = before.placements.get(target), after.placements.get(target)
        for channel in sorted(_channels(old) | _channels(new)):
            key = channel_rows.membership_key(channel, ident, target).sk
            yield EntryChange(list_rows.channel_list(channel), key, _shown_in(channel, old), _shown_in(channel, new))


def _name_shown(observed: Observed, delta: CountDelta) -> tuple[Shown, Shown]:
    """Return to whom the name is shown before and after a step."""
    before = Shown.entry(observed.idents > 0, observed.public_idents > 0)
    return before, Shown.entry(observed.idents + delta.idents > 0, observed.public_idents + delta.public_idents > 0)


def _shown(standing: Standing) -> Shown:
    return Shown.entry(standing.exists, standing.is_public)


def _shown_in(channel: str, placement: Placement | None) -> Shown:
    return Shown.entry(channel in _channels(placement), placement is not None and placement.is_public)


def _write_ident(change: Change, observed: Observed, after: Standing) -> None:
    key = package_rows.ident_key(observed.ident)
    is_new = observed.revision is None
    unchanged = IdentRow.pk.does_not_exist() if is_new else IdentRow.revision == observed.revision
    if not after.exists:
        change.delete(key, condition=unchanged)
        return
    # Never a number from before: a slow request or a client may still hold it, also after a restoration to the past.
    row = IdentRow(key.pk, key.sk, standing=str(after), public=after.is_public, revision=new_id())
    change.put(row, condition=unchanged)


def _write_counts(change: Change, observed: Observed, after: Standing) -> None:
    """Update the counts of the name and the version. A move between channels does not change them."""
    delta = count_delta(observed.standing, after)
    if delta == NO_CHANGE:
        return
    ident = observed.ident
    _write_name(change, observed, delta)
    if delta.idents or delta.public_idents:
        change.update(
            name_rows.version_count_key(ident.origin, ident.name, ident.version),
            [VersionRow.idents.add(delta.idents), VersionRow.public_idents.add(delta.public_idents)],
        )


def _write_name(change: Change, observed: Observed, delta: CountDelta) -> None:
    """Update the counts of the name, on condition that the name still gets or loses its first ident, or does not."""
    key = name_rows.name_key(observed.ident.origin, observed.ident.name)
    if delta.packages < 0:  # an upload has set it already
        name_rows.renew_revision(change, key)
    change.update(
        key,
        [
            NameRow.packages.add(delta.packages),
            NameRow.public_packages.add(delta.public_packages),
            NameRow.idents.add(delta.idents),
            NameRow.public_idents.add(delta.public_idents),
        ],
    )
    if delta.idents:
        change.update(key, [], condition=_crosses_zero_as_observed(NameRow.idents, observed.idents, delta.idents))
    if delta.public_idents:
        condition = _crosses_zero_as_observed(NameRow.public_idents, observed.public_idents, delta.public_idents)
        change.update(key, [], condition=condition)
    before, after = _name_shown(observed, delta)
    if before is not after:
        _note_name(change, observed, after)


def _note_name(change: Change, observed: Observed, shown: Shown) -> None:
    """Note in the log of names to whom the name is shown from now on."""
    ident, last = observed.ident, observed.log_id
    unchanged = NameRow.log_id.does_not_exist() if last is None else NameRow.log_id == last
    log_id = name_log.note(change, ident.origin, ident.name, shown, last)
    change.update(name_rows.name_key(ident.origin, ident.name), [NameRow.log_id.set(log_id)], condition=unchanged)


def _crosses_zero_as_observed(count: NumberAttribute, observed: int, delta: int) -> Condition:
    """Return the condition that a delta takes the stored count from or to zero if and only if it does so to `observed`.

    Other clients may change the count meanwhile, so it need not be equal.
    """
    condition: Condition
    if observed == 0:
        condition = count.does_not_exist() | (count == 0)
    elif observed + delta == 0:
        condition = count == observed
    else:
        condition = count > max(-delta, 0)
    return condition


def _write_memberships(
    change: Change, ident: PackageIdent, target: Target, old: Placement | None, new: Placement | None, joining: _Joining
) -> None:
    before, after = _channels(old), _channels(new)
    for channel in sorted(before - after):
        for key in _membership_keys(channel, ident, target):
            change.delete(key)
    if new is None:
        return
    for channel in sorted(after - before):
        for row in _membership_rows(channel, ident, target, new, joining):
            change.put(row)
    if old is not None and old.visibility is not new.visibility:
        for channel in sorted(before & after):
            for key in _membership_keys(channel, ident, target):
                change.update(key, [key.kind.visibility.set(str(new.visibility))])


def _membership_keys(channel: str, ident: PackageIdent, target: Target) -> list[Key[Any]]:
    """Return the key of the row in text order and, if the version has a digit, of the row in version order."""
    keys: list[Key[Any]] = [channel_rows.membership_key(channel, ident, target)]
    order = release_key(ident.version, ident.release)
    if order is not None:
        newest = channel_rows.newest_partition(ident.origin, channel, ident.name, target)
        keys.append(Key(NewestRow, newest, order))
    return keys


def _membership_rows(
    channel: str, ident: PackageIdent, target: Target, placement: Placement, joining: _Joining
) -> list[MembershipRow | NewestRow]:
    in_text_order, *in_version_order = _membership_keys(channel, ident, target)
    visibility = str(placement.visibility)
    membership = MembershipRow(
        in_text_order.pk,
        in_text_order.sk,
        ident=str(ident),
        target=str(target),
        visibility=visibility,
        created_at=joining.moment,
        updated_at=joining.moment,
        by=joining.by,
    )
    newest = [NewestRow(key.pk, key.sk, ident=str(ident), visibility=visibility) for key in in_version_order]
    return [membership, *newest]


def _channels(placement: Placement | None) -> frozenset[str]:
    return frozenset() if placement is None else placement.channels
