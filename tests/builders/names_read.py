"""The name index as processes have it in memory."""

from chalicelib.catalog import name_log
from chalicelib.packages.search import cached_index, snapshots
from chalicelib.platform.clock import new_id
from tests.builders.rows import empty_partition


def settle_names() -> None:
    """Fold the log of names and empty it, as if its changes were an hour old, and read the name index as a process."""
    snapshots.fold(upto=new_id())
    empty_partition(name_log.LOG)
    cached_index.forget()
    cached_index.current()
