"""Cached starts of the deep pages of a channel's list (packages.md 9.4).

Clients request rows by number, but the table finds rows by key: without a cache, the table would read all rows before
the page. So each deep page caches the key after which the next page starts, together with the channel's revision. A
cached start is valid while the channel has that revision. Without a valid one, the rows before the page are counted by
the table and skipped.
"""

import time

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, PageStartRow
from chalicelib.platform.table import Found, Key, put_if_possible

DEEP = 100
"""Pages after this many rows have cached starts."""

DEEP_AMONG_HIDDEN = 1_000
"""If some rows are hidden from the caller, the rows before a page are counted first only if they are more than this."""

LIFE_SECONDS = 3600


def keys(origin: str, channel: str, offset: int) -> list[Key[PageStartRow]]:
    """Return the keys of a deep page's cached starts, one for members and one for the public; none for other pages."""
    return [channel_rows.page_start_key(origin, channel, offset, private) for private in (True, False) if offset > DEEP]


def cached(key: Key[PageStartRow], found: Found, counts: ChannelCountRow) -> str | None:
    """Return the sort key after which a page starts, or None if no valid start is cached."""
    row = found.get(key)
    return row.start if row is not None and row.revision == counts.revision else None


def cache(key: Key[PageStartRow], counts: ChannelCountRow, start: str) -> None:
    """Cache the sort key after which a page starts, for the channel's revision in `counts`."""
    expires_at = int(time.time()) + LIFE_SECONDS
    put_if_possible([PageStartRow(key.pk, key.sk, start=start, revision=int(counts.revision), expires_at=expires_at)])
