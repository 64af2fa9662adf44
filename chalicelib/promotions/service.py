"""Promoting or demoting a set of packages, all or nothing, with a plan that says beforehand what would happen.

A set moves in one transaction together with its events and its group's audit row, so every reader sees it wholly or not
at all, and an interruption leaves nothing. A transaction has 100 rows; a package on one target takes five of them (its
ident, itself, two of its membership, its event) and the set three, so 19 such packages move at once. What does not fit
is refused: moved in portions it would be seen in part, and bulk promotion is there for that (channels/bulk.py).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from chalicelib.catalog import channel_rows, event_rows, package_rows, steps
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import ChannelMissing
from chalicelib.catalog.steps import Observed
from chalicelib.channels.errors import ChannelProtected
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.platform.change import TRANSACTION_LIMIT, Change, again_when_stale
from chalicelib.platform.table import Found, read_many
from chalicelib.promotions.errors import SetRefused

NAMED_AT_MOST = 1_000


class Outcome(StrEnum):
    """What happens to a package of the set."""

    ADDED = "added"
    REMOVED = "removed"
    ALREADY_THERE = "already_there"
    NOT_THERE = "not_there"
    NOT_IN_SOURCE = "not_in_from_channel"
    MISSING = "missing"


BLOCKING = frozenset({Outcome.MISSING, Outcome.NOT_IN_SOURCE})
MOVING = frozenset({Outcome.ADDED, Outcome.REMOVED})


class SetMember(NamedTuple):
    """A package as a wish names it; without a target it is meant on all of its targets."""

    ident: PackageIdent
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class SetRequest:
    """Somebody's wish to move packages of an origin into a channel, or out of it.

    With a `source` only what is in that channel may move.
    """

    operation: ChannelOperation
    origin: str
    channel: str
    packages: Sequence[SetMember]
    source: str | None = None


class Planned(NamedTuple):
    """What would happen to a package; the target is None for an ident that is on none."""

    ident: PackageIdent
    target: Target | None
    outcome: Outcome


class SetResult(NamedTuple):
    """The plan, whether it holds now, and the id that its events share; no id where nothing moved."""

    plan: Sequence[Planned]
    applied: bool
    group: str | None = None

    @property
    def is_possible(self) -> bool:
        """False if something in the plan stops the whole set."""
        return not any(planned.outcome in BLOCKING for planned in self.plan)


def apply(wish: SetRequest, by: Session, dry_run: bool) -> SetResult:
    """Carry a wish out, or only say what would happen. A repeat finds everything done and records nothing.

    Nothing moves when something is missing: the answer says what. Raises ChannelMissing, ChannelProtected, SetRefused,
    TooManyChannels, also in a dry run.
    """
    _demand_sense(wish)
    return again_when_stale(lambda: _apply(wish, by, dry_run))


def _demand_sense(wish: SetRequest) -> None:
    if wish.operation is ChannelOperation.DEMOTE and wish.channel == UNSTABLE:
        raise ChannelProtected("Nothing leaves 'unstable' but by its deletion")
    if not 0 < len(wish.packages) <= NAMED_AT_MOST:
        raise SetRefused(f"`idents` must name between 1 and {NAMED_AT_MOST} packages")
    for named in wish.packages:
        if named.ident.origin != wish.origin:
            raise SetRefused(f"'{named.ident}' is not of the origin '{wish.origin}'")
    if wish.source == wish.channel:
        raise SetRefused("`from_channel` and `channel` are the same")


def _apply(wish: SetRequest, by: Session, dry_run: bool) -> SetResult:
    found = _read(wish)
    observed = {named.ident: Observed.from_rows(named.ident, found) for named in wish.packages}
    planned = plan(wish, {ident: seen.standing for ident, seen in observed.items()})
    answered = SetResult(planned, applied=False)
    if not answered.is_possible:
        return answered
    moving = [each for each in planned if each.outcome in MOVING]
    if not moving:
        return SetResult(planned, applied=not dry_run)
    change = Change()
    group = _add(change, wish, by, moving, observed)
    if len(change) > TRANSACTION_LIMIT:
        raise SetRefused(
            f"{len(moving)} packages are too many to be moved all or nothing: they change {len(change)} rows, "
            f"a transaction takes {TRANSACTION_LIMIT}"
        )
    if dry_run:
        return answered
    change.commit()
    return SetResult(planned, applied=True, group=group)


def _read(wish: SetRequest) -> Found:
    named = [wish.channel, *([] if wish.source is None else [wish.source])]
    keys = [channel_rows.channel_key(wish.origin, channel) for channel in named]
    idents = dict.fromkeys(package.ident for package in wish.packages)
    found = read_many([*keys, *(package_rows.ident_key(ident) for ident in idents)])
    for channel, key in zip(named, keys, strict=True):
        if found.get(key) is None:
            raise ChannelMissing(f"There is no channel '{channel}'")
    return found


def plan(wish: SetRequest, standings: Mapping[PackageIdent, Standing]) -> list[Planned]:
    """What would happen to each package, in the order of the wish, each once. Pure."""
    found: dict[tuple[PackageIdent, Target | None], Planned] = {}
    for named in wish.packages:
        for planned in _planned(wish, named, standings[named.ident]):
            found.setdefault((planned.ident, planned.target), planned)
    return list(found.values())


def _planned(wish: SetRequest, named: SetMember, standing: Standing) -> Iterator[Planned]:
    places = {target: standing.places[target] for target in sorted(standing.places) if named.target in (None, target)}
    if not places:
        yield Planned(named.ident, named.target, Outcome.MISSING)
        return
    movable = {
        target: place for target, place in places.items() if wish.source is None or wish.source in place.channels
    }
    if not movable:
        yield Planned(named.ident, named.target, Outcome.NOT_IN_SOURCE)
    for target, place in movable.items():
        yield Planned(named.ident, target, _outcome(wish, place))


def _outcome(wish: SetRequest, place: Placement) -> Outcome:
    is_there = wish.channel in place.channels
    if wish.operation is ChannelOperation.PROMOTE:
        return Outcome.ALREADY_THERE if is_there else Outcome.ADDED
    return Outcome.REMOVED if is_there else Outcome.NOT_THERE


def _add(
    change: Change, wish: SetRequest, by: Session, moving: Sequence[Planned], observed: Mapping[PackageIdent, Observed]
) -> str:
    """Everything that the set needs; gives the id that its events share."""
    group = event_rows.group_event(wish.operation, wish.origin, wish.source or "", wish.channel, by)
    group.state = event_rows.DONE
    change.put(group)
    after = {ident: observed[ident].standing for ident in dict.fromkeys(each.ident for each in moving)}
    for ident, target, outcome in moving:
        if target is None:  # what is on no target does not move
            continue
        place = after[ident].places[target]
        moved = place.joined(wish.channel) if outcome is Outcome.ADDED else place.left(wish.channel)
        after[ident] = after[ident].with_place(target, moved)
        event_rows.record(change, wish.operation, ident, target, wish.channel, by, group=group.id)
    steps.steps_together(change, [(observed[ident], standing) for ident, standing in after.items()], by=by)
    return group.id
