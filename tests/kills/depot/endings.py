"""Clients that end and restore what others depend on: a channel, a role, an origin. Nothing may slip past an end."""

import random
import threading
import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from tests.kills.depot.client import Answer
from tests.kills.depot.depot import (
    MEMBER,
    ORIGIN,
    OTHER_ORIGIN,
    OWNER,
    SETTLE_SECONDS,
    Depot,
    channel,
    channel_url,
    path_of,
)
from tests.kills.depot.ledger import Entry, State
from tests.kills.depot.owners import MEMBER_NUMBERS, names_of

ROLE = Entry("role", ORIGIN, MEMBER)
OTHER = Entry("origin", OTHER_ORIGIN, "")


class Ending(threading.Thread):
    """A client that ends something and restores it, again and again.

    `stall` pauses a process: what it has read before the end must not be written after it.
    """

    def __init__(
        self, depot: Depot, choice: random.Random, seconds: float, stall: Callable[[], threading.Thread]
    ) -> None:
        super().__init__(name=type(self).__name__, daemon=True)
        self._depot, self._ledger, self._choice, self._seconds = depot, depot.ledger, choice, seconds
        self._owner = depot.client(OWNER)
        self._stall = stall
        self._stalled: threading.Thread | None = None

    def run(self) -> None:
        """Work until the run is over."""
        while not self._depot.gate.is_over:
            with self._depot.gate.open():
                try:
                    self._stalled = None
                    self._work()
                except Exception as problem:  # noqa: BLE001 - a fault of the run, which must show
                    self._depot.fault(f"{self.name}: {problem!r}")
            time.sleep(self._choice.uniform(0, self._seconds))

    @abstractmethod
    def _work(self) -> None:
        """Do one piece of work."""

    def _change(
        self, entry: Entry, request: tuple[Any, ...], after: Mapping[int, State], see: Callable[[], State]
    ) -> Answer:
        """Send a request whose answer says what the state of an entry is; without one, read it."""
        self._ledger.begin({entry: after.values()})
        answer = self._owner.send(*request)
        if answer.status in after:
            self._ledger.settle({entry: after[answer.status]})
            return answer
        if answer.is_certain:
            self._depot.fault(f"unexpected: {answer}")
        time.sleep(SETTLE_SECONDS)
        self._ledger.settle({entry: see()})
        return answer

    def _repeated(self, method: str, path: str, after: Mapping[int, State]) -> State:
        """Repeat an interrupted request until it is completed. Before that, some readers may see what it has left."""
        while (answer := self._owner.send(method, path)).status not in after:
            self._depot.demand(not answer.is_certain, answer)
            time.sleep(SETTLE_SECONDS)
        return after[answer.status]

    def _pause(self) -> None:
        time.sleep(self._choice.uniform(0.2, self._seconds))

    def _unchanged(self, read: Callable[[], Any], what: str) -> None:
        """Demand that something stays as it is for a while, although processes continue that were paused before."""
        before = read()
        if self._stalled is not None:
            self._stalled.join()
        self._pause()
        after = read()
        self._depot.demand(before == after, f"{what} changed from {before} to {after}")


class ChannelEnding(Ending):
    """Creates a channel, lets others fill it, and deletes it."""

    def __init__(
        self,
        depot: Depot,
        choice: random.Random,
        seconds: float,
        stall: Callable[[], threading.Thread],
        volatile: str,
    ) -> None:
        super().__init__(depot, choice, seconds, stall)
        self.name = f"ChannelEnding of {volatile}"
        self._volatile = volatile

    def _work(self) -> None:
        entry, url = channel(ORIGIN, self._volatile), f"/depot/channels/{ORIGIN}/{self._volatile}"
        if self._ledger.possible(entry) == {None}:
            created = self._change(entry, ("POST", url), {201: True, 409: True}, self._exists)
            self._depot.demand(created.status != 409, f"the channel was deleted: {created}")
            self._demand_only_new(created.began)
            self._pause()  # others fill it
            self._stalled = self._stall()
        deleted = self._change(entry, ("DELETE", url), {200: None}, partial(self._repeated, "DELETE", url, {200: None}))
        if deleted.status == 200:
            self._depot.demand(not self._exists(), f"{self._volatile} is listed after {deleted}")
            self._unchanged(self._list, "a deleted channel")
            self._depot.demand(self._list() == (0, []), f"{self._volatile} has packages after {deleted}")

    def _exists(self) -> State:
        names = [row["name"] for row in self._owner.read(f"/depot/channels/{ORIGIN}").json()]
        return True if self._volatile in names else None

    def _list(self) -> tuple[int, list[Any]]:
        body = self._owner.read(channel_url(ORIGIN, self._volatile)).json()
        return body["total_count"], body["data"]

    def _demand_only_new(self, began: float) -> None:
        """Demand that a new channel has only packages of promotions that had not ended before."""
        _, rows = self._list()
        for path in map(path_of, rows):
            ended = self._depot.volatile.get((self._volatile, path), 0.0)
            self._depot.demand(ended >= began, f"{path} was promoted before the channel was created")


class RoleEnding(Ending):
    """Takes the right to change packages from a member, and gives it back."""

    def _work(self) -> None:
        self._stalled = self._stall()
        self._set_role("readonly_member") if self._choice.random() < 0.5 else self._remove()
        if self._ledger.possible(ROLE) != {"maintainer"}:
            self._unchanged(self._packages, f"the packages of {MEMBER}, who may not change them,")
        self._restore()

    def _set_role(self, role: str) -> None:
        url = f"/depot/origins/{ORIGIN}/users/{MEMBER}/role"
        self._change(ROLE, ("PUT", url, {"role": role}), {204: role}, self._role)

    def _remove(self) -> None:
        self._change(ROLE, ("DELETE", f"/depot/origins/{ORIGIN}/users/{MEMBER}"), {204: None}, self._role)

    def _restore(self) -> None:
        while self._ledger.possible(ROLE) == {None}:
            url = f"/depot/origins/{ORIGIN}"
            self._owner.send("POST", f"{url}/users/{MEMBER}/invitations")
            for invitation in self._owner.read(f"{url}/invitations").json()["invitations"]:
                request = ("PUT", f"{url}/invitations/{invitation['id']}")
                self._change(ROLE, request, {204: "readonly_member"}, self._role)
        while self._ledger.possible(ROLE) != {"maintainer"}:
            self._set_role("maintainer")

    def _role(self) -> State:
        answer = self._owner.read(f"/depot/origins/{ORIGIN}/users/{MEMBER}/role")
        return answer.json()["role"] if answer.status == 200 else None

    def _packages(self) -> dict[str, Any]:
        return {
            name: self._owner.read(f"/depot/pkgs/{ORIGIN}/{name}", range=-1).json()["data"]
            for number in MEMBER_NUMBERS
            for name in names_of(number)
        }


class OriginEnding(Ending):
    """Deletes an origin as soon as it is empty, and creates it again."""

    def _work(self) -> None:
        url = f"/depot/origins/{OTHER_ORIGIN}"
        if self._ledger.possible(OTHER) == {None}:
            self._demand_gone()
            request = ("POST", "/depot/origins", None, {"name": OTHER_ORIGIN})
            self._change(OTHER, request, {201: True}, self._exists)
            return
        self._stalled = self._stall()
        after = {204: None, 409: True}
        again = partial(self._repeated, "DELETE", url, {**after, 403: None})  # 403: the owner is no member any more
        deleted = self._change(OTHER, ("DELETE", url), after, again)
        if deleted.status == 204:
            for entry, states in self._ledger.entries("package", OTHER_ORIGIN, deleted.began).items():
                self._depot.demand(None in states, f"{entry} exists: {deleted}")
            self._unchanged(self._packages, "a deleted origin")
            self._demand_gone()

    def _demand_gone(self) -> None:
        self._depot.demand(self._packages() == [], f"{OTHER_ORIGIN} has packages after its deletion")
        self._depot.demand(not self._exists(), f"{OTHER_ORIGIN} exists after its deletion")
        mine = self._owner.read("/user/origins").json()
        self._depot.demand(all(row["name"] != OTHER_ORIGIN for row in mine), f"{OTHER_ORIGIN} is listed")

    def _packages(self) -> Any:
        return self._owner.read(f"/depot/pkgs/{OTHER_ORIGIN}", range=-1).json()["data"]

    def _exists(self) -> State:
        return True if self._owner.read(f"/depot/origins/{OTHER_ORIGIN}").status == 200 else None
