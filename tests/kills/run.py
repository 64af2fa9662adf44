"""Runs job groups on one stack, with kills, until enough moments were tried."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Thread

import httpx

from tests.builders.waiting import until
from tests.kills.moments import KILLS, Moment, moments
from tests.kills.origin import ORIGIN, BuiltOrigin
from tests.kills.processes import KilledStack, client_of, killed_stack, repeated
from tests.kills.verdict import Verdict, releases

GROUP_SECONDS = 240.0
"""After which a group counts as stuck. Undisturbed it takes ten seconds, and each lost worker costs up to fifteen."""

MOST_SHOWN = 20
FINAL = ("Complete", "Failed", "Canceled")


@dataclass
class Report:
    """What a run has found. Times are in seconds: of groups, and from the last kill to the end of its group."""

    kills: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    groups: list[float] = field(default_factory=list)
    after_last: list[float] = field(default_factory=list)
    attempts: Counter[int] = field(default_factory=Counter)
    uploads: int = 0

    def lines(self) -> list[str]:
        """Return the report as text."""
        kinds = ", ".join(f"{what} {number}" for what, number in sorted(self.kills.items()))
        attempts = ", ".join(f"{number} jobs in attempt {attempt}" for attempt, number in sorted(self.attempts.items()))
        return [
            f"{self.kills.total()} kills in {len(self.groups)} groups: {kinds}",
            f"seconds of a group: {_spread(self.groups)}; from its last kill: {_spread(self.after_last)}",
            f"{attempts} at the end; {self.uploads} acknowledged uploads",
            *(self.faults or ["no faults"]),
        ]


def run(folder: Path, kills: int, seed: int, projects: int, kills_per_group: int, say: Callable[[str], None]) -> Report:
    """Run groups until `kills` moments were tried, and return what was found. Ends at the first group with faults."""
    choice, report = random.Random(seed), Report()
    with killed_stack(folder) as stack, client_of(stack) as client:
        origin = BuiltOrigin(client, folder, seed, projects)
        journal = folder / "journal"
        journal.touch()
        stack.start_workers(origin.create(), journal, origin.build_deps)
        while not report.groups or (report.kills.total() < kills and not report.faults):
            planned = moments(choice, min(kills_per_group, kills - report.kills.total()), projects)
            _Group(stack, origin, journal, report).run(planned, choice)
            say(f"{report.kills.total()} kills, {len(report.groups)} groups, the last in {report.groups[-1]:.0f} s")
        report.uploads = journal.read_text().count("uploaded ")
    return report


class _Group:
    def __init__(self, stack: KilledStack, origin: BuiltOrigin, journal: Path, report: Report) -> None:
        self._stack, self._origin, self._journal, self._report = stack, origin, journal, report
        self._client = origin.client

    def run(self, planned: list[Moment], choice: random.Random) -> None:
        earlier, first = releases(self._stack), self._lines()
        began = time.monotonic()
        group_id = self._origin.start_group()
        for moment in planned:
            reached = first + moment.lines
            until(partial(self._has_reached, reached, group_id), GROUP_SECONDS)
            time.sleep(moment.delay)
            KILLS[moment.what](self._stack)
            self._report.kills[moment.what] += 1
        last = time.monotonic()
        ended = until(lambda: self._has_ended(group_id), GROUP_SECONDS)
        self._report.groups.append(time.monotonic() - began)
        self._report.after_last.append(time.monotonic() - last)
        verdict = Verdict(self._stack, self._client, group_id, earlier)
        faults = verdict.faults(self._journal) if ended else ["the group does not end", *verdict.faults(self._journal)]
        self._report.attempts.update(int(job.get("attempt", 1)) for job in verdict.jobs)
        if not faults:
            faults = self._promote(group_id, choice)
        if faults:
            kills = ", ".join(f"{moment.what} at {moment.lines} + {moment.delay:.3f} s" for moment in planned)
            self._report.faults += [f"group {group_id} after the kills {kills}:", *faults[:MOST_SHOWN]]

    def _lines(self) -> int:
        return self._journal.read_bytes().count(b"\n")

    def _has_reached(self, lines: int, group_id: int) -> bool:
        """Return whether the journal has so many lines, or the group has ended before."""
        return self._lines() >= lines or self._has_ended(group_id)

    def _has_ended(self, group_id: int) -> bool:
        time.sleep(0.2)
        try:
            answer = self._client.get(f"/depot/pkgs/schedule/{group_id}")
        except httpx.HTTPError:
            return False
        return answer.status_code == 200 and answer.json()["state"] in FINAL

    def _promote(self, group_id: int, choice: random.Random) -> list[str]:
        """Promote the group to a new channel, kill the API meanwhile, and repeat the request. Returns faults."""
        channel = f"tested-{group_id}"
        path = f"/jobs/group/{group_id}/promote/{channel}"
        request = Thread(target=self._try, args=(path,))
        request.start()
        time.sleep(choice.uniform(0, 0.5))
        self._stack.kill_server("API", master=False)
        self._report.kills["API during a promotion"] += 1
        request.join()
        repeated(lambda: self._client.post(path, json={"idents": []}), (204,))
        listed = repeated(lambda: self._client.get(f"/depot/channels/{ORIGIN}/{channel}/pkgs"), (200,)).json()
        names = {row["name"] for row in listed["data"]}
        return (
            []
            if names == set(self._origin.names)
            else [f"the promotion has left out {set(self._origin.names) - names}"]
        )

    def _try(self, path: str) -> None:
        try:
            self._client.post(path, json={"idents": []})
        except httpx.HTTPError:
            return


def _spread(values: list[float]) -> str:
    if not values:
        return "none"
    ordered = sorted(values)
    return f"median {ordered[len(ordered) // 2]:.1f}, longest {ordered[-1]:.1f}"
