"""The newest release of every name in a channel (packages.md 9.5), kept from one change of the channel to the next.

To find it, everything in the channel must be read. So what was found is kept in the table with the revision that the
channel had before it was read. Every change of what is in a channel gives it a new revision in the same transaction;
what was kept holds exactly while the revisions are equal. The first reader after a change reads everything again.
"""

import zlib
from functools import partial

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import MembershipRow, NewestOfAllRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import Key, put_if_possible, rows

MOST_KEPT = 300_000
"""Compressed bytes; a row of the table holds 400 KB."""


def find(origin: str, channel: str, target: str, caller: Caller) -> list[PackageIdent]:
    """The newest release that the caller sees of every name for a target (compared as text), by name.

    One call with the caller's own rows, unless the channel has changed since it was last asked for.
    """
    there, counted = channel_rows.channel_key(origin, channel), channel_rows.count_key(origin, channel)
    kept_for = partial(channel_rows.newest_of_all_key, origin, channel, target)
    found = caller.read_with(there, counted, kept_for(members=True), kept_for(members=False))
    counts = found.get(counted)
    if found.get(there) is None or counts is None or target not in set(Target):
        return []
    # where nothing is private, members see what everybody sees
    members = caller.role_in(origin) is not None and counts.packages != counts.public_packages
    kept = found.get(kept_for(members=members))
    if kept is not None and kept.revision == counts.revision:
        return _unpacked(origin, kept.content)
    newest = _read_everything(origin, channel, target, members)
    _keep(kept_for(members=members), int(counts.revision), newest)
    return newest


def _read_everything(origin: str, channel: str, target: str, members: bool) -> list[PackageIdent]:
    newest: dict[str, tuple[str, PackageIdent]] = {}
    where = MembershipRow.target == target
    if not members:
        where &= MembershipRow.visibility == str(Visibility.PUBLIC)
    for row in rows(MembershipRow, channel_rows.members_partition(origin, channel), where=where):
        ident = PackageIdent.parse(row.ident)
        order = release_key(ident.version, ident.release)
        if order is not None and (ident.name not in newest or newest[ident.name][0] < order):
            newest[ident.name] = (order, ident)
    return [newest[name][1] for name in sorted(newest)]


def _keep(key: Key[NewestOfAllRow], revision: int, newest: list[PackageIdent]) -> None:
    """A later reader may overwrite it with an older revision, which then holds for nobody."""
    content = zlib.compress("\n".join(f"{ident.name}/{ident.version}/{ident.release}" for ident in newest).encode())
    if len(content) <= MOST_KEPT:
        put_if_possible([NewestOfAllRow(key.pk, key.sk, revision=revision, content=content)])


def _unpacked(origin: str, content: bytes) -> list[PackageIdent]:
    return [PackageIdent.parse(f"{origin}/{place}") for place in zlib.decompress(content).decode().splitlines()]
