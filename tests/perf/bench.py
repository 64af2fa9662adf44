"""`make bench`: measure what each kind of request costs, in a small depot and in one a thousand times as large.

For each size, a separate process fills an embedded engine and records each request once: its AWS calls, their responses
and the consumed capacity. Then the CPU time of both sizes and of a bare route is measured in turn with the recorded
responses, so that neither the engine nor other load on the machine counts. The figures are written to
docs/PERFORMANCE.md.
"""

import argparse
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests import environment

# The service reads the environment when it is imported. The recording process inherits the key of the tokens.
environment.use_for_benchmark()

from app import app
from local.front import Front
from local.seed.releases import GeneratedDepot
from tests.api.client import Depot
from tests.builders.engine import an_engine
from tests.perf import costs, replay
from tests.perf.figures import markdown, publish, without_logs
from tests.perf.workload import FilledDepot, RecordedCase

ROOT = Path(__file__).parents[2]
MARKERS = "<!-- figures of make bench -->", "<!-- end of figures -->"
COST_MARKERS = "<!-- prices of make bench -->", "<!-- end of prices -->"
HEADINGS = ["request", "calls", "read units", "write units", "CPU ms", "growth", "allowed", "CPU / bare"]
HANDLER_BUDGET = 1.3
"""CPU time of a request as a multiple of that of a bare route."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A request in the small and in the large depot, with CPU times in milliseconds."""

    small: RecordedCase
    large: RecordedCase
    small_ms: float
    large_ms: float
    bare_ms: float

    @property
    def measured(self) -> costs.Measured:
        """What the request needs in the large depot."""
        recorded = self.large.recording
        return costs.Measured(recorded.calls, recorded.read_units, self.large_ms, recorded.object_reads)

    @property
    def cells(self) -> list[str]:
        """The row of the table. Figures over budget are bold."""
        small, large = self.small.recording, self.large.recording
        growth = max(
            _ratio(large.calls, small.calls),
            _ratio(self.large_ms, self.small_ms),
            _ratio(large.read_units, small.read_units),
            _ratio(large.write_units, small.write_units),
        )
        budget, allowed = self.large.calls, self.large.growth.value
        return [
            self.large.name,
            _bold_if(budget is not None and large.calls > budget, f"{small.calls} → {large.calls}"),
            f"{small.read_units} → {large.read_units}",
            f"{small.write_units} → {large.write_units}" if small.write_units else "",
            f"{self.small_ms:.2f} → {self.large_ms:.2f}",
            _bold_if(allowed is not None and growth > allowed, f"{growth:.2f}"),
            "" if allowed is None else f"{allowed:.1f}",
            _bold_if(self.large_ms / self.bare_ms > HANDLER_BUDGET, f"{self.large_ms / self.bare_ms:.2f}"),
        ]


def main() -> int:
    """Record and measure all requests, print the figures and write them to the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, nargs=2, default=[100, 100_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--print-only", action="store_true", help="do not write docs/PERFORMANCE.md")
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.record is not None:
        _record(options.packages[0], options.record)
        return 0
    small, large = (_record_in_process(packages) for packages in options.packages)
    comparisons = list(_compare(small, large))
    table = markdown(HEADINGS, [comparison.cells for comparison in comparisons])
    measured = {each.large.name: each.measured for each in comparisons}
    fewest, most = options.packages
    title = f"`make bench` on {datetime.now(UTC):%Y-%m-%d}, {fewest:,} → {most:,} packages:"
    publish(MARKERS, f"{title}\n\n{table}", print_only=options.print_only)
    price = f"A million requests of a CI fleet (`tests/perf/costs.py`), {most:,} packages:"
    prices = markdown(costs.HEADINGS, costs.rows(measured), texts=0)
    publish(COST_MARKERS, f"{price}\n\n{prices}", print_only=options.print_only, document=costs.DOCUMENT)
    return 0


def _record_in_process(packages: int) -> list[RecordedCase]:
    """Record all requests in a new process, whose end frees the memory of the engine, up to a gigabyte."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recordings"
        command = [sys.executable, "-m", "tests.perf.bench", "--packages", str(packages), "0", "--record", str(file)]
        subprocess.run(command, check=True, cwd=ROOT)
        cases: list[RecordedCase] = pickle.loads(file.read_bytes())
    print(f"{packages} packages filled and {len(cases)} requests recorded in {time.monotonic() - started:.0f} s")
    return cases


def _record(packages: int, file: Path) -> None:
    with an_engine(), without_logs():
        filled = FilledDepot.create(GeneratedDepot(packages), Depot(Front(app)))
        file.write_bytes(pickle.dumps([RecordedCase.of(case, app) for case in filled.cases()]))


def _compare(small: Sequence[RecordedCase], large: Sequence[RecordedCase]) -> Iterator[Comparison]:
    with without_logs():
        for low, high in zip(small, large, strict=True):
            handlers = [replay.handler(app, low.recording), replay.handler(app, high.recording)]
            times = replay.cpu_milliseconds([*handlers, replay.bare_route(high.recording)])
            yield Comparison(low, high, *times)


def _ratio(large: float, small: float) -> float:
    return 1.0 if small == 0 else large / small


def _bold_if(is_over_budget: bool, text: str) -> str:
    return f"**{text}**" if is_over_budget else text


if __name__ == "__main__":
    sys.exit(main())
