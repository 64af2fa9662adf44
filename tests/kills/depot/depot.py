"""What all clients of a run share: the ledger, the gate, the faults, and how an answer becomes a state."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from tests.builders.hart import Hart, a_hart
from tests.kills.depot.client import Answer, Client
from tests.kills.depot.ledger import Entry, Ledger, State

ORIGIN, OTHER_ORIGIN = "kills", "again"
OWNER, MEMBER, ANONYMOUS = "bobo", "wesker", ""
TARGET = "x86_64-linux"
STEADY = ("stable", "steady")
BULK, CONTEST = "bulk", "contest"
VOLATILE = ("volatile-1", "volatile-2", "volatile-3")
UNCOUNTED = {"unstable", CONTEST, *VOLATILE}
"""Channels that are not part of the state of a package, because another client decides about them."""

CONTESTED = tuple(("contested", "1.0", f"2024010100000{number}") for number in range(4))
"""Packages that many writers change at once. What they are shows only when no writer works."""

SETTLE_SECONDS = 3.0
"""After which a request of a killed process has reached the table or never will."""


class Placed(NamedTuple):
    """The state of a package: its visibility, and its channels but for `UNCOUNTED`."""

    visibility: str
    channels: frozenset[str] = frozenset()


class Event(NamedTuple):
    """The state of an event that was recorded."""

    operation: str
    channel: str
    path: str


Path = tuple[str, str, str]
"""Name, version and release."""

WILD = (None, Placed("public"), Placed("private"))
Outcome = Mapping[Entry, State]


class Gate:
    """Lets a referee wait until no writer works, and keeps writers out meanwhile."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._working, self._is_closed, self.is_over = 0, False, False

    @contextmanager
    def open(self) -> Iterator[None]:
        """Work inside the block, as soon as the gate is open."""
        with self._changed:
            self._changed.wait_for(lambda: not self._is_closed or self.is_over)
            self._working += 1
        try:
            yield
        finally:
            with self._changed:
                self._working -= 1
                self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Work inside the block while no writer does."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: self._working == 0)
        yield
        with self._changed:
            self._is_closed = False
            self._changed.notify_all()

    def end(self) -> None:
        """Let the clients end."""
        with self._changed:
            self.is_over = True
            self._changed.notify_all()


class Journal:
    """A file with a line for each request, interruption and fault, by the monotonic clock."""

    def __init__(self, path: FilePath) -> None:
        self._file = path.open("a", buffering=1)
        self._writing = threading.Lock()

    def write(self, text: object) -> None:
        """Append a line."""
        with self._writing:
            self._file.write(f"{time.monotonic():.3f} {text}\n")


class Depot:
    """The depot as the clients of a run see it."""

    def __init__(self, port: int, journal: Journal) -> None:
        self.journal = journal
        self.ledger, self.gate = Ledger(), Gate()
        self.faults: list[str] = []
        self.statuses: Counter[int] = Counter()
        self.volatile: dict[tuple[str, Path], float] = {}
        self._port = port
        self._numbers = itertools.count()
        self._noting = threading.Lock()

    def client(self, user: str) -> Client:
        """Return a new connection of a user."""
        return Client(self._port, user, self._note)

    def fault(self, text: object) -> None:
        """Note a fault."""
        with self._noting:
            self.faults.append(f"{time.monotonic():.3f} {text}")
        self.journal.write(f"FAULT {text}")

    def demand(self, holds: bool, text: object) -> None:
        """Note a fault unless something holds."""
        if not holds:
            self.fault(text)

    def new_event(self, origin: str) -> Entry:
        """Return an entry for an event that may be recorded."""
        return Entry("event", origin, str(next(self._numbers)))

    def is_possible(self, answer: Answer, entry: Entry, *states: State) -> bool:
        """Return whether one of the states was possible during a request."""
        return not self.ledger.possible(entry, answer.began).isdisjoint(states)

    def _note(self, answer: Answer) -> None:
        with self._noting:
            self.statuses[answer.status] += 1
        took = answer.ended - answer.began
        self.journal.write(f"{took:.3f} {threading.current_thread().name}: {answer.request} -> {answer.status}")
        if answer.status >= 500 and answer.is_certain:
            self.fault(f"a failure of the service: {answer}")


def package(origin: str, path: Path) -> Entry:
    """The entry of a package."""
    return Entry("package", origin, "/".join(path))


def settings(origin: str, name: str) -> Entry:
    """The entry of the settings of a name."""
    return Entry("settings", origin, name)


def channel(origin: str, name: str) -> Entry:
    """The entry of a channel. Its state is True if it exists."""
    return Entry("channel", origin, name)


def release_url(origin: str, path: Path) -> str:
    """The path of a package in the depot."""
    return f"/depot/pkgs/{origin}/" + "/".join(path)


def channel_url(origin: str, name: str, path: Sequence[str] = ()) -> str:
    """The path of a channel, or of a part of its list."""
    return "/".join((f"/depot/channels/{origin}/{name}/pkgs", *path))


def archive(origin: str, path: Path) -> Hart:
    """The archive of a package; the same for the same package."""
    name, version, release = path
    return a_hart(origin=origin, name=name, version=version, release=release)


def placed(body: Any) -> Placed:
    """Return the state that the answer with a package shows."""
    return Placed(body["visibility"], frozenset(body["channels"]) - UNCOUNTED)


def path_of(row: Any) -> Path:
    """Return name, version and release of a row of a list."""
    return row["name"], row["version"], row["release"]
