"""The check of a quiet depot: every list equals what the clients know, for members and for the public."""

import os
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from tests.builders.stack import REPOSITORY
from tests.kills.depot.client import Client
from tests.kills.depot.depot import (
    ANONYMOUS,
    CONTEST,
    CONTESTED,
    ORIGIN,
    OTHER_ORIGIN,
    OWNER,
    STEADY,
    TARGET,
    VOLATILE,
    WILD,
    Depot,
    Path,
    Placed,
    channel,
    channel_url,
    package,
    path_of,
    placed,
    release_url,
)
from tests.kills.depot.ledger import Entry
from tests.kills.depot.owners import EVER, HOT, is_of_member
from tests.kills.depot.readers import CHANNELS, shows

PAGE = 50


class Referee:
    """Compares all lists with the ledger while no writer works."""

    def __init__(self, depot: Depot, engine_url: str) -> None:
        self._depot, self._ledger, self._engine_url = depot, depot.ledger, engine_url
        self._clients = {True: depot.client(OWNER), False: depot.client(ANONYMOUS)}
        self._packages: dict[Path, Placed] = {}
        self._others: dict[str, list[Path]] = {}

    def check(self) -> None:
        """Check all lists. The gate must be closed."""
        self._read_contested()
        self._packages = {
            (name, version, release): state
            for entry, states in self._ledger.entries("package", ORIGIN, time.monotonic()).items()
            for state in states
            if state is not None
            for name, version, release in [entry.name.split("/")]
        }
        for is_member, client in self._clients.items():
            self._check_lists(client, is_member=is_member)
        self._check_events()
        for path in CONTESTED:
            self._ledger.begin({package(ORIGIN, path): WILD})

    def stored_faults(self) -> list[str]:
        """Compare the stored rows with the model of an origin."""
        command = [sys.executable, "-m", "tests.kills.depot.stored", ORIGIN, OTHER_ORIGIN]
        environment = {**os.environ, "ENGINE_URL": self._engine_url}
        done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False)
        failed = [done.stderr[-2000:]] if done.returncode else []
        return [*done.stdout.splitlines(), *failed]

    def _read_contested(self) -> None:
        self._others = {CONTEST: []}
        client = self._clients[True]
        for path in CONTESTED:
            answer = client.read(release_url(ORIGIN, path), target=TARGET)
            state = placed(answer.json()) if answer.status == 200 else None
            if answer.status == 200 and CONTEST in answer.json()["channels"]:
                self._others[CONTEST].append(path)
            self._ledger.settle({package(ORIGIN, path): state})
        for name in VOLATILE:
            if self._ledger.possible(channel(ORIGIN, name)) == {None}:
                body = client.read(channel_url(ORIGIN, name)).json()
                self._depot.demand(body["total_count"] == 0, f"{name} does not exist, and has packages: {body}")

    def _check_lists(self, client: Client, *, is_member: bool) -> None:
        visible = sorted(path for path, state in self._packages.items() if shows(state, is_member=is_member))
        base = f"/depot/pkgs/{ORIGIN}"
        self._compare(client, base, visible)
        self._compare(client, f"{base}/{HOT}", [path for path in visible if path[0] == HOT])
        names = sorted({path[0] for path in visible})
        self._compare(client, base, names, distinct="true")
        self._compare(client, f"/depot/pkgs/search/{ORIGIN}", names, distinct="true")
        settings = sorted(
            entry.name
            for entry, states in self._ledger.entries("settings", ORIGIN, time.monotonic()).items()
            if any(state and (is_member or state == "public") for state in states)
        )
        self._compare(client, f"/depot/{ORIGIN}/pkgs", settings)
        sources = sorted({name for state in self._packages.values() for name in state.channels})
        for name in sorted({*CHANNELS, *sources}):
            listed = [path for path in visible if name in self._packages[path].channels]
            self._compare(client, channel_url(ORIGIN, name), listed)
        self._compare(client, channel_url(ORIGIN, "unstable"), visible)
        contest = [path for path in self._others[CONTEST] if path in visible]
        self._compare(client, channel_url(ORIGIN, CONTEST), contest)
        for name in STEADY:
            in_channel = {path[0] for path in visible if name in self._packages[path].channels}
            answer = client.read(channel_url(ORIGIN, name, ("_latest",)), target=TARGET)
            found = [row["name"] for row in answer.json()["data"]]
            self._depot.demand(
                found == sorted(in_channel), f"quiet: names {found}, not {sorted(in_channel)}: {answer.request}"
            )

    def _compare(self, client: Client, url: str, expected: list[Any], **query: Any) -> None:
        """Compare all pages of a list with what is expected, and each page's total."""
        found: list[Any] = []
        is_name = bool(expected) and isinstance(expected[0], str)
        while True:
            answer = client.read(url, **query, range=len(found))
            body = answer.json()
            total = body["total_count"]
            self._depot.demand(total == len(expected), f"quiet: total {total}, not {len(expected)}: {answer.request}")
            found += [row["name"] if is_name else path_of(row) for row in body["data"]]
            if len(body["data"]) < PAGE:
                break
        found.sort()
        differs = Counter(found)
        differs.subtract(Counter(expected))
        wrong = {row: number for row, number in differs.items() if number}
        self._depot.demand(not wrong, f"quiet: too many (1) or too few (-1) {wrong}: {url} {query} {client.user}")

    def _check_events(self) -> None:
        recorded: list[tuple[str, str, str]] = []
        for entry, states in self._ledger.entries("event", ORIGIN, time.monotonic()).items():
            recorded += [tuple(state) for state in states if state is not None and self._shows_event(entry, state.path)]
        for name in STEADY:
            expected = Counter(event for event in recorded if event[1] == name)
            found: Counter[tuple[str, str, str]] = Counter()
            start = 0
            while True:
                answer = self._clients[True].read("/depot/events", **EVER, channel=name, range=start)
                body = answer.json()
                total = body["total_count"]
                self._depot.demand(
                    total == expected.total(), f"quiet: {total} events, not {expected.total()}: {answer.request}"
                )
                rows = body["data"]
                found.update((r["operation"], r["channel"], "/".join(path_of(r["package_ident"]))) for r in rows)
                start += len(rows)
                if len(rows) < PAGE:
                    break
            self._depot.demand(found == expected, f"quiet: events {found - expected} more, {expected - found} missing")

    def _shows_event(self, _entry: Entry, path: str) -> bool:
        """The owner sees the own events, and those of packages that exist."""
        name, version, release = path.split("/")
        return not is_of_member(path) or (name, version, release) in self._packages
