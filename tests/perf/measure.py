"""What concurrent writes come to: tries, refusals and time on the simulated clock."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from tests.perf.simulated_time import Writer, simulated_time

HEADINGS = [
    "writes, writers",
    "writes",
    "refused",
    "tries",
    "p99",
    "most",
    "seconds p50",
    "p99",
    "writes/s",
    "rows on which they met",
]


@dataclass
class Outcome:
    """What the writes of one case came to. Times are simulated, in seconds."""

    name: str
    writers: int
    tries: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    rows: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    duration: float = 0.0

    @property
    def mean_tries(self) -> float:
        """How often a write was sent, on average."""
        return sum(self.tries) / len(self.tries)

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        return [
            f"{self.name}, {self.writers}",
            str(len(self.tries)),
            f"**{self.refused}**" if self.refused else "0",
            f"{self.mean_tries:.2f}",
            str(_percentile(self.tries, 0.99)),
            str(max(self.tries)),
            f"{_percentile(self.seconds, 0.5):.2f}",
            f"{_percentile(self.seconds, 0.99):.2f}",
            f"{len(self.tries) / self.duration:.0f}",
            ", ".join(f"{kind} {number}" for kind, number in self.rows.most_common(5)),
        ]


def measure(name: str, writes: Sequence[Sequence[Callable[[], bool]]], seed: int) -> Outcome:
    """Let each client send its writes, all clients at once. A client does not repeat a write that is refused.

    A write returns False if it is refused.
    """
    outcome = Outcome(name, len(writes))
    with simulated_time(seed) as time:

        def live(own: Sequence[Callable[[], bool]], writer: Writer) -> None:
            for write in own:
                begun, writer.refusals = time.now, 0
                outcome.refused += not write()
                outcome.tries.append(1 + writer.refusals)
                outcome.seconds.append(time.now - begun)
            outcome.rows.update(writer.rows)

        time.run([partial(live, own) for own in writes])
        outcome.duration = time.now
    return outcome


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
