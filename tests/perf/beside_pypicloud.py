"""`make bench-pypicloud`: compare our depot with pypicloud on one engine, on the same servers, in pairs of rounds.

Both have the same number of packages in DynamoDB and S3, and every request is authenticated. In each pair, one and then
the other answers the same number of requests, and the order alternates. The figures are written to docs/PERFORMANCE.md.
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from local.children import Child, listen
from tests.builders.stack import depot_stack
from tests.builders.wire import Wire
from tests.perf import counting_engine
from tests.perf.compared_depots import Compared, OurDepot, PypicloudDepot
from tests.perf.figures import publish
from tests.perf.paired_rounds import WORKLOADS, Comparison, Round, table
from tests.perf.pypicloud_server import pypicloud

MARKERS = "<!-- figures of make bench-pypicloud -->", "<!-- end of figures of make bench-pypicloud -->"


def main() -> int:
    """Fill both depots, compare them, print the figures and write them to the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.beside_pypicloud")
    parser.add_argument("--packages", type=int, default=200, help="names, each with one release (default %(default)s)")
    parser.add_argument("--releases", type=int, default=20, help="releases of the first name (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=10, help="pairs of rounds of each workload (default %(default)s)")
    parser.add_argument("--requests", type=int, default=300, help="requests of a round (default %(default)s)")
    parser.add_argument("--connections", type=int, default=4, help="clients at once (default %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="worker processes of each API (default %(default)s)")
    parser.add_argument("--threads", type=int, default=32, help="threads of a worker (default %(default)s)")
    parser.add_argument("--only", nargs="*", choices=WORKLOADS, default=WORKLOADS, help="workloads (default: all)")
    parser.add_argument("--print-only", action="store_true", help="do not write docs/PERFORMANCE.md")
    options = parser.parse_args()
    with _both_depots(options) as depots:
        for depot in depots:
            depot.fill(options.packages, options.releases)
        comparisons = [_compare(workload, depots, options) for workload in options.only]
    command = f"--packages {options.packages} --rounds {options.rounds} --requests {options.requests}"
    title = f"`python -m tests.perf.beside_pypicloud {command}` on {datetime.now(UTC):%Y-%m-%d}:"
    figures = f"{title}\n\n{table(comparisons)}"
    publish(MARKERS, figures, print_only=options.print_only)
    return 0


@contextmanager
def _both_depots(options: argparse.Namespace) -> Iterator[tuple[Compared, Compared]]:
    servers = {"BLDR_WORKERS": str(options.workers), "BLDR_THREADS": str(options.threads), "BLDR_SCHEDULES": "off"}
    with (
        _engine() as engine,
        tempfile.TemporaryDirectory() as folder,
        depot_stack(Path(folder) / "log", AWS_ENDPOINT_URL=f"http://127.0.0.1:{engine}", **servers) as stack,
        pypicloud(f"http://127.0.0.1:{engine}", options.workers, options.threads, Path(folder)) as (port, process),
    ):
        yield OurDepot.of(stack, engine), PypicloudDepot(port, process, engine)


@contextmanager
def _engine() -> Iterator[int]:
    """Run an engine that counts its calls inside the block. Yields its port."""
    listener = listen("127.0.0.1", 0)
    port = int(listener.getsockname()[1])
    child = Child("engine", [sys.executable, "-m", counting_engine.__name__, "--fd", "{fd}"], listener)
    child.start({**os.environ, "MOTO_PORT": str(port)})
    try:
        with Wire(port) as wire:  # the request waits in the backlog
            assert wire.get("/moto-api/").status == 200
        yield port
    finally:
        child.stop(1)
        listener.close()


def _compare(workload: str, depots: tuple[Compared, Compared], options: argparse.Namespace) -> Comparison:
    """Let both depots answer the requests of a workload in turns. A first pair is not measured."""
    rounds: list[tuple[Round, Round]] = []
    for number in range(options.rounds + 1):
        order = depots if number % 2 else depots[::-1]
        measured = {depot: depot.round(workload, options.requests, options.connections) for depot in order}
        if number:
            ours, theirs = (measured[depot] for depot in depots)
            rounds.append((ours, theirs))
            print(f"{workload} {number}: {ours.compared_with(theirs)}", file=sys.stderr, flush=True)
    return Comparison(workload, rounds)


if __name__ == "__main__":
    sys.exit(main())
