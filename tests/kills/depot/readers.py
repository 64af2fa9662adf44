"""Readers of lists that many writers change: each total is between what must exist and what may (packages.md 1.9)."""

import random
import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from tests.kills.depot.client import Client
from tests.kills.depot.depot import (
    ANONYMOUS,
    BULK,
    ORIGIN,
    OWNER,
    STEADY,
    TARGET,
    VOLATILE,
    Depot,
    Path,
    Placed,
    channel,
    channel_url,
    package,
    path_of,
)
from tests.kills.depot.ledger import Bounds, Entry, State
from tests.kills.depot.owners import EVER, HOT, is_of_member

CHANNELS = (*STEADY, BULK)
Counts = Callable[[Entry, State], Hashable]


def shows(state: Placed | None, *, is_member: bool, in_channel: str | None = None) -> bool:
    """Return whether a caller sees a package with this state."""
    if state is None or (in_channel and in_channel not in state.channels):
        return False
    return is_member or state.visibility == "public"


def name_of(entry: Entry) -> str:
    """The name of a package."""
    return entry.name.split("/")[0]


class Reader(threading.Thread):
    """Reads shared lists until the run is over."""

    def __init__(self, depot: Depot, number: int, choice: random.Random) -> None:
        super().__init__(name=f"reader {number}", daemon=True)
        self._depot, self._ledger, self._choice = depot, depot.ledger, choice
        self._clients = {True: depot.client(OWNER), False: depot.client(ANONYMOUS)}
        self.reads = 0

    def run(self) -> None:
        """Read until the run is over."""
        looks: tuple[Callable[[Client, bool], None], ...] = (
            self._idents,
            self._all_idents,
            self._names,
            self._settings,
            self._channel,
            self._hot,
            self._hot_latest,
            self._newest_of_all,
            self._search,
            self._events,
            self._existence,
        )
        while not self._depot.gate.is_over:
            is_member = self._choice.random() < 0.5
            try:
                self._choice.choice(looks)(self._clients[is_member], is_member)
            except Exception as problem:  # noqa: BLE001 - a fault of the run, which must show
                self._depot.fault(f"{self.name}: {problem!r}")
            self.reads += 1
            time.sleep(self._choice.uniform(0, 0.2))

    def _idents(self, client: Client, is_member: bool) -> None:
        start = self._choice.choice((0, 50, 133))
        self._compare(client, f"/depot/pkgs/{ORIGIN}", self._packages(is_member), range=start)

    def _all_idents(self, client: Client, is_member: bool) -> None:
        self._compare(client, f"/depot/pkgs/{ORIGIN}", self._packages(is_member), range=-1, whole=True)

    def _names(self, client: Client, is_member: bool) -> None:
        self._compare(client, f"/depot/pkgs/{ORIGIN}", self._names_of(is_member), distinct="true")

    def _settings(self, client: Client, is_member: bool) -> None:
        def counts(entry: Entry, state: State) -> Hashable:
            return entry if state == "public" or (state and is_member) else None

        self._compare(client, f"/depot/{ORIGIN}/pkgs", counts, kind="settings")

    def _channel(self, client: Client, is_member: bool) -> None:
        name = self._choice.choice(CHANNELS)
        start = self._choice.choice((0, 0, 50))
        self._compare(client, channel_url(ORIGIN, name), self._packages(is_member, in_channel=name), range=start)

    def _hot(self, client: Client, is_member: bool) -> None:
        self._compare(client, f"/depot/pkgs/{ORIGIN}/{HOT}", self._packages(is_member, name=HOT))

    def _hot_latest(self, client: Client, is_member: bool) -> None:
        answer = client.read(f"/depot/pkgs/{ORIGIN}/{HOT}/latest", target=TARGET)
        visible = self._packages(is_member, name=HOT)
        states = self._ledger.entries("package", ORIGIN, answer.began)
        must = {entry for entry, found in states.items() if all(visible(entry, state) for state in found)}
        if answer.status != 200:
            self._depot.demand(not must, f"{must} exist: {answer}")
            return
        found = path_of(answer.json()["ident"])
        shown = any(visible(package(ORIGIN, found), state) for state in states.get(package(ORIGIN, found), ()))
        self._depot.demand(shown, f"a package that cannot be seen: {answer}")
        newest = max((_order(entry) for entry in must), default=(0, ""))
        self._depot.demand((int(found[1].split(".")[1]), found[2]) >= newest, f"{newest} exists: {answer}")

    def _newest_of_all(self, client: Client, is_member: bool) -> None:
        name = self._choice.choice(STEADY)
        answer = client.read(channel_url(ORIGIN, name, ("_latest",)), target=TARGET)
        visible = self._packages(is_member, in_channel=name)
        states = self._ledger.entries("package", ORIGIN, answer.began)
        rows = {path_of(row) for row in answer.json()["data"]}
        for path in rows:
            entry = package(ORIGIN, path)
            possible = any(visible(entry, state) for state in states.get(entry, ()))
            self._depot.demand(possible, f"{path} is not in the channel: {answer.request}")
        must = {name_of(entry) for entry, found in states.items() if all(visible(entry, state) for state in found)}
        missing = must - {path[0] for path in rows}
        self._depot.demand(not missing, f"names are missing: {missing} in {answer.request}")

    def _search(self, client: Client, is_member: bool) -> None:
        self._compare(client, f"/depot/pkgs/search/{ORIGIN}", self._names_of(is_member), distinct="true")

    def _events(self, _client: Client, _is_member: bool) -> None:
        name = self._choice.choice(STEADY)
        answer = self._clients[True].read("/depot/events", **EVER, channel=name)
        bounds = self._ledger.count(
            "event", ORIGIN, answer.began, lambda entry, state: entry if state and state.channel == name else None
        )
        # those of the member, who may not be the requester of what has been deleted
        least = self._ledger.count("event", ORIGIN, answer.began, self._surely_shown(name, answer.began))
        total = answer.json()["total_count"]
        self._depot.demand(
            total in Bounds(least.least, bounds.most), f"{total} events, {least} {bounds}: {answer.request}"
        )

    def _surely_shown(self, name: str, began: float) -> Counts:
        existing = {
            entry.name for entry, states in self._ledger.entries("package", ORIGIN, began).items() if None not in states
        }

        def counts(entry: Entry, state: State) -> Hashable:
            if not state or state.channel != name:
                return None
            return entry if state.path in existing or not is_of_member(state.path) else None

        return counts

    def _existence(self, client: Client, _is_member: bool) -> None:
        """The lists of channels and of the owner's origins."""
        answer = client.read(f"/depot/channels/{ORIGIN}")
        names = {row["name"] for row in answer.json()}
        self._depot.demand({*STEADY, "unstable", BULK} <= names, f"channels are missing: {answer}")
        for name in VOLATILE:
            state = True if name in names else None
            possible = self._depot.is_possible(answer, channel(ORIGIN, name), state)
            self._depot.demand(possible, f"{name} is not {state}: {answer}")
        origins = self._clients[True].read("/user/origins")
        counts = {row["name"]: row["package_count"] for row in origins.json()}
        bounds = self._ledger.count("settings", ORIGIN, origins.began, lambda entry, state: entry if state else None)
        self._depot.demand(counts.get(ORIGIN) in bounds, f"{counts}, {bounds}: {origins.request}")

    def _packages(self, is_member: bool, *, name: str | None = None, in_channel: str | None = None) -> Counts:
        def counts(entry: Entry, state: State) -> Hashable:
            is_wanted = name in (None, name_of(entry)) and shows(state, is_member=is_member, in_channel=in_channel)
            return entry if is_wanted else None

        return counts

    def _names_of(self, is_member: bool) -> Counts:
        return lambda entry, state: name_of(entry) if shows(state, is_member=is_member) else None

    def _compare(
        self, client: Client, url: str, counts: Counts, *, kind: str = "package", whole: bool = False, **query: Any
    ) -> None:
        """Compare the total of a list, and whether its rows may be there; of a whole list, whether all are."""
        answer = client.read(url, **query)
        body = answer.json()
        bounds = self._ledger.count(kind, ORIGIN, answer.began, counts)
        total = body["total_count"]
        self._depot.demand(total in bounds, f"total {total}, not in {bounds}: {answer.request}")
        if kind != "package" or not body["data"] or body["data"][0]["version"] is None:
            return
        rows: list[Path] = [path_of(row) for row in body["data"]]
        states = self._ledger.entries("package", ORIGIN, answer.began)
        for path in rows:
            entry = package(ORIGIN, path)
            possible = any(counts(entry, state) for state in states.get(entry, ()))
            self._depot.demand(possible, f"{path} cannot be there: {answer.request}")
        self._depot.demand(len(set(rows)) == len(rows), f"a row is shown twice: {answer.request}")
        if whole:
            must = {entry.name for entry, found in states.items() if all(counts(entry, state) for state in found)}
            missing = must - {"/".join(path) for path in rows}
            self._depot.demand(not missing, f"rows are missing: {missing} in {answer.request}")


def _order(entry: Entry) -> tuple[int, str]:
    _, version, release = entry.name.split("/")
    return int(version.split(".")[1]), release
