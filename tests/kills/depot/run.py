"""Runs writers, readers and interruptions on one stack for a time, and checks the depot whenever it is quiet."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

from tests.kills.depot.depot import (
    BULK,
    CONTEST,
    CONTESTED,
    MEMBER,
    ORIGIN,
    OTHER_ORIGIN,
    OWNER,
    STEADY,
    VOLATILE,
    WILD,
    Depot,
    Journal,
    package,
    settings,
)
from tests.kills.depot.endings import OTHER, ROLE, ChannelEnding, OriginEnding, RoleEnding
from tests.kills.depot.interruptions import Interruptions
from tests.kills.depot.owners import HOT, MEMBER_NUMBERS, Owner
from tests.kills.depot.readers import Reader
from tests.kills.depot.referee import Referee
from tests.kills.processes import KilledStack, killed_stack

MOST_SHOWN = 40
SCHEDULES = {"fold_events": 2.0, "sweep": 15.0, "watch_groups": 30.0}
"""Seconds between two runs of functions. The real rates are minutes and hours."""

PASSING = 3
"""The number of writers in the origin that is deleted again and again."""


@dataclass(frozen=True)
class Plan:
    """The size of a run, with the mean time between interruptions, and the time between two checks of all lists."""

    seconds: float = 120.0
    writers: int = 64
    readers: int = 6
    seed: int = 1
    pause: float = 5.0
    quiet: float = 40.0
    kills: int = 100_000
    transaction_ms: int = 3


@dataclass
class Report:
    """What a run has found."""

    interruptions: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    events: int = 0
    packages: int = 0

    def lines(self) -> list[str]:
        """Return the report as text."""
        kinds = ", ".join(f"{what} {number}" for what, number in sorted(self.interruptions.items()))
        statuses = ", ".join(f"{status or 'none'} {number}" for status, number in sorted(self.statuses.items()))
        return [
            f"{self.interruptions.total()} interruptions: {kinds}",
            f"answers: {statuses}; {self.packages} packages and {self.events} events at the end",
            *(self.faults[:MOST_SHOWN] or ["no faults"]),
        ]


def run(folder: Path, plan: Plan, say: Callable[[str], None]) -> Report:
    """Run, and return what was found. Ends at the first check that finds faults."""
    choice, report = random.Random(plan.seed), Report()
    engine = {"ENGINE_TRANSACTION_MS": str(plan.transaction_ms)}
    with killed_stack(folder, {"HAB_FUNC_TEST": "1", "BLDR_STAGE": "test", "BLDR_WORKERS": "3"}, engine) as stack:
        depot = Depot(stack.port, Journal(folder / "journal"))
        _prepare(depot)
        referee = Referee(depot, stack.engine.url)
        interruptions = Interruptions(stack, random.Random(choice.random()), plan.pause, plan.kills, depot.journal)
        clients = _clients(depot, plan, choice, interruptions)
        stack.start_schedules(SCHEDULES)
        for client in (*clients, interruptions):
            client.start()
        ends = time.monotonic() + plan.seconds
        while (left := ends - time.monotonic()) > 0 and not depot.faults:
            time.sleep(min(left, plan.quiet))
            with depot.gate.closed():
                referee.check()
            interrupted, requests = interruptions.made.total(), depot.statuses.total()
            say(f"{interrupted} interruptions, {requests} requests, {len(depot.faults)} faults")
        _finish(depot, stack, referee, interruptions, clients)
        report.interruptions, report.statuses, report.faults = interruptions.made, depot.statuses, depot.faults
        now = time.monotonic()
        report.events = depot.ledger.count("event", ORIGIN, now, lambda entry, state: entry if state else None).least
        report.packages = depot.ledger.count("package", ORIGIN, now, lambda entry, state: entry if state else None).most
    return report


def _prepare(depot: Depot) -> None:
    """Create the origins, the channels and the member."""
    owner, member = depot.client(OWNER), depot.client(MEMBER)

    def must(method: str, path: str, *more: object) -> None:
        answer = owner.send(method, path, *more)  # type: ignore[arg-type]  # arguments of the caller
        assert answer.status in (201, 204), answer

    for origin in (ORIGIN, OTHER_ORIGIN):
        must("POST", "/depot/origins", None, {"name": origin})
    for name in (STEADY[1], BULK, CONTEST):
        must("POST", f"/depot/channels/{ORIGIN}/{name}")
    member.read("/profile")
    must("POST", f"/depot/origins/{ORIGIN}/users/{MEMBER}/invitations")
    [invitation] = owner.read(f"/depot/origins/{ORIGIN}/invitations").json()["invitations"]
    must("PUT", f"/depot/origins/{ORIGIN}/invitations/{invitation['id']}")
    must("PUT", f"/depot/origins/{ORIGIN}/users/{MEMBER}/role", {"role": "maintainer"})
    for name in (HOT, CONTESTED[0][0]):
        must("POST", f"/settings/{ORIGIN}/{name}")
        depot.ledger.settle({settings(ORIGIN, name): "public"})
    depot.ledger.settle({ROLE: "maintainer", OTHER: True})
    for path in CONTESTED:
        depot.ledger.begin({package(ORIGIN, path): WILD})


def _clients(depot: Depot, plan: Plan, choice: random.Random, interruptions: Interruptions) -> list[Thread]:
    def seeded() -> random.Random:
        return random.Random(choice.random())

    writers = [Owner(depot, number, seeded()) for number in range(plan.writers)]
    members = [
        Owner(depot, number, seeded(), user=MEMBER, authority=ROLE, grants=("maintainer",)) for number in MEMBER_NUMBERS
    ]
    passing = [
        Owner(depot, 80 + number, seeded(), origin=OTHER_ORIGIN, authority=OTHER, grants=(True,))
        for number in range(PASSING)
    ]
    readers = [Reader(depot, number, seeded()) for number in range(plan.readers)]
    stall = interruptions.stall
    channels = [ChannelEnding(depot, seeded(), 3.0, stall, name) for name in VOLATILE]
    endings = [*channels, RoleEnding(depot, seeded(), 2.0, stall), OriginEnding(depot, seeded(), 2.0, stall)]
    return [*writers, *members, *passing, *readers, *endings]


def _finish(
    depot: Depot, stack: KilledStack, referee: Referee, interruptions: Interruptions, clients: list[Thread]
) -> None:
    """End the clients, let the functions complete what is left, and compare lists and rows a last time."""
    interruptions.stop()
    with depot.gate.closed():
        depot.gate.end()
    for client in clients:
        client.join()
    for name in ("sweep", "fold_events", "fold_events"):
        stack.invoke(name)
        time.sleep(1)
    referee.check()
    for fault in referee.stored_faults():
        depot.fault(f"rows: {fault}")
