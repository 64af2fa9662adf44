"""What the depot may hold at each moment, as far as its clients know from their requests and the answers."""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

State = Any
"""A hashable state of an entry. None: the entry does not exist."""


class Entry(NamedTuple):
    """Something whose state the ledger follows, for example `package`, `acme`, `tool/1.0/1`."""

    kind: str
    origin: str
    name: str


@dataclass
class _History:
    times: list[float] = field(default_factory=list)
    states: list[frozenset[State]] = field(default_factory=list)


class Bounds(NamedTuple):
    """The least and the greatest number that a count may have."""

    least: int
    most: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.least <= number <= self.most


class Ledger:
    """The possible states of all entries over time.

    From the beginning of a request until its answer, both states are possible. If there is no answer, both remain
    possible until a reader has seen one of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._histories: dict[str, dict[Entry, _History]] = {}

    def begin(self, after: Mapping[Entry, Iterable[State]]) -> None:
        """Note that from now on these states are possible, too."""
        with self._lock:
            for entry, states in after.items():
                history = self._history(entry)
                self._append(history, history.states[-1] | frozenset(states))

    def settle(self, states: Mapping[Entry, State]) -> None:
        """Note that from now on only these states are possible."""
        with self._lock:
            for entry, state in states.items():
                self._append(self._history(entry), frozenset([state]))

    def possible(self, entry: Entry, since: float | None = None) -> frozenset[State]:
        """Return the states that were possible at some moment since a time; without one, those that are now."""
        with self._lock:
            return self._since(self._history(entry), time.monotonic() if since is None else since)

    def entries(self, kind: str, origin: str, since: float) -> dict[Entry, frozenset[State]]:
        """Return the possible states since a time of all entries of a kind in an origin."""
        with self._lock:
            found = self._histories.get(kind, {})
            return {entry: self._since(history, since) for entry, history in found.items() if entry.origin == origin}

    def count(self, kind: str, origin: str, since: float, counts: Callable[[Entry, State], Hashable]) -> Bounds:
        """Return the bounds of the number of different results of a function of entry and state, without None."""
        least: set[Hashable] = set()
        most: set[Hashable] = set()
        for entry, states in self.entries(kind, origin, since).items():
            results = {counts(entry, state) for state in states}
            most |= results
            if len(results) == 1:
                least |= results
        return Bounds(len(least - {None}), len(most - {None}))

    def _history(self, entry: Entry) -> _History:
        histories = self._histories.setdefault(entry.kind, {})
        if entry not in histories:
            histories[entry] = _History([0.0], [frozenset([None])])
        return histories[entry]

    @staticmethod
    def _append(history: _History, states: frozenset[State]) -> None:
        if states != history.states[-1]:
            history.times.append(time.monotonic())
            history.states.append(states)

    @staticmethod
    def _since(history: _History, since: float) -> frozenset[State]:
        first = bisect_right(history.times, since) - 1
        return frozenset().union(*history.states[max(first, 0) :])
