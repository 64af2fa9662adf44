"""What requests cost does not grow with the depot (design.md section 4); a small version of `make bench`.

Calls and capacity units are exact, so they are held to the budgets; CPU is compared only with the bare routes of the
same run, and `make bench` tells how it grows.
"""

from collections.abc import Iterator

import pytest

from local.seed.releases import SeedPlan
from tests.api.client import Depot
from tests.builders.names import a_name
from tests.perf import replay
from tests.perf.recording import recorded
from tests.perf.workload import Filled, Recorded

SMALL, LARGE = 100, 1_000
GROWS = {
    "list of an origin, deep": "passes over names by their counts: one more Query",
    "list of a channel, deep": "passes over what stands before it: one more Query, billed for what it passes",
    "list of a channel, deep, next page": "reads two notes of one unit each along, and never more",
    "search for a whole origin, distinct": "looks at every name that the term has, to know the total",
    "search for a whole origin": "the same",
    "events": "every event of the asked days is looked at, up to a limit",
}
"""What grows, and why that is accepted (docs/PERFORMANCE.md has the figures)."""

CPU_CEILING = 1.7
"""The budget is 1.5, which `make bench` checks; this leaves room for the noise of short measurements."""
CPU_ROUNDS = 10
"""Other load only adds time: a round that exceeds the ceiling is repeated, and the least time of all rounds counts."""


@pytest.fixture(scope="module")
def sizes(depot: Depot) -> Iterator[tuple[dict[str, Recorded], dict[str, Recorded]]]:
    """Every request in a small and in a larger depot, by name."""
    from app import app

    def measured(packages: int) -> dict[str, Recorded]:
        filled = Filled.by(SeedPlan(packages, prefix=a_name("grow").replace("-", "")), depot)
        return {
            case.name: Recorded(case.name, case.calls, case.growth, recorded(app, case.send)) for case in filled.cases()
        }

    yield measured(SMALL), measured(LARGE)


def test_every_request_is_answered(sizes: tuple[dict[str, Recorded], dict[str, Recorded]]) -> None:
    answered = [(name, each.recording.status) for size in sizes for name, each in size.items()]

    assert [(name, status) for name, status in answered if status not in (200, 201, 206)] == []


def test_calls_stay_within_their_budgets(sizes: tuple[dict[str, Recorded], dict[str, Recorded]]) -> None:
    over = {
        name: each.recording.calls
        for size in sizes
        for name, each in size.items()
        if each.calls is not None and each.recording.calls > each.calls and name not in GROWS
    }

    assert over == {}


def test_capacity_units_grow_within_their_budgets(sizes: tuple[dict[str, Recorded], dict[str, Recorded]]) -> None:
    small, large = sizes
    over = {}
    for name, each in large.items():
        units, before = each.recording.read_units, small[name].recording.read_units
        allowed = each.growth.value
        if allowed is None or name.removesuffix(", anonymous") in GROWS:
            continue
        if units > max(before * allowed, before + 1):  # a unit is the smallest step
            over[name] = (before, units)

    assert over == {}
    assert {name: large[name].recording.write_units for name in ("promote", "demote", "upload")} == {
        name: small[name].recording.write_units for name in ("promote", "demote", "upload")
    }


@pytest.mark.parametrize("name", ["latest", "channel latest", "list of an origin, anonymous"])
def test_a_handler_costs_little_more_than_its_calls(
    sizes: tuple[dict[str, Recorded], dict[str, Recorded]], name: str
) -> None:
    from app import app

    recording = sizes[1][name].recording
    works = [replay.handler(app, recording), replay.bare_route(recording)]
    handler = bare = float("inf")
    for _ in range(CPU_ROUNDS):
        again = replay.milliseconds(works, seconds=0.3)
        handler, bare = min(handler, again[0]), min(bare, again[1])
        if handler <= bare * CPU_CEILING:
            break

    assert handler <= bare * CPU_CEILING, f"{handler:.2f} ms, bare {bare:.2f} ms"
