"""`make bench`, the partitions: how many write units each kind of write puts on one partition key.

DynamoDB allows 1,000 write units per second on a partition key, whatever the table may write in all. Each case sends a
number of writes and counts the units of each key, in one origin and over many. The units of the busiest key of a kind
that several writes share, times a rate, are its load. Keys that no two writes share are spread: their number grows with
the packages or the origins. Of a few hundred writes, the busiest of many shards has up to twice its share.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from tests import environment

# The service reads the environment when it is imported.
environment.use_for_benchmark()

from app import app
from chalicelib.core.deferred import load_deferred
from chalicelib.scheduled.event_upkeep import shards_for
from local.front import Front
from tests.api.client import Depot
from tests.builders.engine import an_engine
from tests.builders.hart import Hart
from tests.perf.figures import markdown, publish, without_logs
from tests.perf.recording import recorded_calls
from tests.perf.writes import Write, Writes

MARKERS = "<!-- figures of partitions -->", "<!-- end of figures of partitions -->"
HEADINGS = ["write", "partition key", "writes per second", "units per write", "units per second on one key"]
LIMIT = 1_000
"""Write units per second that DynamoDB allows on one partition key."""

EVENTS = "EVENTS#…"
"""The shards of the inbox of events. Their number follows the rate of events, and these writes are few."""

NAMED = LIMIT / 10
"""Keys with a higher load are named."""

ORIGIN_RATE, UPLOAD_RATE, PROMOTION_RATE = 300, 500, 10_000
"""Writes per second: of one origin, and uploads and promotions of the depot."""


@dataclass(frozen=True, slots=True)
class Load:
    """The units that one kind of write puts on one kind of partition key.

    units: of all keys of the kind, per write.
    busiest: of the busiest key that several writes share, per write; 0 if they share none.
    """

    write: str
    partition: str
    rate: int
    units: float
    busiest: float

    @property
    def per_second(self) -> float:
        """Units per second on the busiest key."""
        return self.busiest * self.rate

    @property
    def cells(self) -> list[str]:
        """The row of the table. Loads over a tenth of the limit are bold."""
        load = f"{self.per_second:,.0f}" if self.busiest else "spread"
        load = f"**{load}**" if self.per_second > NAMED else load
        return [self.write, f"`{self.partition}`", f"{self.rate:,}", f"{self.units:.2f}", load]


def loads(depot: Depot, number: int, dependencies: int) -> Iterator[Load]:
    """Yield the loads of all kinds of writes, each of which is sent `number` times."""
    writes = Writes(depot, number, 1, dependencies)
    of_one, of_many = (
        [archive for [archive] in several]
        for several in (writes.uploads_of_many_names(), writes.uploads_to_many_origins())
    )
    for scope, archives, uploads, promotions in (
        ("one origin", of_one, ORIGIN_RATE, ORIGIN_RATE),
        ("many origins", of_many, UPLOAD_RATE, PROMOTION_RATE),
    ):
        yield from _loads(depot, f"upload, {scope}", archives, [writes.upload(each) for each in archives], uploads)
        yield from _loads(depot, f"promote, {scope}", archives, [writes.promote(each) for each in archives], promotions)
        yield from _loads(depot, f"demote, {scope}", archives, [writes.demote(each) for each in archives], promotions)


def _loads(depot: Depot, name: str, archives: Sequence[Hart], writes: Sequence[Write], rate: int) -> Iterator[Load]:
    """Send writes one after the other, and yield their loads, the highest first."""
    units: Counter[str] = Counter()
    users: Counter[str] = Counter()
    for write in writes:
        with recorded_calls() as recorder:
            reply = write(depot)
        assert reply.status in (200, 201), reply
        units.update(recorder.units_by_partition)
        users.update(recorder.units_by_partition.keys())
    known = {part: word for archive in archives for part, word in _words(archive)}
    kinds: dict[str, list[str]] = {}
    for key in units:
        kinds.setdefault(_pattern(key, known), []).append(key)
    found = []
    for pattern, keys in kinds.items():
        total = sum(units[key] for key in keys)
        busiest: float = max((units[key] for key in keys if users[key] > 1), default=0)
        if pattern == EVENTS:
            busiest = total / shards_for(rate)
        found.append(Load(name, pattern, rate, total / len(writes), busiest / len(writes)))
    yield from sorted(found, key=lambda load: -load.busiest)


def _words(archive: Hart) -> list[tuple[str, str]]:
    ident = archive.ident
    return [(ident.origin, "origin"), (ident.name, "name"), (archive.target, "target")]


def _pattern(key: str, known: dict[str, str]) -> str:
    """Return a partition key with words in the place of names, such as `IDENTS#origin`."""
    kind, _, rest = key.partition("#")
    parts = [part for piece in rest.split("#") for part in piece.split("/")]
    return "#".join([kind, "/".join(known.get(part, "…") for part in parts)]) if rest else kind


def main() -> int:
    """Measure all kinds of writes, print the figures and write them to the document."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.partition_load")
    parser.add_argument("--writes", type=int, default=100, help="writes of each case")
    parser.add_argument("--dependencies", type=int, default=300, help="transitive dependencies of an archive")
    parser.add_argument("--print-only", action="store_true", help="do not write docs/PERFORMANCE.md")
    options = parser.parse_args()
    load_deferred()
    with an_engine(), without_logs():
        found = list(loads(Depot(Front(app)), options.writes, options.dependencies))
    over = sorted({f"`{load.partition}`" for load in found if load.per_second > NAMED})
    command = f"`python -m tests.perf.partition_load --writes {options.writes} --dependencies {options.dependencies}`"
    table = markdown(HEADINGS, [load.cells for load in found], texts=2)
    named = f"Over a tenth of the limit: {', '.join(over) or 'none'}."
    text = f"{command} on {datetime.now(UTC):%Y-%m-%d}:\n\n{table}\n\n{named}"
    publish(MARKERS, text, print_only=options.print_only)
    return 0


if __name__ == "__main__":
    sys.exit(main())
