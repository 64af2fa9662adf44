"""`python -m tests.perf.upload_races`: count races of two uploads after which a row names bytes it does not describe.

Two uploads of one ident with different bytes run in threads. After both have found that the ident does not exist, their
steps (store the bytes, write the rows) run in a random order given by a seed. Two kinds of object keys are compared:
one key per ident, as in the contract, and one per upload, which contains the upload's id (docs/DECISIONS.md).
"""

import argparse
import hashlib
import itertools
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import BinaryIO
from unittest.mock import patch

from chalicelib.catalog import package_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service as origins
from chalicelib.packages import artifacts
from chalicelib.packages.errors import ReleaseExists
from chalicelib.packages.upload import publish
from chalicelib.packages.upload_checks import Upload
from chalicelib.platform.change import Change
from chalicelib.platform.table import read
from tests.builders.engine import an_engine
from tests.builders.hart import a_hart
from tests.builders.waiting import PATIENCE

RACERS = 2
LINUX = Target.X86_64_LINUX
_numbers = itertools.count(1)


@dataclass
class Schedule:
    """A random order of the steps of all racers. Each racer has two steps and may leave before it has done them."""

    seed: int
    _order: list[int] = field(init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._order = [racer for racer in range(RACERS) for _ in ("store", "write")]
        random.Random(self.seed).shuffle(self._order)

    def wait(self, racer: int) -> None:
        """Wait until the next step is this racer's. Raises TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._order[0] == racer, PATIENCE):
                raise TimeoutError(f"racer {racer} waited for its step")

    def end_step(self, racer: int) -> None:
        """Remove this racer's current step."""
        with self._changed:
            self._order.remove(racer)
            self._changed.notify_all()

    def leave(self, racer: int) -> None:
        """Remove this racer's remaining steps."""
        with self._changed:
            self._order = [other for other in self._order if other != racer]
            self._changed.notify_all()


@dataclass
class RacingSource:
    """The source of a racing upload. It waits for its steps."""

    number: int
    content: bytes
    schedule: Schedule
    start: threading.Barrier

    def open(self) -> BinaryIO:
        """Return the bytes, after all racers have found that the ident does not exist."""
        self.start.wait(PATIENCE)
        return BytesIO(self.content)

    def store(self, key: str) -> None:
        """Store the bytes in one step."""
        self.schedule.wait(self.number)
        artifacts.put(key, BytesIO(self.content))
        self.schedule.end_step(self.number)

    def settle(self, change: Change) -> None:
        """Wait for the step in which the rows are written."""
        self.schedule.wait(self.number)


def is_mismatched(origin: str, owner_id: int, seed: int) -> bool:
    """Race two uploads of a new ident. Returns True if the row then names bytes that it does not describe."""
    ident = PackageIdent(origin, f"raced-{next(_numbers)}", "1.0", "20240101000000")
    schedule, start = Schedule(seed), threading.Barrier(RACERS)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        hart = a_hart(origin=origin, name=ident.name, version="1.0", release=ident.release, payload=bytes([number]))
        upload = Upload(ident, LINUX, hart.checksum, forced=False, uploader_id=owner_id)
        try:
            publish(upload, RacingSource(number, hart.content, schedule, start))
        except ReleaseExists:
            pass  # one of the two uploads has to fail
        except BaseException as problem:  # noqa: BLE001 - raised in the main thread
            failures.append(problem)
        finally:
            schedule.leave(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    row = read(package_rows.package_key(ident, LINUX))
    if row is None:
        raise LookupError(f"{ident} was not published by either racer")
    content = artifacts.read(row.artifact)
    return hashlib.blake2b(content, digest_size=32).hexdigest() != row.checksum


@contextmanager
def one_key_per_ident() -> Iterator[None]:
    """Use the object keys of the contract inside the block."""

    def key_of(ident: PackageIdent, target: Target, upload_id: str) -> str:
        return f"{ident}/{target.path}/{ident.archive_name(target)}"

    with patch.object(artifacts, "key_of", key_of):
        yield


def count_mismatches(origin: str, owner_id: int, races: int) -> int:
    """Run races with the seeds from 0 on, and return how many end with mismatched bytes."""
    return sum(is_mismatched(origin, owner_id, seed) for seed in range(races))


def create_origin(name: str) -> tuple[str, int]:
    """Create an origin and return its name and the id of its owner."""
    by = Session(find_or_create("bobo", "bobo@example.com"), "bobo", SessionFlags(0))
    origins.create(name, Visibility.PUBLIC, by)
    return name, by.account_id


def main() -> None:
    """Print the number of mismatches for both kinds of keys."""
    parser = argparse.ArgumentParser(prog="python -m tests.perf.upload_races")
    parser.add_argument("--races", type=int, default=200, help="number of races (default %(default)s)")
    races = parser.parse_args().races
    with an_engine():
        origin = create_origin("races")
        with one_key_per_ident():
            print(f"one key per ident: {count_mismatches(*origin, races)} of {races} races end with mismatched bytes")
        print(f"one key per upload: {count_mismatches(*origin, races)} of {races}")


if __name__ == "__main__":
    main()
