"""Removes what the list of a deleted channel leaves: its index and its views.

Both are empty when the packages have left the channel and the log has been folded. A reader may need them for a while
after that, so a scheduled function removes them. A channel that has been created again keeps them.
"""

from collections.abc import Callable

from chalicelib.catalog import channel_rows, newest_views
from chalicelib.catalog.channel_rows import ENDED, EndedChannelRow, MembershipRow
from chalicelib.catalog.lists import counted_lists, list_folding, list_rows
from chalicelib.core.target import Target
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.failures import Failures
from chalicelib.platform.row import Key
from chalicelib.platform.table import read, rows


def remove_all(enough: Callable[[], bool], failures: Failures) -> int:
    """Remove the remains of deleted channels until `enough` returns True, and return how many channels have none now.

    A channel that fails, or that is not ready, is skipped; the next run tries it again.
    """
    done = 0
    for ended in rows(EndedChannelRow, ENDED):
        if enough():
            break
        with failures.skipped():
            if remove(ended.origin, ended.channel):
                _forget(ended)
                done += 1
    return done


def remove(origin: str, channel: str) -> bool:
    """Remove the index and the views of a deleted channel. Returns False if it is too early. Safe to repeat.

    It is too early while the channel has packages, and for half a minute after the last fold of its changes, which this
    makes. Returns True if the channel has been created again. Raises StoreUnavailable.
    """
    name = list_rows.channel_list(channel)
    if read(channel_rows.channel_key(origin, channel)) is not None:
        return True
    if any(rows(MembershipRow, channel_rows.members_partition(origin, channel), limit=1)):
        return False
    list_folding.fold(origin)
    if any(counted_lists.log_of(origin).of_list(name)):
        return False
    newest_views.remove(origin, channel, Target)
    return list_folding.remove(origin, name)


def _forget(ended: EndedChannelRow) -> None:
    """Delete the row of an ended channel, unless the channel has been deleted again since."""
    try:
        with Change() as change:
            change.delete(Key(EndedChannelRow, ended.pk, ended.sk), condition=EndedChannelRow.id == int(ended.id))
    except Stale:
        return
