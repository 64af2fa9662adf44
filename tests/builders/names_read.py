"""The catalogue of names as processes have it in memory."""

from chalicelib.catalog import name_log
from chalicelib.packages.search import catalogue, snapshots
from chalicelib.platform.clock import new_id
from tests.builders.rows import empty_partition


def settle_names() -> None:
    """Fold the log of names and empty it, as if its changes were an hour old, and read the catalogue as a process."""
    snapshots.fold(upto=new_id())
    empty_partition(name_log.LOG)
    catalogue.forget()
    catalogue.current()
