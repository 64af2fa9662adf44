"""`python -m tests.perf.long_changes --packages 5000 10000`: what long changes cost (docs/PERFORMANCE.md).

A bulk promotion and the deletion of its target, in requests and in steps of the state machine, and the hints of an
upload. The engine runs in this process, so the seconds are those of both; calls and capacity do not depend on the
machine.
"""

import argparse
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tests import environment

# The service reads the environment when it is imported.
environment.use()

from chalicelib.catalog import package_rows, package_texts, steps
from chalicelib.catalog.lists import list_folding
from chalicelib.catalog.steps import Observed
from chalicelib.channels import service
from chalicelib.channels.bulk import service as bulk
from chalicelib.channels.bulk.service import BulkChange
from chalicelib.channels.errors import BulkUnfinished
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.long_changes import steps as machine
from chalicelib.origins import service as origins
from chalicelib.packages import pending_hints
from chalicelib.platform.change import Change
from chalicelib.platform.table import put_many
from tests.builders.bulk import changes
from tests.builders.engine import an_engine
from tests.builders.package_requests import UPLOADER
from tests.perf.recording import recorded_calls

LINUX = Target.X86_64_LINUX
RELEASES_PER_NAME = 20
HINTS = 4_000
HEADINGS = """| change | packages | where | calls | read units | write units | seconds |
| --- | ---: | --- | ---: | ---: | ---: | ---: |"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.perf.long_changes", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--packages", type=int, nargs="+", default=[5_000, 10_000])
    print(HEADINGS)
    with an_engine():
        for packages in parser.parse_args().packages:
            of_channels(packages)
        of_hints()


def of_channels(packages: int) -> None:
    """Promote all packages of a channel to another one, and delete that."""
    origin = filled(packages)
    promotion = BulkChange(ChannelOperation.PROMOTE, origin, "from", "to", UPLOADER)
    with figures("bulk promotion", packages, "the request"), suppress(BulkUnfinished):
        bulk.apply(promotion)
    follow(origin, "bulk promotion", packages)
    with figures("bulk promotion", packages, "a repeat after the end"):
        bulk.apply(promotion)
    list_folding.fold(origin)
    with figures("deletion of a channel", packages, "the request"):
        service.delete(origin, "to", UPLOADER)
    follow(origin, "deletion of a channel", packages)


def follow(origin: str, change: str, packages: int) -> None:
    """Carry out the steps of the newest change until it has ended."""
    row = changes(origin)[-1]
    if not row.is_running:
        return
    event = {"kind": row.kind, "origin": origin, "id": str(row.id), "generation": 1, "rounds": 0}
    with figures(change, packages, "the steps"):
        while machine.run(event)["next"] != "end":
            pass


def of_hints() -> None:
    """Write the hints of an upload."""
    ident = PackageIdent("long-hints", "needy", "1", "1")
    key, package = pending_hints.pending_key(LINUX, 1), package_rows.package_key(ident, LINUX)
    lists = package_texts.PackageLists().packed()
    row = package_rows.PackageRow(package.pk, package.sk, id=1, ident=str(ident), lists=lists, owner_id=1, checksum="")
    row.size, row.package_type, row.is_a_service, row.artifact = 1, "standard", False, "a"
    row.created_at = row.updated_at = ""
    put_many([row])
    with Change() as change:
        pending_hints.add(change, ident, LINUX, 1, [("core", f"dep-{number}") for number in range(HINTS)])
    with figures(f"{HINTS:,} hints", 1, "the steps"):
        while not pending_hints.resume(f"{LINUX}-{int(key.sk)}", machine.SECONDS):
            pass


def filled(packages: int) -> str:
    """Return an origin with packages, all of them in `unstable` and in `from`."""
    origin = f"long-{packages}"
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    service.create(origin, "from", UPLOADER)
    standing = Standing({LINUX: Placement(Visibility.PUBLIC, frozenset({"unstable", "from"}))})
    idents = dict.fromkeys(range(-(-packages // RELEASES_PER_NAME)), 0)
    for number in range(packages):
        name = number // RELEASES_PER_NAME
        ident = PackageIdent(origin, f"name-{name:05}", f"1.{number % RELEASES_PER_NAME}", "20240101000000")
        observed = Observed(ident, Standing({}), None, idents[name], idents[name], log_id=None)
        idents[name] += 1
        with Change() as change:
            steps.step(change, observed, standing)
        if number % 500 == 499:
            list_folding.fold(origin)
    list_folding.fold(origin)
    return origin


@contextmanager
def figures(change: str, packages: int, where: str) -> Iterator[None]:
    """Print the figures of what the block does."""
    began = time.perf_counter()
    with recorded_calls() as recorder:
        yield
    seconds = time.perf_counter() - began
    calls, read, written = len(recorder.exchanges), recorder.read_units, recorder.write_units
    print(f"| {change} | {packages:,} | {where} | {calls:,} | {read:,} | {written:,} | {seconds:.0f} |", flush=True)


if __name__ == "__main__":
    main()
