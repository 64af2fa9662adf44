"""The rows of a new origin in memory, with the indexes of its counted lists."""

from collections import defaultdict

from chalicelib.catalog import origin_summaries
from chalicelib.catalog.lists import list_rows
from chalicelib.catalog.lists.list_rows import ListChangeRow, ListIndexRow
from chalicelib.catalog.summary_rows import SummaryChangeRow
from chalicelib.core.lists.included_changes import IncludedChanges
from chalicelib.core.lists.list_blocks import Blocks
from chalicelib.core.shown import Shown
from chalicelib.platform.attributes import Condition
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Row
from local.seed.memory_change import MemoryChange


class OriginChange(MemoryChange):
    """A change that writes an index for each list in place of the log of list changes."""

    def __init__(self, origin: str) -> None:
        super().__init__()
        self._origin = origin
        self._settings = 0
        self._states: dict[str, dict[str, Shown]] = defaultdict(dict)

    def put(self, row: Row, condition: Condition | None = None, otherwise: Exception | None = None) -> None:
        """Put a row, or note the changes of lists."""
        if isinstance(row, SummaryChangeRow):
            self._settings += int(row.settings)
            return
        if not isinstance(row, ListChangeRow):
            super().put(row, condition, otherwise)
            return
        for entry in row.entries:
            self._states[entry.list][entry.key] = entry.after

    def close(self) -> int:
        """Write the remaining rows and the indexes of the lists, and return the number of rows written."""
        super().put(origin_summaries.change_row(self._origin, self._settings))
        included = IncludedChanges().packed()
        for name, states in self._states.items():
            key = list_rows.index_key(self._origin, name)
            blocks = Blocks.of_entries(states).packed()
            super().put(ListIndexRow(key.pk, key.sk, version=new_id(), blocks=blocks, included=included))
        return super().close()
