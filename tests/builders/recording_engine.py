"""An engine of job groups that records calls, with a build graph that the test sets."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from chalicelib.builds import motor
from chalicelib.builds.engine import ending, starting, turns
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.builds.workers import presence
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_states import GroupState
from chalicelib.core.target import Target
from chalicelib.graph import service as graphs
from chalicelib.platform import background
from chalicelib.platform.change import Change
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import group_row, set_group
from tests.builders.project_rows import a_stored_project


@dataclass
class RecordingEngine:
    """Stands for the graph, the engine and the motor. Records what was called, in order."""

    graph: BuildGraph = field(default_factory=lambda: a_graph_of({}))
    calls: list[tuple[str, int]] = field(default_factory=list)
    started: dict[int, list[str]] = field(default_factory=dict)
    seen: float | None = None

    def graph_of(self, target: Target) -> BuildGraph:
        """Return the graph, for every target."""
        return self.graph

    def start_ready(self, group: GroupRow, entries: Sequence[EntryRow]) -> int:
        """Record the names of the entries."""
        self.calls.append(("start_ready", int(group.id)))
        self.started.setdefault(int(group.id), []).extend(entry.name for entry in entries)
        return len(entries)

    def is_begun(self, group: GroupRow, _: EntryRow | None) -> bool:
        """Return whether jobs of the group were started, because the double does not write the states of entries."""
        return group.group_state.is_final or int(group.id) in self.started

    def cancel(self, group_id: int, record: Callable[[Change], None] | None = None) -> None:
        """Write the state of the group only, unless it has ended, and the rows of `record`."""
        self.calls.append(("cancel", group_id))
        if group_row(group_id).group_state.is_final:
            return
        with Change() as change:
            if record is not None:
                record(change)
        set_group(group_id, GroupState.CANCELED)

    def record(self, name: str) -> "Recorder":
        """Return a function that records its first argument."""
        return Recorder(self, name)


@dataclass
class Recorder:
    """A function that records its first argument."""

    engine: RecordingEngine
    name: str

    def __call__(self, group_id: int, *_: object) -> bool:
        """Record a call."""
        self.engine.calls.append((self.name, group_id))
        return True


@contextmanager
def a_recording_engine() -> Iterator[RecordingEngine]:
    """Replace the graph, the engine and the motor inside the block."""
    engine = RecordingEngine()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graphs, "graph_of", engine.graph_of)
        patch.setattr(starting, "start_ready", engine.start_ready)
        patch.setattr(starting, "activate", engine.record("activate"))
        patch.setattr(ending, "cancel", engine.cancel)
        patch.setattr(turns, "is_begun", engine.is_begun)
        patch.setattr(motor, "start_group", engine.record("start_group"))
        patch.setattr(motor, "wake_group", engine.record("wake_group"))
        patch.setattr(background, "start", lambda *_, **__: None)  # uploads in these tests cause no builds
        patch.setattr(presence, "last_seen", lambda target, origin: engine.seen)
        yield engine


def connected(engine: RecordingEngine, origin: str, needs: Mapping[str, Sequence[str]]) -> list[str]:
    """Add names of an origin, with what they need, to the graph, and projects for them; return the full names."""
    full = {name: [f"{origin}/{needed}" for needed in needed_by] for name, needed_by in needs.items()}
    engine.graph = a_graph_of({f"{origin}/{name}": needed for name, needed in full.items()})
    for name in needs:
        a_stored_project(f"{origin}/{name}")
    return [f"{origin}/{name}" for name in needs]
