"""The newest release of every package name in a channel (packages.md 9.5), cached until the channel changes.

Computing the list reads the whole channel, so the result is cached in the table together with the channel's revision
at that time. Every change of the channel's packages sets a new revision in the same transaction. A cached list is valid
while the revisions are equal; the first request after a change computes it again.
"""

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import MembershipRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import rows

LARGEST_CACHED = 300_000
"""Compressed bytes; a row of the table holds 400 KB."""


def idents(origin: str, channel: str, target: str, caller: Caller) -> list[PackageIdent]:
    """Return the newest visible release of every name, sorted by name.

    The list is empty if the channel or the target is unknown. Makes one call, which also reads the caller's rows; after
    a change of the channel, also a Query of the whole channel and a write.
    """
    channel_key = channel_rows.channel_key(origin, channel)
    found = caller.read_with(channel_key)
    if found.get(channel_key) is None or target not in set(Target):
        return []
    return _computed(origin, channel, target, caller.role_in(origin) is not None)


def _computed(origin: str, channel: str, target: str, members: bool) -> list[PackageIdent]:
    newest: dict[str, tuple[str, str, str]] = {}
    where = MembershipRow.target == target
    if not members:
        where &= MembershipRow.visibility == str(Visibility.PUBLIC)
    for row in rows(MembershipRow, channel_rows.members_partition(origin, channel), where=where, keys_only=True):
        name, version, release = row.parts
        order = release_key(version, release)
        if order is not None and (name not in newest or newest[name][0] < order):
            newest[name] = (order, version, release)
    return [PackageIdent(origin, name, version, release) for name, (_, version, release) in sorted(newest.items())]
