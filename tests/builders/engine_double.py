"""A double of the engine of builds, and of other parts that the steps and the scheduled functions call."""

from collections import defaultdict
from typing import Any

import pytest

from chalicelib.builds.engine import ending, propagation, settling, starting
from chalicelib.builds.groups import filling
from chalicelib.builds.jobs import archive
from chalicelib.builds.rows import GroupRow


class EngineDouble:
    """Records the calls. `open` holds the number of open entries of groups; it is 1 unless a test sets it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.open: dict[int, int] = defaultdict(lambda: 1)
        self.broken: set[str] = set()
        """The names of functions that raise an error."""
        patch.setattr(ending, "open_entries", lambda group: self.open[int(group.id)])
        patch.setattr(ending, "finish", self._finish)
        for module, name in (
            (ending, "fail"),
            (propagation, "repair"),
            (settling, "settle"),
            (starting, "activate"),
            (filling, "expand"),
            (archive, "archive"),
        ):
            patch.setattr(module, name, self._recorder(name))

    def called(self, name: str) -> list[tuple[Any, ...]]:
        """Return the arguments of all calls of a function."""
        return [call[1:] for call in self.calls if call[0] == name]

    def _finish(self, group_id: int) -> bool:
        self._note("finish", group_id)
        return self.open[group_id] == 0

    def _recorder(self, name: str) -> Any:
        def record(*arguments: Any) -> None:
            self._note(name, *arguments)

        return record

    def _note(self, name: str, *arguments: Any) -> None:
        self.calls.append((name, *(int(each.id) if isinstance(each, GroupRow) else each for each in arguments)))
        if name in self.broken:
            raise RuntimeError(name)
