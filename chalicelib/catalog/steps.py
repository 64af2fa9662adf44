"""Steps of an ident from one standing to the next, each written in one transaction.

Upload, promotion, demotion, change of visibility and deletion are all steps. The difference between the two standings
says which rows to add, change and delete. The transaction checks that the ident's revision has not changed since it was
read, so concurrent steps exclude each other: the one that commits later raises Stale, and its caller reads and decides
again (`retry_when_stale`).
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from chalicelib.catalog import channel_rows, event_states, package_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, ChannelRow, MembershipRow, NewestRow
from chalicelib.catalog.errors import TooManyChannels
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.catalog.package_rows import IdentRow, NameRow, PackageRow, VersionRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import NO_CHANGE, NOWHERE, Placement, Standing, count_delta
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Found, Key

CHANNELS_LIMIT = 30
"""Keeps every step of a package within one transaction of 100 rows. The largest step is a forced upload that
changes the visibility: three rows per channel (two for the membership, one for the count) and ten others."""


class Observed(Struct, frozen=True):
    """The rows of an ident from which a step is decided. The step checks that the ident has not changed since."""

    ident: PackageIdent
    standing: Standing
    revision: int | None
    """None if the ident does not exist."""
    name_counts: tuple[int, int] | None
    """Idents and public idents of the name, None if the name does not exist."""
    name_revision: int | None
    """The revision of the name's releases, None before the first one (see `package_rows.NameRow`)."""

    @classmethod
    def from_rows(cls, ident: PackageIdent, found: Found) -> "Observed":
        """Return the state of an ident. `found` must hold the rows of `keys_of(ident)`."""
        row, name = found.get(package_rows.ident_key(ident)), found.get(package_rows.name_key(ident.origin, ident.name))
        return cls(
            ident,
            NOWHERE if row is None else Standing.parse(row.standing),
            None if row is None else int(row.revision),
            None if name is None else (int(name.idents), int(name.public_idents)),
            revision_of(name),
        )


def keys_of(ident: PackageIdent) -> list[Key[Any]]:
    """Return the keys of the rows that must be read before a step of an ident."""
    return [package_rows.ident_key(ident), package_rows.name_key(ident.origin, ident.name)]


def step(
    change: Change, observed: Observed, after: Standing, carried: Target | None = None, by: Session | None = None
) -> None:
    """Add the rows of a step to a change.

    - `carried`: the target whose package row and texts the caller writes, as in an upload.
    - `by`: the account that promotes. New memberships store its name.

    Raises TooManyChannels.
    """
    steps_together(change, [(observed, after)], carried, by)


def steps_together(
    change: Change,
    steps: Sequence[tuple[Observed, Standing]],
    carried: Target | None = None,
    by: Session | None = None,
) -> None:
    """Add the rows of the steps of several idents of one origin to a change. See `step`.

    Several steps in one change may only move packages between channels. Whether a step adds the first ident of a name
    is decided on the counts that were read, so two steps of one name could count the name twice.

    Raises TooManyChannels.
    """
    joining = _Joining(timestamp(now()), None if by is None else by.name)
    deltas: dict[str, _ChannelDelta] = defaultdict(_ChannelDelta)
    for observed, after in steps:
        demand_few_channels(after)
        _write_ident(change, observed, after)
        _write_counts(change, observed, after)
        before = observed.standing
        event_states.note(change, observed.ident, before, after)
        for target in sorted({*before.placements, *after.placements}):
            old, new = before.placements.get(target), after.placements.get(target)
            if old is not None and target is not carried:
                _write_package(change, observed.ident, target, old, new)
            _write_memberships(change, observed.ident, target, old, new, joining)
            _add_up(deltas, old, new)
    origin = steps[0][0].ident.origin
    for channel, delta in sorted(deltas.items()):
        if delta.joined:
            change.check(channel_rows.channel_key(origin, channel), ChannelRow.pk.exists())
        _write_channel_counts(change, origin, channel, delta)


def revision_of(name: NameRow | None) -> int | None:
    """Return the revision of a name's releases, None if it has never had one."""
    return None if name is None or name.revision is None else int(name.revision)


def renew_revision(change: Change, key: Key[NameRow], revision: int | None) -> int:
    """Give a name a new revision and return it, on condition that `revision` is still the current one (Stale)."""
    is_current = NameRow.revision.does_not_exist() if revision is None else NameRow.revision == revision
    renewed = new_id()
    change.update(key, [NameRow.revision.set(renewed)], condition=is_current)
    return renewed


def demand_few_channels(after: Standing) -> None:
    """Raise TooManyChannels if a package of a standing is in more than CHANNELS_LIMIT channels."""
    if any(len(placement.channels) > CHANNELS_LIMIT for placement in after.placements.values()):
        raise TooManyChannels(f"A package can be in {CHANNELS_LIMIT} channels at most")


def stored_channels(names: Iterable[str]) -> str:
    """Return channel names as package rows store them: a JSON list, descending by bytes (packages.md 4.1)."""
    return json.dumps(sorted(names, reverse=True))


class _Joining(Struct, frozen=True):
    """The start time of new memberships, and the name of the promoting account (None for an upload)."""

    moment: str
    by: str | None


class _ChannelDelta(Struct):
    """What a change adds to the counts of a channel, and whether a package joins it."""

    packages: int = 0
    public: int = 0
    joined: bool = False


def _write_ident(change: Change, observed: Observed, after: Standing) -> None:
    key = package_rows.ident_key(observed.ident)
    is_new = observed.revision is None
    unchanged = IdentRow.pk.does_not_exist() if is_new else IdentRow.revision == observed.revision
    if not after.exists:
        change.delete(key, condition=unchanged)
        return
    # A recreated ident starts at a fresh revision: counting from 1 would repeat one that a slow request still holds.
    revision = new_id() if observed.revision is None else observed.revision + 1
    row = IdentRow(key.pk, key.sk, standing=str(after), public=after.is_public, revision=revision)
    change.put(row, condition=unchanged)


def _write_counts(change: Change, observed: Observed, after: Standing) -> None:
    """Update the counts of the name, the version and the origin. A move between channels does not change them."""
    delta = count_delta(observed.standing, after)
    if delta == NO_CHANGE:
        return
    ident = observed.ident
    idents, public_idents = observed.name_counts or (0, 0)
    unchanged = (NameRow.idents == idents) & (NameRow.public_idents == public_idents)
    name_key = package_rows.name_key(ident.origin, ident.name)
    if delta.packages:
        renew_revision(change, name_key, observed.name_revision)
    change.update(
        name_key,
        [
            NameRow.packages.add(delta.packages),
            NameRow.public_packages.add(delta.public_packages),
            NameRow.idents.add(delta.idents),
            NameRow.public_idents.add(delta.public_idents),
        ],
        condition=NameRow.pk.does_not_exist() if observed.name_counts is None else unchanged,
    )
    if delta.idents or delta.public_idents:
        change.update(
            package_rows.version_count_key(ident.origin, ident.name, ident.version),
            [VersionRow.idents.add(delta.idents), VersionRow.public_idents.add(delta.public_idents)],
        )
    change.update(
        origin_count_key(ident.origin),
        [
            OriginCountRow.packages.add(delta.packages),
            OriginCountRow.idents.add(delta.idents),
            OriginCountRow.public_idents.add(delta.public_idents),
            OriginCountRow.names.add((idents + delta.idents > 0) - (idents > 0)),
            OriginCountRow.public_names.add((public_idents + delta.public_idents > 0) - (public_idents > 0)),
        ],
    )


def _write_package(change: Change, ident: PackageIdent, target: Target, old: Placement, new: Placement | None) -> None:
    if new is None:
        change.delete(package_rows.package_key(ident, target))
        change.delete(package_rows.texts_key(ident, target))
    elif old != new:
        change.update(
            package_rows.package_key(ident, target),
            [PackageRow.visibility.set(str(new.visibility)), PackageRow.channels.set(stored_channels(new.channels))],
            condition=PackageRow.pk.exists(),
        )


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


def _add_up(deltas: dict[str, _ChannelDelta], old: Placement | None, new: Placement | None) -> None:
    """Add the step of one package to the deltas of its channels.

    A changed visibility also changes the channels that the package stays in: their cached answers become stale.
    """
    before, after = _channels(old), _channels(new)
    same_visibility = old is not None and new is not None and old.visibility is new.visibility
    for channel in before ^ after if same_visibility else before | after:
        delta, was_in, is_in = deltas[channel], channel in before, channel in after
        delta.packages += is_in - was_in
        delta.public += _is_public(new, is_in) - _is_public(old, was_in)
        delta.joined |= is_in and not was_in


def _is_public(placement: Placement | None, is_in: bool) -> bool:
    return is_in and placement is not None and placement.is_public


def _channels(placement: Placement | None) -> frozenset[str]:
    return frozenset() if placement is None else placement.channels


def _write_channel_counts(change: Change, origin: str, channel: str, delta: _ChannelDelta) -> None:
    change.update(
        channel_rows.count_key(origin, channel),
        [
            ChannelCountRow.packages.add(delta.packages),
            ChannelCountRow.public_packages.add(delta.public),
            ChannelCountRow.revision.set(new_id()),
        ],
    )
