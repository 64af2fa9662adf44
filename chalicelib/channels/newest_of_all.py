"""The newest release of every package name in a channel (packages.md 9.5), cached until the channel changes.

Computing the list reads the whole channel, so the result is cached in the table together with the channel's revision
at that time. Every change of the channel's packages sets a new revision in the same transaction. A cached list is valid
while the revisions are equal; the first request after a change computes it again.
"""

import zlib
from functools import partial

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import MembershipRow, NewestOfAllRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.version_order import release_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import Key, put_if_possible, rows

LARGEST_CACHED = 300_000
"""Compressed bytes; a row of the table holds 400 KB."""


def idents(origin: str, channel: str, target: str, caller: Caller) -> list[PackageIdent]:
    """Return the newest visible release of every name, sorted by name.

    The list is empty if the channel or the target is unknown. Makes one call, which also reads the caller's rows; after
    a change of the channel, also a Query of the whole channel and a write.
    """
    channel_key, count_key = channel_rows.channel_key(origin, channel), channel_rows.count_key(origin, channel)
    cache_key = partial(channel_rows.newest_of_all_key, origin, channel, target)
    found = caller.read_with(channel_key, count_key, cache_key(members=True), cache_key(members=False))
    counts = found.get(count_key)
    if found.get(channel_key) is None or counts is None or target not in set(Target):
        return []
    # In a channel without private packages, members and the public share one cached list.
    members = caller.role_in(origin) is not None and counts.packages != counts.public_packages
    cached = found.get(cache_key(members=members))
    if cached is not None and cached.revision == counts.revision:
        return _unpacked(origin, cached.content)
    newest = _computed(origin, channel, target, members)
    _cache(cache_key(members=members), int(counts.revision), newest)
    return newest


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


def _cache(key: Key[NewestOfAllRow], revision: int, newest: list[PackageIdent]) -> None:
    """Store a list unless it is too large. A slow request may store one for an old revision; readers ignore it."""
    content = zlib.compress("\n".join(f"{ident.name}/{ident.version}/{ident.release}" for ident in newest).encode())
    if len(content) <= LARGEST_CACHED:
        put_if_possible([NewestOfAllRow(key.pk, key.sk, revision=revision, content=content)])


def _unpacked(origin: str, content: bytes) -> list[PackageIdent]:
    lines = package_rows.entries(zlib.decompress(content).decode())
    return [PackageIdent.parse(f"{origin}/{line}") for line in lines]
