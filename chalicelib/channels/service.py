"""The rules of channels: creation, deletion, promotion and demotion (packages.md 9.1-9.3, 9.7, 9.8)."""

from collections.abc import Iterator
from functools import partial

from chalicelib.catalog import channel_rows, fences, origin_rows, steps
from chalicelib.catalog.channel_rows import INITIAL_CHANNELS, UNSTABLE, ChannelRow
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.steps import Observed
from chalicelib.channels import deletion
from chalicelib.channels.errors import ChannelExists, ChannelNameInvalid, ChannelProtected, NotInChannel
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.plain_text import is_plain_name
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read, read_many, rows

SANDBOX_PREFIX = "bldr-"
AFTER_SANDBOXES = SANDBOX_PREFIX + chr(0x10FFFF)
SANDBOXES_LISTED = 10_000
SANDBOXES_SKIPPED = 1_000


def names(origin: str, sandbox: bool) -> list[str]:
    """Return the channels of an origin, ascending by bytes.

    With `sandbox`, the newest channels of job groups are among them, SANDBOXES_LISTED at most, otherwise none.
    """
    partition = channel_rows.channels_partition(origin)
    found = list(_outside_of_sandboxes(partition))
    if sandbox:
        newest = rows(ChannelRow, partition, begins=SANDBOX_PREFIX, newest_first=True, limit=SANDBOXES_LISTED)
        found += [row.name for row in newest]
    return sorted(found)


def _outside_of_sandboxes(partition: str) -> Iterator[str]:
    """Yield the channels that are not those of job groups. If there are many of the latter, most are not read."""
    skipped = 0
    for row in rows(ChannelRow, partition):
        if not row.name.startswith(SANDBOX_PREFIX):
            yield row.name
            continue
        skipped += 1
        if skipped == SANDBOXES_SKIPPED:
            yield from (other.name for other in rows(ChannelRow, partition, after=AFTER_SANDBOXES))
            return


def create(origin: str, channel: str, by: Session) -> ChannelRow:
    """Create an empty channel. An unfinished deletion of a channel with that name is completed first.

    Raises ChannelNameInvalid, ChannelExists, TooManyInOrigin, ChannelMissing if the origin does not exist, and
    ChannelLeaving if the deletion takes too long for a request.
    """
    if not is_plain_name(channel):
        raise ChannelNameInvalid("A channel's name must not be `.` or `..` or have invisible characters")
    key = channel_rows.channel_key(origin, channel)
    if read(key) is not None:  # `hab` tries to create a channel before each promotion
        raise ChannelExists
    deletion.complete(origin, channel)
    moment = now()
    row = ChannelRow(key.pk, key.sk, id=new_id(moment), owner_id=by.account_id, created_at=timestamp(moment))
    with Change() as change:
        change.add(row, otherwise=ChannelExists())
        origin_rows.require(change, origin, by.permission, otherwise=ChannelMissing)
        deletion.require_no_deletion(change, origin, channel)
        channel_rows.add_to_list(change, origin, channel)
    return row


def delete(origin: str, channel: str, by: Session) -> None:
    """Delete a channel, if there is one; its packages remain. Raises ChannelProtected.

    Readers stop seeing the channel immediately. The packages of a large channel leave it later (`channels/deletion`).
    """
    if channel in INITIAL_CHANNELS:
        raise ChannelProtected
    deletion.delete(origin, channel, by)


def promote(ident: PackageIdent, target: Target, channel: str, by: Session) -> None:
    """Add a package to a channel. A repeat changes nothing and records no event (packages.md 9.7).

    Raises ChannelMissing, ReleaseMissing, TooManyChannels.
    """
    fences.protected(ident.origin, by.permission, partial(_promote, ident, target, channel, by))


def _promote(ident: PackageIdent, target: Target, channel: str, by: Session, fence: Fence) -> None:
    observed, channel_row = _observed(ident, channel)
    placement = observed.standing.placements.get(target)
    if channel_row is None:
        raise ChannelMissing
    if placement is None:
        raise ReleaseMissing
    if channel in placement.channels:
        return
    with Change() as change:
        fence.check(change, by.permission)
        after = observed.standing.with_placement(target, placement.joined(channel))
        steps.step(change, observed, after, by=by)
        change.add(event_rows.event(ChannelOperation.PROMOTE, ident, target, channel, by, public=after.is_public))


def demand_demotable(channel: str) -> None:
    """Raise ChannelProtected for `unstable`, from which packages cannot be demoted (packages.md 9.8)."""
    if channel == UNSTABLE:
        raise ChannelProtected


def demote(ident: PackageIdent, target: Target, channel: str, by: Session) -> None:
    """Remove a package from a channel (packages.md 9.8).

    Raises NotInChannel, also if the channel or the package does not exist.
    """
    fences.protected(ident.origin, by.permission, partial(_demote, ident, target, channel, by))


def _demote(ident: PackageIdent, target: Target, channel: str, by: Session, fence: Fence) -> None:
    observed, channel_row = _observed(ident, channel)
    placement = observed.standing.placements.get(target)
    if channel_row is None or placement is None or channel not in placement.channels:
        raise NotInChannel
    with Change() as change:
        fence.check(change, by.permission)
        after = observed.standing.with_placement(target, placement.left(channel))
        steps.step(change, observed, after)
        change.add(event_rows.event(ChannelOperation.DEMOTE, ident, target, channel, by, public=after.is_public))


def _observed(ident: PackageIdent, channel: str) -> tuple[Observed, ChannelRow | None]:
    """Return the rows of an ident, and the row of the channel if it exists. One call."""
    channel_key = channel_rows.channel_key(ident.origin, channel)
    found = read_many([*steps.keys_of(ident), channel_key, *event_rows.keys_before()])
    event_rows.note_shards(found)
    return Observed.from_rows(ident, found), found.get(channel_key)
