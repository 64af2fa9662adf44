"""The rules of package sets: promote or demote several packages, all or none, or only return the plan.

A set moves in one transaction together with its events and its group's audit row. Readers therefore see the whole set
or nothing, and an interruption leaves nothing behind. A transaction has at most 100 rows. A package on one target needs
four (the ident, two for the membership, the event) and the set three, so at most 24 of these packages can move
together. Larger sets are refused, because readers would see them in parts; bulk changes move those (channels/bulk).
"""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from functools import partial

from msgspec import Struct

from chalicelib.catalog import channel_rows, fences, package_rows, steps
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import ChannelMissing
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.channels.errors import ChannelProtected
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.session import Session
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.platform.change import TRANSACTION_LIMIT, Change
from chalicelib.platform.table import Found, read_many
from chalicelib.promotions.errors import SetRefused

LARGEST_SET = 1_000


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


class SetMember(Struct, frozen=True):
    """A package that a request names; without a target, the ident on all of its targets."""

    ident: PackageIdent
    target: Target | None = None


class SetRequest(Struct, frozen=True):
    """A request to promote packages of an origin to a channel, or to demote them from it.

    With a `source`, only packages in that channel may move. `job_group` is the channel of the job group that has built
    the packages. It is recorded in place of the source, with the idents; there are no events then (platform.md 2.3).
    """

    operation: ChannelOperation
    origin: str
    channel: str
    packages: Sequence[SetMember]
    source: str | None = None
    job_group: str | None = None


class PlannedMove(Struct, frozen=True):
    """The outcome for one package; the target is None if the ident does not exist on any target that was named."""

    ident: PackageIdent
    target: Target | None
    outcome: Outcome


class SetResult(Struct, frozen=True):
    """The plan, whether the channel is now as planned, and the id that the events share (None if nothing moved)."""

    plan: Sequence[PlannedMove]
    applied: bool
    group: str | None = None

    @property
    def is_possible(self) -> bool:
        """False if an outcome of the plan blocks the whole set."""
        return not any(move.outcome in BLOCKING for move in self.plan)


def apply(request: SetRequest, by: Session, dry_run: bool) -> SetResult:
    """Move a set and return the plan; with `dry_run`, only return the plan.

    If the plan is not possible, nothing moves. A repeat moves nothing and records no events. Raises ChannelMissing,
    ChannelProtected, SetRefused and TooManyChannels, in a dry run too.
    """
    _demand_valid(request)
    return apply_valid(request, by, dry_run)


def apply_valid(request: SetRequest, by: Session, dry_run: bool = False) -> SetResult:
    """Move a set as `apply` does, without the checks of what a request names. Packages may leave `unstable`."""
    return fences.protected(request.origin, by.permission, partial(_apply, request, by, dry_run))


def _demand_valid(request: SetRequest) -> None:
    if request.operation is ChannelOperation.DEMOTE and request.channel == UNSTABLE:
        raise ChannelProtected("Packages leave 'unstable' only when they are deleted")
    if not 0 < len(request.packages) <= LARGEST_SET:
        raise SetRefused(f"`idents` must name between 1 and {LARGEST_SET} packages")
    for member in request.packages:
        if member.ident.origin != request.origin:
            raise SetRefused(f"'{member.ident}' is not in the origin '{request.origin}'")
    if request.source == request.channel:
        raise SetRefused("`from_channel` and `channel` are the same")


def _apply(request: SetRequest, by: Session, dry_run: bool, fence: Fence) -> SetResult:
    found = _read(request)
    observed = {member.ident: Observed.from_rows(member.ident, found) for member in request.packages}
    planned = plan(request, {ident: each.standing for ident, each in observed.items()})
    not_applied = SetResult(planned, applied=False)
    if not not_applied.is_possible:
        return not_applied
    moves = [move for move in planned if move.outcome in MOVING]
    if not moves:
        return SetResult(planned, applied=not dry_run)
    change = Change()
    fence.check(change, by.permission)
    group = _add(change, request, by, moves, observed)
    if len(change) > TRANSACTION_LIMIT:
        raise SetRefused(
            f"{len(moves)} packages are too many to be moved all or nothing: they change {len(change)} rows, "
            f"a transaction takes {TRANSACTION_LIMIT}"
        )
    if dry_run:
        return not_applied
    change.commit()
    return SetResult(planned, applied=True, group=group)


def _read(request: SetRequest) -> Found:
    channels = [request.channel, *([] if request.source is None else [request.source])]
    channel_keys = [channel_rows.channel_key(request.origin, channel) for channel in channels]
    idents = dict.fromkeys(member.ident for member in request.packages)
    ident_keys = [package_rows.ident_key(ident) for ident in idents]
    found = read_many([*channel_keys, *ident_keys, *event_rows.keys_before()])
    event_rows.note_shards(found)
    for channel, key in zip(channels, channel_keys, strict=True):
        if found.get(key) is None:
            raise ChannelMissing(f"There is no channel '{channel}'")
    return found


def plan(request: SetRequest, standings: Mapping[PackageIdent, Standing]) -> list[PlannedMove]:
    """Return the outcome for each package, once, in the order of the request. Pure."""
    moves: dict[tuple[PackageIdent, Target | None], PlannedMove] = {}
    for member in request.packages:
        for move in _planned(request, member, standings[member.ident]):
            moves.setdefault((move.ident, move.target), move)
    return list(moves.values())


def _planned(request: SetRequest, member: SetMember, standing: Standing) -> Iterator[PlannedMove]:
    targets = [target for target in sorted(standing.placements) if member.target in (None, target)]
    if not targets:
        yield PlannedMove(member.ident, member.target, Outcome.MISSING)
        return
    movable = [
        target for target in targets if request.source is None or request.source in standing.placements[target].channels
    ]
    if not movable:
        yield PlannedMove(member.ident, member.target, Outcome.NOT_IN_SOURCE)
    for target in movable:
        yield PlannedMove(member.ident, target, _outcome(request, standing.placements[target]))


def _outcome(request: SetRequest, placement: Placement) -> Outcome:
    is_member = request.channel in placement.channels
    if request.operation is ChannelOperation.PROMOTE:
        return Outcome.ALREADY_THERE if is_member else Outcome.ADDED
    return Outcome.REMOVED if is_member else Outcome.NOT_THERE


def _add(
    change: Change,
    request: SetRequest,
    by: Session,
    moves: Sequence[PlannedMove],
    observed: Mapping[PackageIdent, Observed],
) -> str:
    """Add the rows of the moves to a change. Returns the id that the events share."""
    source = request.source or request.job_group or ""
    group = event_rows.group_event(request.operation, request.origin, source, request.channel, by)
    group.state = event_rows.DONE
    if request.job_group is not None:
        group.idents = " ".join(str(move.ident) for move in moves)
    change.put(group)
    after = {ident: observed[ident].standing for ident in dict.fromkeys(move.ident for move in moves)}
    for move in moves:
        if move.target is None:  # Only blocking outcomes have no target.
            continue
        placement = after[move.ident].placements[move.target]
        is_added = move.outcome is Outcome.ADDED
        moved = placement.joined(request.channel) if is_added else placement.left(request.channel)
        after[move.ident] = after[move.ident].with_placement(move.target, moved)
        if request.job_group is None:
            public = after[move.ident].is_public
            change.add(
                event_rows.event(
                    request.operation, move.ident, move.target, request.channel, by, public=public, group=group.id
                )
            )
    steps.steps_together(change, [(observed[ident], standing) for ident, standing in after.items()], by=by)
    return group.id
