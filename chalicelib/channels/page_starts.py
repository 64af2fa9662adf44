"""Where deep pages of a channel's list begin, remembered from the pages before them (packages.md 9.4).

Clients ask for rows by number, and the table finds rows by key. Whoever goes on page by page would have the table pass
over ever more rows. So each deep page notes behind which key the next one begins, with the channel's revision; the note
holds exactly while the channel has that revision. Without one, the rows before the page are passed over.
"""

import time

from chalicelib.catalog import channel_rows
from chalicelib.catalog.channel_rows import ChannelCountRow, PageStartRow
from chalicelib.platform.table import Found, Key, put_if_possible

DEEP = 100
"""Pages that begin behind so many rows have notes."""

NOTED_SECONDS = 3600


def keys(origin: str, channel: str, offset: int) -> list[Key[PageStartRow]]:
    """The notes for a page, as members and as everybody counts; none where it is not deep."""
    return [channel_rows.page_start_key(origin, channel, offset, private) for private in (True, False) if offset > DEEP]


def noted(key: Key[PageStartRow], found: Found, counts: ChannelCountRow) -> str | None:
    """The sort key behind which a page begins, None if that is not known of the channel as it is."""
    row = found.get(key)
    return row.start if row is not None and row.revision == counts.revision else None


def note(key: Key[PageStartRow], counts: ChannelCountRow, start: str) -> None:
    """Remember that a page begins behind a sort key, in the channel as it was when its rows were counted."""
    expires_at = int(time.time()) + NOTED_SECONDS
    put_if_possible([PageStartRow(key.pk, key.sk, start=start, revision=int(counts.revision), expires_at=expires_at)])
