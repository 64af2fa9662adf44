"""Rounds of two depots that were measured in turns, the ratios of their figures, and the goals of these ratios."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tests.perf.figures import markdown

HEADINGS = [
    *("workload", "CPU, ours ms", "pypicloud ms", "ratio", "goal"),
    *("requests/s, ours", "pypicloud", "ratio", "goal", "AWS calls, ours", "pypicloud"),
]


@dataclass(frozen=True, slots=True)
class Goal:
    """The largest ratio of CPU time and the smallest ratio of rates, ours to that of pypicloud. None: no goal."""

    cpu: float | None = None
    rate: float | None = None


GOALS = {
    "list": Goal(cpu=0.8, rate=1.0),
    "list-of-one": Goal(cpu=0.8, rate=1.0),
    "latest": Goal(cpu=0.8, rate=1.0),
    "latest-of-one": Goal(cpu=0.8, rate=1.0),
    "redirect": Goal(cpu=1.0),
    "upload": Goal(rate=0.9),
}
WORKLOADS = tuple(GOALS)


@dataclass(frozen=True, slots=True)
class Round:
    """What a number of requests cost one depot: CPU time of its processes, time that passed, and calls to AWS."""

    requests: int
    cpu_seconds: float
    seconds: float
    calls: int

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of a request."""
        return 1000 * self.cpu_seconds / self.requests

    def compared_with(self, other: "Round") -> str:
        """Return both ratios as text."""
        return f"CPU {self.cpu_milliseconds / other.cpu_milliseconds:.2f}, rate {self.rate / other.rate:.2f}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """The pairs of rounds of one workload, ours first."""

    workload: str
    rounds: Sequence[tuple[Round, Round]]

    @property
    def cpu_ratio(self) -> float:
        """Our CPU time as a multiple of that of pypicloud: the median of the pairs."""
        return median(ours.cpu_milliseconds / theirs.cpu_milliseconds for ours, theirs in self.rounds)

    @property
    def rate_ratio(self) -> float:
        """Our rate as a multiple of that of pypicloud: the median of the pairs."""
        return median(ours.rate / theirs.rate for ours, theirs in self.rounds)

    @property
    def cells(self) -> list[str]:
        """The row of the table. A ratio that misses its goal is bold."""
        ours, theirs = ([pair[side] for pair in self.rounds] for side in (0, 1))
        goal = GOALS[self.workload]
        return [
            self.workload,
            *(f"{median(one.cpu_milliseconds for one in side):.2f}" for side in (ours, theirs)),
            _bold_if(goal.cpu is not None and self.cpu_ratio > goal.cpu, f"{self.cpu_ratio:.2f}"),
            "" if goal.cpu is None else f"≤ {goal.cpu:.1f}",
            *(f"{median(one.rate for one in side):.0f}" for side in (ours, theirs)),
            _bold_if(goal.rate is not None and self.rate_ratio < goal.rate, f"{self.rate_ratio:.2f}"),
            "" if goal.rate is None else f"≥ {goal.rate:.1f}",
            *(f"{sum(one.calls for one in side) / sum(one.requests for one in side):.1f}" for side in (ours, theirs)),
        ]


def table(comparisons: Sequence[Comparison]) -> str:
    """Return the table of all workloads."""
    return markdown(HEADINGS, [comparison.cells for comparison in comparisons])


def _bold_if(misses: bool, text: str) -> str:
    return f"**{text}**" if misses else text
