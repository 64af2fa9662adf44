"""`make bench`, the writers: how often writes meet when 1, 16 or 64 clients write at once, and what that costs them.

The service runs inside this process, on the embedded engine and on a simulated clock (`simulated_time.py`): a
transaction lasts 10 ms, other calls take as long as in a region of AWS. Each client sends one write after the other.
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import chain

from tests import environment

# The service reads the environment when it is imported.
environment.use_for_benchmark()

from app import app
from chalicelib.core.deferred import load_deferred
from local.front import Front
from tests.api.client import Depot
from tests.builders.engine import an_engine
from tests.perf import fleet
from tests.perf.figures import markdown, publish, without_logs
from tests.perf.measure import HEADINGS, Outcome, measure
from tests.perf.writes import Write, Writes

MARKERS = "<!-- figures of writers -->", "<!-- end of figures of writers -->"
UNAVAILABLE = 503


def outcomes(depot: Depot, writers: int, each: int, dependencies: int, seed: int = 1) -> Iterator[Outcome]:
    """Yield the outcome of each case with a number of writers, each of which sends `each` writes."""
    writes = Writes(depot, writers, each, dependencies)
    many, one, origins = writes.uploads_of_many_names(), writes.uploads_of_one_name(), writes.uploads_to_many_origins()
    for name, archives, write in (
        ("uploads to one origin", many, writes.upload),
        ("uploads of one name", one, writes.upload),
        ("uploads to many origins", origins, writes.upload),
        ("promotions into one channel", many, writes.promote),
        ("promotions of one name", one, writes.promote),
        ("demotions from one channel", many, writes.demote),
        ("settings in one origin", many, writes.make_private),
    ):
        own = [[write(archive) for archive in several] for several in archives]
        yield measure(name, [[partial(_is_written, depot, each) for each in several] for several in own], seed)
        for repeat in chain(*own) if write == writes.upload else ():  # of those that were refused
            assert repeat(depot).status in (201, 409)


def _is_written(depot: Depot, write: Write) -> bool:
    reply = write(depot)
    assert reply.status in (200, 201, 204, UNAVAILABLE), reply
    return reply.status != UNAVAILABLE


def main() -> int:
    """Measure all cases, print the figures and write them to the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.contention")
    parser.add_argument("--writers", type=int, nargs="*", default=[1, 16, 64], help="numbers of writers")
    parser.add_argument("--each", type=int, default=3, help="writes of each writer")
    parser.add_argument("--dependencies", type=int, default=300, help="transitive dependencies of an archive")
    parser.add_argument("--print-only", action="store_true", help="do not write docs/PERFORMANCE.md")
    options = parser.parse_args()
    load_deferred()
    rows = []
    with an_engine(), without_logs():
        depot = Depot(Front(app))
        for writers in options.writers:
            of_fleet = fleet.outcomes(writers) if writers > 1 else ()
            for outcome in chain(outcomes(depot, writers, options.each, options.dependencies), of_fleet):
                rows.append(outcome.cells)
                print(" | ".join(outcome.cells), file=sys.stderr, flush=True)
    command = f"`python -m tests.perf.contention --each {options.each} --dependencies {options.dependencies}`"
    table = f"{command} on {datetime.now(UTC):%Y-%m-%d}:\n\n{markdown(HEADINGS, rows)}"
    publish(MARKERS, table, print_only=options.print_only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
