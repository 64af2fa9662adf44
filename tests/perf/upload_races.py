"""`python -m tests.perf.upload_races`: how often two racing uploads leave a row that names other bytes than it should.

Two uploads of one ident with different bytes run in threads whose steps (store the bytes, write the rows) are taken in
a seeded order, after both have found the ident free. Compared are a key that is the same for every upload of an ident,
as the contract has it, and ours, which holds the upload's id (docs/DECISIONS.md).
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
from chalicelib.packages.upload import Upload, publish
from chalicelib.platform.change import Change
from chalicelib.platform.table import read
from tests.builders.hart import a_hart
from tests.builders.waiting import PATIENCE

RACERS = 2
LINUX = Target.X86_64_LINUX
_names = itertools.count(1)


@dataclass
class Turns:
    """Who may go next, in a seeded order; each racer has two turns, and gives up those that it does not need."""

    seed: int
    _order: list[int] = field(init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self._order = [racer for racer in range(RACERS) for _ in ("store", "write")]
        random.Random(self.seed).shuffle(self._order)

    def wait(self, racer: int) -> None:
        """Until it is this one's turn."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._order[0] == racer, PATIENCE):
                raise TimeoutError(f"racer {racer} never had its turn")

    def end(self, racer: int) -> None:
        """This one's turn is over."""
        with self._changed:
            self._order.remove(racer)
            self._changed.notify_all()

    def leave(self, racer: int) -> None:
        """This one takes no more turns."""
        with self._changed:
            self._order = [other for other in self._order if other != racer]
            self._changed.notify_all()


@dataclass
class Racer:
    """The source of one of the racing uploads, which waits for its turns."""

    number: int
    content: bytes
    turns: Turns
    start: threading.Barrier

    def open(self) -> BinaryIO:
        """The bytes, once all racers have found the ident free."""
        self.start.wait(PATIENCE)
        return BytesIO(self.content)

    def store(self, key: str) -> None:
        """Put them under their key in one turn."""
        self.turns.wait(self.number)
        artifacts.put(key, BytesIO(self.content))
        self.turns.end(self.number)

    def settle(self, change: Change) -> None:
        """The rows are about to be written, in another turn."""
        self.turns.wait(self.number)


def wrong_bytes(origin: str, owner_id: int, seed: int) -> bool:
    """Race two uploads of a new ident; True if the row then names other bytes than those that it describes."""
    ident = PackageIdent(origin, f"raced-{next(_names)}", "1.0", "20240101000000")
    turns, start = Turns(seed), threading.Barrier(RACERS)
    failed: list[BaseException] = []

    def run(number: int) -> None:
        hart = a_hart(origin=origin, name=ident.name, version="1.0", release=ident.release, payload=bytes([number]))
        announced = Upload(ident, LINUX, hart.checksum, forced=False, uploader_id=owner_id)
        try:
            publish(announced, Racer(number, hart.content, turns, start))
        except ReleaseExists:
            pass  # one of them has to lose
        except BaseException as problem:  # noqa: BLE001 - told by the main thread
            failed.append(problem)
        finally:
            turns.leave(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    row = read(package_rows.package_key(ident, LINUX))
    if row is None:
        raise LookupError(f"{ident}: no racer has published it")
    content = artifacts.read(row.artifact)
    return hashlib.blake2b(content, digest_size=32).hexdigest() != row.checksum


@contextmanager
def one_key_per_ident() -> Iterator[None]:
    """The key of an archive as the contract has it."""

    def key_of(ident: PackageIdent, target: Target, upload_id: str) -> str:
        return f"{ident}/{target.path}/{ident.archive_name(target)}"

    with patch.object(artifacts, "key_of", key_of):
        yield


def count_wrong(origin: str, owner_id: int, races: int) -> int:
    """How many of so many seeded races end with wrong bytes."""
    return sum(wrong_bytes(origin, owner_id, seed) for seed in range(races))


def an_origin_for_races(name: str) -> tuple[str, int]:
    """A new origin, and the id of its owner."""
    by = Session(find_or_create("bobo", "bobo@example.com"), "bobo", SessionFlags(0))
    origins.create(name, Visibility.PUBLIC, by)
    return name, by.account_id


def main() -> None:
    """Print both figures."""
    from tests.builders.engine import an_engine

    parser = argparse.ArgumentParser(prog="python -m tests.perf.upload_races")
    parser.add_argument("--races", type=int, default=200)
    races = parser.parse_args().races
    with an_engine():
        place = an_origin_for_races("races")
        with one_key_per_ident():
            print(f"one key per ident: {count_wrong(*place, races)} of {races} races end with other bytes")
        print(f"one key per upload: {count_wrong(*place, races)} of {races}")


if __name__ == "__main__":
    main()
