"""A writer with packages that no other client changes, so that it knows each answer about them exactly."""

import random
import threading
import time
from collections.abc import Callable, Container, Iterable, Mapping
from typing import Any

from chalicelib.core.version_order import release_key
from tests.kills.depot.client import Answer
from tests.kills.depot.depot import (
    ANONYMOUS,
    BULK,
    CONTEST,
    CONTESTED,
    ORIGIN,
    OWNER,
    SETTLE_SECONDS,
    STEADY,
    TARGET,
    VOLATILE,
    Depot,
    Event,
    Outcome,
    Path,
    Placed,
    archive,
    channel,
    channel_url,
    package,
    path_of,
    placed,
    release_url,
    settings,
)
from tests.kills.depot.ledger import Entry, State

REFUSED = (401, 403, 404)
HOT = "hot"
MEMBER_NUMBERS = range(90, 94)
"""The numbers of the writers with the member's account."""


def names_of(number: int) -> list[str]:
    """Return the names that only one writer changes."""
    return [f"w{number:02d}-{letter}" for letter in "ab"]


def is_of_member(path: str) -> bool:
    """Return whether a package is of a writer with the member's account."""
    name, version, _ = path.split("/")
    numbers = {f"w{number}" for number in MEMBER_NUMBERS} | {f"1.{number}" for number in MEMBER_NUMBERS}
    return name[:3] in numbers or (name == HOT and version in numbers)


class Owner(threading.Thread):
    """A writer. `authority` is the entry whose states in `grants` allow its requests; None: they are always allowed."""

    def __init__(
        self,
        depot: Depot,
        number: int,
        choice: random.Random,
        *,
        origin: str = ORIGIN,
        user: str = OWNER,
        authority: Entry | None = None,
        grants: Iterable[State] = (),
    ) -> None:
        super().__init__(name=f"writer {number}", daemon=True)
        self._depot, self._ledger, self._choice = depot, depot.ledger, choice
        self._origin, self._user = origin, user
        self._authority, self._grants = authority, tuple(grants)
        self._client, self._reader = depot.client(user), depot.client(OWNER)
        self._anonymous = depot.client(ANONYMOUS)
        self._names = names_of(number)
        self._source = f"src-{number:02d}"
        self._version = f"1.{number}"
        self._paths: list[Path] = [
            (name, version, f"2024010100{number:02d}{release:02d}")
            for name, versions in ((HOT, (self._version,)), *((name, ("1.0", "1.10")) for name in self._names))
            for version in versions
            for release in range(3)
        ]
        self._has_source = False

    def run(self) -> None:
        """Change and read packages until the run is over."""
        while not self._depot.gate.is_over:
            with self._depot.gate.open():
                try:
                    self._act()
                except Exception as problem:  # noqa: BLE001 - a fault of the run, which must show
                    self._depot.fault(f"{self.name}: {problem!r}")
                    time.sleep(1)

    def _act(self) -> None:
        if self._origin != ORIGIN:
            self._act_in_passing()
            return
        actions: dict[Callable[[], None], int] = {
            self._upload: 6,
            self._promote: 5,
            self._demote: 3,
            self._set_visibility: 2,
            self._delete: 3,
            self._move_set: 2,
            self._promote_to_volatile: 10,
            self._contest: 2,
        }
        if self._user == OWNER:
            actions |= {self._change_settings: 2, self._move_in_bulk: 2}
        self._choice.choices([*actions], [*actions.values()])[0]()
        if self._choice.random() < 0.7:
            self._look()

    def _act_in_passing(self) -> None:
        """Upload a package, then delete it and the settings, so that the origin is empty most of the time."""
        path = self._paths[-1]
        self._upload(path)
        time.sleep(self._choice.uniform(0, 0.3))
        if self._state(path) is not None:
            self._delete(path)
        if self._state(path) is None:
            self._change(("DELETE", f"/settings/{self._origin}/{path[0]}"), {204: {self._settings(path[0]): None}})
        time.sleep(self._choice.uniform(0, 1))

    # the changes

    def _upload(self, path: Path | None = None) -> None:
        path = path or self._choice.choice(self._paths)
        before, own = self._state(path), self._settings(path[0])
        forced = self._choice.random() < 0.4
        hart = archive(self._origin, path)
        query = {"checksum": hart.checksum, "target": TARGET, "forced": "true" if forced else "false"}
        if before is not None and not forced:
            outcomes: dict[int, Outcome] = {409: {}}
        else:
            visibility = self._state_of(own) or "public"
            kept = before.channels if before else frozenset()
            outcomes = {201: {package(self._origin, path): Placed(visibility, kept), own: visibility}}
        self._change(("POST", release_url(self._origin, path), query, hart.content), outcomes)

    def _promote(self) -> None:
        path = self._choice.choice(self._paths)
        sources = (self._source,) if self._has_source else ()
        to = self._choice.choice((*STEADY, *sources))
        before = self._state(path)
        outcomes: dict[int, Outcome] = {404: {}}
        if before is not None:
            outcomes = {200: self._moved("Promote", path, before, to)}
        self._change(("PUT", channel_url(self._origin, to, (*path, "promote")), {"target": TARGET}), outcomes)

    def _demote(self) -> None:
        path = self._choice.choice(self._paths)
        before = self._state(path)
        sources = [*before.channels - {BULK}] if before else []
        if not before or not sources:
            return
        source = self._choice.choice(sorted(sources))
        outcomes = {200: self._moved("Demote", path, before, source)}
        self._change(("PUT", channel_url(self._origin, source, (*path, "demote")), {"target": TARGET}), outcomes)

    def _set_visibility(self) -> None:
        path = self._choice.choice(self._paths)
        before = self._state(path)
        visibility = self._choice.choice(("public", "public", "private"))
        after: Outcome = {package(self._origin, path): Placed(visibility, before.channels)} if before else {}
        self._change(("PATCH", f"{release_url(self._origin, path)}/{visibility}"), {200: after})

    def _delete(self, path: Path | None = None) -> None:
        path = path or self._choice.choice(self._paths)
        before = self._state(path)
        if before is None:
            outcomes: dict[int, Outcome] = {404: {}}
        else:
            outcomes = {422: {}} if "stable" in before.channels else {204: {package(self._origin, path): None}}
        self._change(("DELETE", release_url(self._origin, path), {"target": TARGET}), outcomes)

    def _move_set(self) -> None:
        present = {path: state for path in self._paths if (state := self._state(path)) is not None}
        if not present:
            return
        operation = self._choice.choice(("Promote", "Demote"))
        to = self._choice.choice(STEADY)
        paths = self._choice.sample(sorted(present), min(3, len(present)))
        after: dict[Entry, State] = {}
        for path in paths:
            after |= self._moved(operation, path, present[path], to)
        body = {"channel": to, "idents": [f"{self._origin}/" + "/".join(path) for path in paths]}
        is_possible = operation == "Promote" or all(to in present[path].channels for path in paths)
        outcomes: dict[int, Outcome] = {200: after} if is_possible else {200: after, 422: {}}
        self._change(("POST", f"/{operation.lower().removesuffix('e')}ions/{self._origin}", None, body), outcomes)

    def _change_settings(self) -> None:
        own = self._settings(self._choice.choice(self._names))
        before, url = self._state_of(own), f"/settings/{self._origin}/{own.name}"
        kind = self._choice.choice(("POST", "PUT", "PUT", "DELETE"))
        if kind == "POST":
            self._change(("POST", url), {201: {own: "public"}} if before is None else {409: {}})
        elif kind == "PUT":
            visibility = self._choice.choice(("public", "private"))
            outcomes: dict[int, Outcome] = {404: {}} if before is None else {200: {own: visibility}}
            self._change(("PUT", url, None, {"visibility": visibility}), outcomes)
        else:
            is_used = any(path[0] == own.name and self._state(path) is not None for path in self._paths)
            self._change(("DELETE", url), {409: {}} if is_used else {204: {own: None}})

    def _move_in_bulk(self) -> None:
        """Promote the packages of the own source to the channel of all bulk promotions, or demote them from it."""
        if not self._has_source:
            answer = self._client.send("POST", f"/depot/channels/{self._origin}/{self._source}")
            self._has_source = answer.status in (201, 409)
            return
        operation = self._choice.choice(("promote", "demote"))
        after: dict[Entry, State] = {}
        for path in self._paths:
            state = self._state(path)
            if state is not None and self._source in state.channels:
                moved = state.channels | {BULK} if operation == "promote" else state.channels - {BULK}
                after[package(self._origin, path)] = state._replace(channels=moved)
        url = f"{channel_url(self._origin, self._source)}/{operation}"
        self._change(("PUT", url, {"channel": BULK}), {200: after}, is_atomic=False)

    def _promote_to_volatile(self) -> None:
        """Promote to a channel that another client creates and deletes."""
        path = self._choice.choice(self._paths)
        if self._state(path) is None:
            return
        name = self._choice.choice(
            [n for n in VOLATILE if True in self._ledger.possible(channel(ORIGIN, n))] or VOLATILE
        )
        url = channel_url(self._origin, name, (*path, "promote"))
        self._depot.volatile[name, path] = float("inf")
        answer = self._client.send("PUT", url, {"target": TARGET})
        if not answer.is_certain:
            time.sleep(SETTLE_SECONDS)
        self._depot.volatile[name, path] = time.monotonic()
        volatile = channel(self._origin, name)
        if self._is_refused(answer, (200, 404)) or not answer.is_certain:
            return
        self._depot.demand(answer.status in (200, 404), answer)
        state = True if answer.status == 200 else None
        self._depot.demand(self._depot.is_possible(answer, volatile, state), f"the channel was not {state}: {answer}")

    def _contest(self) -> None:
        """Change a package that others change at the same time. Only its rows and totals are checked, at the end."""
        path = self._choice.choice(CONTESTED)
        url, target = release_url(self._origin, path), {"target": TARGET}
        hart = archive(self._origin, path)
        query = {**target, "checksum": hart.checksum, "forced": "true"}
        in_contest = channel_url(self._origin, CONTEST, path)
        requests: list[tuple[Any, ...]] = [
            ("POST", url, query, hart.content),
            ("DELETE", url, target),
            ("PATCH", f"{url}/private"),
            ("PATCH", f"{url}/public"),
            ("PUT", f"{in_contest}/promote", target),
            ("PUT", f"{in_contest}/demote", target),
        ]
        answer = self._client.send(*self._choice.choice(requests))
        if not answer.is_certain:
            time.sleep(SETTLE_SECONDS)
        allowed = (200, 201, 204, 400, 401, 403, 404, 409)
        self._depot.demand(not answer.is_certain or answer.status in allowed, answer)

    # how a change is made, and its effect found out

    def _moved(self, operation: str, path: Path, before: Placed, to: str) -> dict[Entry, State]:
        """Return what a promotion or demotion of a package changes."""
        if (to in before.channels) == (operation == "Promote"):
            return {}
        channels = before.channels | {to} if operation == "Promote" else before.channels - {to}
        recorded = Event(operation, to, "/".join(path))
        after = before._replace(channels=channels)
        return {package(self._origin, path): after, self._depot.new_event(self._origin): recorded}

    def _change(self, request: tuple[Any, ...], outcomes: Mapping[int, Outcome], *, is_atomic: bool = True) -> None:
        """Send a request whose answer must have one of the given statuses; each changes the given entries."""
        changed = {entry for outcome in outcomes.values() for entry in outcome}
        before = {entry: self._state_of(entry) for entry in changed}
        self._ledger.begin({entry: [o[entry] for o in outcomes.values() if entry in o] for entry in changed})
        answer = self._client.send(*request)
        if self._is_refused(answer, outcomes):
            self._ledger.settle(before)
            return
        if answer.status in outcomes:
            self._ledger.settle({**before, **outcomes[answer.status]})
            return
        if answer.is_certain:
            self._depot.fault(f"unexpected, expected {sorted(outcomes)}: {answer}")
        time.sleep(SETTLE_SECONDS)
        self._find_out(answer, before, [{}, *outcomes.values()], is_atomic=is_atomic)

    def _find_out(self, answer: Answer, before: Outcome, outcomes: Iterable[Outcome], *, is_atomic: bool) -> None:
        """Read what a request without an answer has done."""
        seen = {entry: self._seen(entry) for entry in before if entry.kind != "event"}
        if not is_atomic:
            for entry, state in seen.items():
                self._depot.demand(state in self._ledger.possible(entry), f"{entry} is {state} after {answer}")
            self._ledger.settle(seen)
            return
        for outcome in outcomes:
            after = {**before, **outcome}
            if all(after[entry] == state for entry, state in seen.items()):
                self._ledger.settle(after)
                return
        self._depot.fault(f"neither done nor not done: {seen} after {answer}, before {before}")
        self._ledger.settle({**before, **seen})

    def _is_refused(self, answer: Answer, expected: Container[int]) -> bool:
        """Return whether an answer means that the writer has lost its right, and check that it had or had not."""
        if self._authority is None or not answer.is_certain:
            return False
        states = self._ledger.possible(self._authority, answer.began)
        refused = answer.status in REFUSED and answer.status not in expected
        may_be = any((state in self._grants) != refused for state in states)
        self._depot.demand(may_be, f"{self._authority} was {set(states)}: {answer}")
        return refused

    # the reads

    def _look(self) -> None:
        """Compare one answer about the own packages."""
        name = self._choice.choice(self._names)
        looks = (self._look_at_package, self._look_at_lists, self._look_at_latest, self._look_at_search)
        self._choice.choice((*looks, self._look_at_events, self._look_at_versions))(name)

    def _look_at_package(self, _name: str) -> None:
        path = self._choice.choice(self._paths)
        entry = package(self._origin, path)
        seen, expected = self._seen(entry), self._state(path)
        self._depot.demand(seen == expected, f"{entry} is {seen}, not {expected}")

    def _look_at_lists(self, name: str) -> None:
        prefix = self._choice.choice(((HOT, self._version), (name,), (name, "1.0")))
        in_channel = self._choice.choice((None, *STEADY)) if len(prefix) == 1 else None
        reader, is_member = self._a_reader()
        mine = self._mine(prefix, is_member=is_member, in_channel=in_channel)
        url = "/".join((f"/depot/pkgs/{self._origin}", *prefix))
        if in_channel:
            url = channel_url(self._origin, in_channel, prefix)
        answer = reader.read(url)
        body = answer.json()
        rows = sorted(path_of(row) for row in body["data"])
        self._depot.demand(rows == mine, f"rows {rows}, not {mine}: {answer.request}")
        self._depot.demand(body["total_count"] == len(mine), f"total {body['total_count']} of {mine}: {answer.request}")

    def _look_at_latest(self, name: str) -> None:
        in_channel = self._choice.choice((None, *STEADY))
        reader, is_member = self._a_reader()
        mine = self._mine((name,), is_member=is_member, in_channel=in_channel)
        newest = max(mine, key=lambda path: release_key(path[1], path[2]) or "", default=None)
        url = f"/depot/pkgs/{self._origin}/{name}"
        if in_channel:
            url = channel_url(self._origin, in_channel, (name,))
        answer = reader.read(f"{url}/latest", target=TARGET)
        found = path_of(answer.json()["ident"]) if answer.status == 200 else None
        self._depot.demand(found == newest, f"latest is {found}, not {newest}: {answer}")

    def _look_at_search(self, name: str) -> None:
        reader, is_member = self._a_reader()
        mine = self._mine((name,), is_member=is_member)
        answer = reader.read(f"/depot/pkgs/search/{name}", distinct="true")
        found = any(row["name"] == name and row["origin"] == self._origin for row in answer.json()["data"])
        self._depot.demand(found == bool(mine), f"the name has {mine}: {answer}")

    def _look_at_events(self, name: str) -> None:
        existing = {"/".join(path) for path in self._mine((name,), is_member=True)}
        to = self._choice.choice(STEADY)
        recorded = [
            event
            for states in self._ledger.entries("event", self._origin, time.monotonic()).values()
            for event in states
            if event and event.path in existing and event.channel == to
        ]
        answer = self._reader.read("/depot/events", **EVER, channel=to, query=f"{self._origin}/{name}")
        total = answer.json()["total_count"]
        self._depot.demand(total == len(recorded), f"{total} events, not {len(recorded)}: {answer.request}")

    def _look_at_versions(self, name: str) -> None:
        reader, is_member = self._a_reader()
        counts: dict[str, int] = {}
        for path in self._mine((name,), is_member=is_member):
            counts[path[1]] = counts.get(path[1], 0) + 1
        answer = reader.read(f"/depot/pkgs/{self._origin}/{name}/versions")
        found: dict[str, int] = {}
        for row in answer.json():
            found[row["version"]] = found.get(row["version"], 0) + int(row["release_count"])
        self._depot.demand(found == counts, f"versions {found}, not {counts}: {answer.request}")

    def _a_reader(self) -> tuple[Any, bool]:
        is_member = self._choice.random() < 0.5
        return (self._reader if is_member else self._anonymous), is_member

    def _mine(self, prefix: tuple[str, ...], *, is_member: bool, in_channel: str | None = None) -> list[Path]:
        """Return the own packages below a prefix that a caller sees."""
        return sorted(
            path
            for path in self._paths
            if path[: len(prefix)] == prefix
            and (state := self._state(path)) is not None
            and (is_member or state.visibility == "public")
            and (in_channel is None or in_channel in state.channels)
        )

    def _seen(self, entry: Entry) -> State:
        """Return the state of an entry that the API shows."""
        if entry.kind == "settings":
            answer = self._reader.read(f"/settings/{entry.origin}/{entry.name}")
            return answer.json()["visibility"] if answer.status == 200 else None
        answer = self._reader.read(f"/depot/pkgs/{entry.origin}/{entry.name}", target=TARGET)
        if answer.status != 200:
            return None
        body = answer.json()
        for name in set(VOLATILE) & set(body["channels"]):
            exists = self._depot.is_possible(answer, channel(self._origin, name), True)
            self._depot.demand(exists, f"{entry} is in a channel that was deleted: {answer.request}")
        return placed(body)

    def _settings(self, name: str) -> Entry:
        return settings(self._origin, name)

    def _state(self, path: Path) -> Placed | None:
        state: Placed | None = self._state_of(package(self._origin, path))
        return state

    def _state_of(self, entry: Entry) -> State:
        """Return the state of an entry of which nothing is in doubt."""
        states = self._ledger.possible(entry)
        assert len(states) == 1, (entry, states)
        [state] = states
        return state


EVER = {"from_date": "2020-1-1", "to_date": "2099-1-1"}
