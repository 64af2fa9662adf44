"""Steps of an ident from one standing to the next, written in one transaction.

Upload, promotion, demotion, a change of visibility and deletion are all such steps: the difference between two
standings says which rows come, change and go. The ident's revision makes steps exclusive, so a step that lost a race is
decided anew.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, ChannelRow, MembershipRow, NewestRow
from chalicelib.catalog.errors import TooManyChannels
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.catalog.package_rows import IdentRow, NameRow, PackageRow, VersionRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import NO_CHANGE, NOWHERE, Placement, Standing, count_delta
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import Found, Key

CHANNELS_LIMIT = 30
"""A package in more channels could no longer be published anew under another visibility in one transaction of 100 rows:
three rows per channel (two of the membership, one of the count) and eight others."""


class Observed(Struct, frozen=True):
    """What was read of an ident before a step was decided."""

    ident: PackageIdent
    standing: Standing
    revision: int | None
    name_counts: tuple[int, int] | None
    """Idents and public idents of the name, None where the name is new."""

    @classmethod
    def from_rows(cls, ident: PackageIdent, found: Found) -> "Observed":
        """Take it from the rows of `keys_of(ident)`."""
        row, name = found.get(package_rows.ident_key(ident)), found.get(package_rows.name_key(ident.origin, ident.name))
        return cls(
            ident,
            NOWHERE if row is None else Standing.parse(row.standing),
            None if row is None else int(row.revision),
            None if name is None else (int(name.idents), int(name.public_idents)),
        )


def keys_of(ident: PackageIdent) -> list[Key[Any]]:
    """The rows that must be read before a step of this ident."""
    return [package_rows.ident_key(ident), package_rows.name_key(ident.origin, ident.name)]


def step(change: Change, seen: Observed, after: Standing, carried: Target | None = None, by: str | None = None) -> None:
    """Add to a change everything that the step needs, except the full row of the package that the caller carries in.

    `by` is the account that promotes. Raises TooManyChannels.
    """
    steps_together(change, [(seen, after)], carried, by)


def steps_together(
    change: Change,
    wanted: Sequence[tuple[Observed, Standing]],
    carried: Target | None = None,
    by: str | None = None,
) -> None:
    """Add the steps of several idents of one origin to a change; more than one may move between channels only.

    Raises TooManyChannels.
    """
    since = _Since(timestamp(now()), by)
    counts: dict[str, _ChannelDelta] = defaultdict(_ChannelDelta)
    for seen, after in wanted:
        demand_few_channels(after)
        _write_ident(change, seen, after)
        _count(change, seen, after)
        before = seen.standing
        for target in sorted({*before.places, *after.places}):
            old, new = before.places.get(target), after.places.get(target)
            if old is not None and target is not carried:
                _change_package(change, seen.ident, target, old, new)
            _move(change, seen.ident, target, old, new, since)
            _sum_up(counts, old, new)
    origin = wanted[0][0].ident.origin
    for channel, delta in sorted(counts.items()):
        if delta.joined:
            change.check(channel_rows.channel_key(origin, channel), ChannelRow.pk.exists())
        _count_channel(change, origin, channel, delta)


def demand_few_channels(after: Standing) -> None:
    """Raises TooManyChannels for a standing that could no longer change in one transaction."""
    if any(len(place.channels) > CHANNELS_LIMIT for place in after.places.values()):
        raise TooManyChannels(f"A package can be in {CHANNELS_LIMIT} channels at most")


@dataclass(frozen=True, slots=True)
class _Since:
    """When a package came into a channel, and through whom; nobody promotes what its upload puts into `unstable`."""

    moment: str
    by: str | None


@dataclass(slots=True)
class _ChannelDelta:
    """What a change does to a channel."""

    packages: int = 0
    public: int = 0
    joined: bool = False


def _sum_up(counts: dict[str, _ChannelDelta], old: Placement | None, new: Placement | None) -> None:
    seen_alike = old is not None and new is not None and old.visibility is new.visibility
    for channel in _channels(old) ^ _channels(new) if seen_alike else _channels(old) | _channels(new):
        delta, was_in, is_in = counts[channel], channel in _channels(old), channel in _channels(new)
        delta.packages += is_in - was_in
        delta.public += _is_public(new, is_in) - _is_public(old, was_in)
        delta.joined |= is_in and not was_in


def _is_public(place: Placement | None, is_in: bool) -> bool:
    return is_in and place is not None and place.is_public


def _channels(place: Placement | None) -> frozenset[str]:
    return frozenset() if place is None else place.channels


def _write_ident(change: Change, seen: Observed, after: Standing) -> None:
    key = package_rows.ident_key(seen.ident)
    unchanged = IdentRow.pk.does_not_exist() if seen.revision is None else IdentRow.revision == seen.revision
    if not after.exists:
        change.delete(key, condition=unchanged)
        return
    # An ident that comes back after its deletion must not meet a revision that somebody still holds from before.
    revision = new_id() if seen.revision is None else seen.revision + 1
    row = IdentRow(key.pk, key.sk, standing=str(after), public=after.is_public, revision=revision)
    change.put(row, condition=unchanged)


def _count(change: Change, seen: Observed, after: Standing) -> None:
    delta = count_delta(seen.standing, after)
    if delta == NO_CHANGE:
        return
    ident = seen.ident
    idents, public_idents = seen.name_counts or (0, 0)
    unchanged = (NameRow.idents == idents) & (NameRow.public_idents == public_idents)
    change.update(
        package_rows.name_key(ident.origin, ident.name),
        [
            NameRow.packages.add(delta.packages),
            NameRow.public_packages.add(delta.public_packages),
            NameRow.idents.add(delta.idents),
            NameRow.public_idents.add(delta.public_idents),
        ],
        condition=NameRow.pk.does_not_exist() if seen.name_counts is None else unchanged,
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


def _change_package(change: Change, ident: PackageIdent, target: Target, old: Placement, new: Placement | None) -> None:
    if new is None:
        change.delete(package_rows.package_key(ident, target))
        change.delete(package_rows.texts_key(ident, target))
    elif old != new:
        change.update(
            package_rows.package_key(ident, target),
            [PackageRow.visibility.set(str(new.visibility)), PackageRow.channels.set(listed(new.channels))],
            condition=PackageRow.pk.exists(),
        )


def _move(
    change: Change, ident: PackageIdent, target: Target, old: Placement | None, new: Placement | None, since: _Since
) -> None:
    """The memberships of one package."""
    gone, stayed, came = (
        _channels(old) - _channels(new),
        _channels(old) & _channels(new),
        _channels(new) - _channels(old),
    )
    for channel in sorted(gone):
        for key in _membership_keys(channel, ident, target):
            change.delete(key)
    if new is None:
        return
    for channel in sorted(came):
        for row in _membership_rows(channel, ident, target, new, since):
            change.put(row)
    if old is not None and old.visibility is not new.visibility:
        for channel in sorted(stayed):
            for key in _membership_keys(channel, ident, target):
                change.update(key, [key.kind.visibility.set(str(new.visibility))])


def listed(names: Iterable[str]) -> str:
    """Channel names as a package's row stores them, in the order in which answers show them (packages.md 4.1)."""
    return json.dumps(sorted(names, reverse=True))


def _membership_keys(channel: str, ident: PackageIdent, target: Target) -> list[Key[Any]]:
    keys: list[Key[Any]] = [channel_rows.membership_key(channel, ident, target)]
    order = release_key(ident.version, ident.release)
    if order is not None:
        place = channel_rows.newest_partition(ident.origin, channel, ident.name, target)
        keys.append(Key(NewestRow, place, order))
    return keys


def _membership_rows(
    channel: str, ident: PackageIdent, target: Target, place: Placement, since: _Since
) -> list[MembershipRow | NewestRow]:
    keys = _membership_keys(channel, ident, target)
    visibility = str(place.visibility)
    rows: list[MembershipRow | NewestRow] = [
        MembershipRow(
            keys[0].pk,
            keys[0].sk,
            ident=str(ident),
            target=str(target),
            visibility=visibility,
            created_at=since.moment,
            updated_at=since.moment,
            by=since.by,
        )
    ]
    rows += [NewestRow(key.pk, key.sk, ident=str(ident), visibility=visibility) for key in keys[1:]]
    return rows


def _count_channel(change: Change, origin: str, channel: str, delta: _ChannelDelta) -> None:
    change.update(
        channel_rows.count_key(origin, channel),
        [
            ChannelCountRow.packages.add(delta.packages),
            ChannelCountRow.public_packages.add(delta.public),
            ChannelCountRow.revision.set(new_id()),
        ],
    )
