"""`python -m tests.perf.costliest`: measure the costliest legal request of every route for docs/SECURITY.md.

Requests are recorded in an embedded engine that is filled with generated packages. CPU is the least time of the
handler's thread while the responses of AWS are replayed from memory, so neither the engine nor other load counts.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from unittest.mock import patch

from tests import environment

# The service reads the environment when it is imported.
environment.use_for_benchmark()

from app import app
from chalicelib.builds.groups import promotion as moves
from chalicelib.catalog import origin_summaries
from chalicelib.catalog.events import event_rows
from chalicelib.catalog.lists import list_changes
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.channels import deletion
from chalicelib.channels.bulk import service as bulk
from chalicelib.retention import removal
from local.front import Front
from local.seed.releases import GeneratedDepot
from tests.api.client import Depot
from tests.builders.engine import an_engine
from tests.perf import replay
from tests.perf.costliest_requests import BEGIN, DOCUMENT, END, Measured, recorded
from tests.perf.figures import publish, without_logs
from tests.perf.workload import FilledDepot

HEADINGS = ["route", "caller", "costliest form", "CPU ms", "calls", "answer bytes", "bound"]
SECONDS = 0.05
ROWS = 1_000
"""In each list without pages."""


def main() -> int:
    """Measure all requests, print the table and write it to the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.costliest", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--packages", type=int, default=5_000)
    parser.add_argument("--print-only", action="store_true", help="do not write docs/SECURITY.md")
    options = parser.parse_args()
    with an_engine(), _unlimited_time(), _without_folds(), without_logs():
        filled = FilledDepot.create(GeneratedDepot(options.packages), Depot(Front(app)))
        rows = [_cells(measured) for measured in recorded(filled, ROWS)]
    figures = f"A depot with {options.packages:,} packages:\n\n{_markdown(sorted(rows))}"
    publish((BEGIN, END), figures, print_only=options.print_only, document=DOCUMENT)
    return 0


@contextmanager
def _unlimited_time() -> Iterator[None]:
    """Let long requests end, with the same calls however long they take.

    A slow engine would stop them at a limit of time, or repeat calls, which the faster replay would not do.
    """
    with ExitStack() as stack:
        for module in (bulk, moves, removal):
            stack.enter_context(patch.object(module, "SECONDS", 3_600.0))
        stack.enter_context(patch.object(deletion, "REQUEST_SECONDS", 3_600.0))
        stack.enter_context(patch.object(long_change_states, "LEASE_SECONDS", 3_600.0))  # no hold is renewed
        stack.enter_context(patch.object(event_rows, "FRESH_SECONDS", 3_600.0))  # no number is read again
        yield


@contextmanager
def _without_folds() -> Iterator[None]:
    """Let no request fold a log. Which one does is random, and a replay of a fold would need its recorded responses."""
    with ExitStack() as stack:
        for module in (list_changes, origin_summaries):
            stack.enter_context(patch.object(module, "FOLDED_EVERY", 1 << 23))
        yield


def _cells(measured: Measured) -> list[str]:
    request, recording = measured.request, measured.recording
    caller = request.route.needs.name.lower()
    figures = ["", "", ""]
    if recording is not None:
        (milliseconds,) = replay.cpu_milliseconds([replay.handler(app, recording)], SECONDS)
        figures = [f"{milliseconds:.1f}", str(recording.calls), f"{len(recording.body):,}"]
    return [f"`{request.route.name}`", caller, request.form.description, *figures, request.form.bound]


def _markdown(rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", "---", "---", "---:", "---:", "---:", "---"]
    return "\n".join("| " + " | ".join(line) + " |" for line in [HEADINGS, rule, *rows])


if __name__ == "__main__":
    sys.exit(main())
