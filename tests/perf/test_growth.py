"""The cost of requests does not grow with the depot; a small version of `make bench`.

AWS calls and capacity units are exact, so they are compared with the budgets. CPU time is only compared with that of a
bare route in the same run; `make bench` measures its growth.
"""

from collections.abc import Iterator

import pytest

from app import app
from local.seed.releases import GeneratedDepot
from tests.api.client import Depot
from tests.perf import replay
from tests.perf.workload import UPLOAD_CALLS, FilledDepot, RecordedCase
from tests.rights import enforcement

SMALL, LARGE = 100, 1_000
GROWING = {
    "list of an origin, deep": "skips names by their counts: one more Query",
    "list of a channel, deep": "skips the earlier rows: one more Query, billed for the skipped rows",
    "list of a channel, deep, next page": "also reads two cached page starts of one unit each",
    "search for a whole origin": "reads the counts of up to 1,000 neighbouring names for the total, 30 in a unit",
    "events": "reads the facts about all events of the given days, one unit per thousand",
}
"""Requests whose cost grows, and why this is accepted. docs/PERFORMANCE.md has the figures."""

CPU_CEILING = 1.7
"""The budget is 1.5 and checked by `make bench`. The difference allows for the noise of short measurements."""

CPU_ROUNDS = 10
"""Other load can only add time, so a round over the ceiling is repeated and the minimum of all rounds counts."""

Sizes = tuple[dict[str, RecordedCase], dict[str, RecordedCase]]


@pytest.fixture(scope="module")
def sizes(depot: Depot) -> Iterator[Sizes]:
    """The recordings of all requests in a small and in a large depot, by name."""

    def recordings(packages: int) -> dict[str, RecordedCase]:
        # Names of the same length and in the same shards in each run, because both influence the units.
        filled = FilledDepot.create(GeneratedDepot(packages, prefix=f"grow{packages:04}"), depot)
        return {case.name: RecordedCase.of(case, app) for case in filled.cases()}

    yield recordings(SMALL), recordings(LARGE)


def test_every_request_succeeds(sizes: Sizes) -> None:
    statuses = [(name, case.recording.status) for size in sizes for name, case in size.items()]

    assert [(name, status) for name, status in statuses if status not in (200, 201, 206)] == []


def test_calls_stay_within_their_budgets(sizes: Sizes) -> None:
    over_budget = {
        name: case.recording.calls
        for size in sizes
        for name, case in size.items()
        if case.calls is not None and case.recording.calls > case.calls and name not in GROWING
    }

    assert over_budget == {}


def test_read_units_grow_within_their_budgets(sizes: Sizes) -> None:
    small, large = sizes
    over_budget = {}
    for name, case in large.items():
        units_small, units_large = small[name].recording.read_units, case.recording.read_units
        allowed = case.growth.value
        if allowed is None or name.removesuffix(", anonymous") in GROWING:
            continue
        if units_large > max(units_small * allowed, units_small + 1):  # units are integers
            over_budget[name] = (units_small, units_large)

    assert over_budget == {}


def test_write_units_do_not_grow(sizes: Sizes) -> None:
    small, large = (
        {name: size[name].recording.write_units for name in ("promote", "demote", *UPLOAD_CALLS)} for size in sizes
    )

    assert small == large


@pytest.mark.parametrize("name", ["latest", "channel latest", "list of an origin, anonymous"])
def test_a_handler_needs_little_more_cpu_than_a_bare_route(sizes: Sizes, name: str) -> None:
    recording = sizes[1][name].recording
    functions = [replay.handler(app, recording), replay.bare_route(recording)]
    handler = bare = float("inf")
    for _ in range(CPU_ROUNDS):
        with enforcement.paused():
            times = replay.cpu_milliseconds(functions, seconds=0.3)
        handler, bare = min(handler, times[0]), min(bare, times[1])
        if handler <= bare * CPU_CEILING:
            break

    assert handler <= bare * CPU_CEILING, f"{handler:.2f} ms, bare {bare:.2f} ms"
