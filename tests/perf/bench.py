"""`make bench`: what every kind of request costs, in a small depot and in one a thousand times as large.

A process per size fills an embedded engine and records each request once: calls to AWS, capacity units, and what AWS
answered. Then CPU is measured with the answers replayed from memory, both sizes and a bare route in turn, so that
neither the engine's time nor the machine's other work counts. The figures go to docs/PERFORMANCE.md.
"""

import argparse
import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.core.signed_box import generate_builder_key

if TYPE_CHECKING:
    from tests.perf.workload import Recorded

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "PERFORMANCE.md"
BEGIN, END = "<!-- figures of make bench -->", "<!-- end of figures -->"
HANDLER_CEILING = 1.5
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "HAB_FUNC_TEST": "1",
    "BLDR_DOWNLOAD_MODE": "front",
    "POWERTOOLS_TRACE_DISABLED": "true",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A request in the small and in the large depot."""

    small: "Recorded"
    large: "Recorded"
    small_ms: float
    large_ms: float
    bare_ms: float

    @property
    def cells(self) -> list[str]:
        """A row of the table; what is over its budget is bold."""
        small, large = self.small.recording, self.large.recording
        grown = max(
            _ratio(large.calls, small.calls),
            _ratio(self.large_ms, self.small_ms),
            _ratio(large.read_units, small.read_units),
            _ratio(large.write_units, small.write_units),
        )
        budget, most = self.large.calls, self.large.growth.value
        return [
            self.large.name,
            _marked(f"{small.calls} → {large.calls}", budget is not None and large.calls > budget),
            f"{small.read_units} → {large.read_units}",
            f"{small.write_units} → {large.write_units}" if small.write_units else "",
            f"{self.small_ms:.2f} → {self.large_ms:.2f}",
            _marked(f"{grown:.2f}", most is not None and grown > most),
            "" if most is None else f"{most:.1f}",
            _marked(f"{self.large_ms / self.bare_ms:.2f}", self.large_ms / self.bare_ms > HANDLER_CEILING),
        ]


HEADINGS = ["request", "calls", "read units", "write units", "CPU ms", "growth", "allowed", "CPU / bare"]


def main() -> int:
    """Record, measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, nargs=2, default=[100, 100_000], metavar=("SMALL", "LARGE"))
    parser.add_argument("--record", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--print-only", action="store_true", help="leave docs/PERFORMANCE.md as it is")
    asked = parser.parse_args()
    if asked.record is not None:
        _record(asked.packages[0], asked.record)
        return 0
    os.environ.update(ENVIRONMENT, BLDR_SECRET_KEY=generate_builder_key("20240101000000"))
    small, large = (_recorded_elsewhere(packages) for packages in asked.packages)
    table = _markdown([measured.cells for measured in _measure(small, large)])
    print(table)
    if not asked.print_only:
        _write(table, asked.packages)
    return 0


def _recorded_elsewhere(packages: int) -> "list[Recorded]":
    """In a process of its own: the engine keeps its state in memory, and a gigabyte of it."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "recordings"
        command = [sys.executable, "-m", "tests.perf.bench", "--packages", str(packages), "0", "--record", str(file)]
        subprocess.run(command, check=True, cwd=ROOT)
        recorded: list[Recorded] = pickle.loads(file.read_bytes())
    print(f"{packages} packages filled and {len(recorded)} requests recorded in {time.monotonic() - started:.0f} s")
    return recorded


def _record(packages: int, file: Path) -> None:
    from local.seed.releases import SeedPlan
    from tests.api.client import Depot
    from tests.builders.engine import an_engine
    from tests.perf.recording import recorded
    from tests.perf.workload import Filled, Recorded

    with an_engine(), _without_logs():
        from app import app
        from local.front import Front

        filled = Filled.by(SeedPlan(packages), Depot(Front(app)))
        found = [Recorded(case.name, case.calls, case.growth, recorded(app, case.send)) for case in filled.cases()]
        file.write_bytes(pickle.dumps(found))


def _measure(small: "Sequence[Recorded]", large: "Sequence[Recorded]") -> Iterator[Measured]:
    with _without_logs():
        from app import app
        from tests.perf import replay

        for low, high in zip(small, large, strict=True):
            works = [replay.handler(app, low.recording), replay.handler(app, high.recording)]
            times = replay.milliseconds([*works, replay.bare_route(high.recording)])
            yield Measured(low, high, *times)


@contextmanager
def _without_logs() -> Iterator[None]:
    """The service logs to what standard output is at its first request."""
    with Path(os.devnull).open("w") as nowhere, redirect_stdout(nowhere):
        yield


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    lines = [HEADINGS, ["---", *["---:"] * (len(HEADINGS) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _write(table: str, packages: Sequence[int]) -> None:
    """Put the figures in their place; everything else in the document is written by hand."""
    text = DOCUMENT.read_text() if DOCUMENT.exists() else f"# Performance\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    made = f"`make bench` on {datetime.now(UTC):%Y-%m-%d}, {packages[0]:,} → {packages[1]:,} packages:"
    DOCUMENT.write_text(f"{before}{BEGIN}\n{made}\n\n{table}\n{END}{after}")


def _ratio(large: float, small: float) -> float:
    return 1.0 if small == 0 else large / small


def _marked(text: str, over: bool) -> str:
    return f"**{text}**" if over else text


if __name__ == "__main__":
    sys.exit(main())
