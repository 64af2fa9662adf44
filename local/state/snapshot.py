"""A consistent copy of the table of DynamoDB Local, and what its rows name."""

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from local.state.folder import StateUnusable


def copy_database(source: Path, target: Path) -> None:
    """Copy the database of a table that may be in use. The copy has the state of one moment. Raises StateUnusable.

    SQLite copies within one read transaction. The write-ahead log lets writers continue meanwhile.
    """
    if not source.exists():
        raise StateUnusable(f"{source} does not exist; name the folder of `make run STATE=folder`")
    target.unlink(missing_ok=True)
    with _opened(source) as database, _opened(target) as copy:
        database.backup(copy)
        damage = copy.execute("PRAGMA integrity_check").fetchone()[0]
    if damage != "ok":
        raise StateUnusable(f"the copy of {source} is damaged: {damage}")


def named_objects(database: Path, table: str) -> set[str]:
    """Return the keys of the objects that the rows of a table name."""
    with _opened(database) as opened:
        rows = opened.execute(
            f"SELECT DISTINCT json_extract(CAST(ObjectJSON AS TEXT), '$.artifact.S') FROM {_quoted(table)}"  # noqa: S608 - quoted
        )
        return {key for (key,) in rows if key}


def digest_of_rows(database: Path, table: str) -> tuple[int, str]:
    """Return the number of rows of a table, and a digest over all of them."""
    digest, number = hashlib.sha256(), 0
    with _opened(database) as opened:
        for number, row in enumerate(_rows(opened, table), 1):  # noqa: B007 - the last number is the result
            for value in row:
                content = value if isinstance(value, bytes) else str(value).encode()
                digest.update(len(content).to_bytes(8, "big") + content)
    return number, digest.hexdigest()


def _rows(database: sqlite3.Connection, table: str) -> Iterator[tuple[bytes | str, ...]]:
    columns = "hashKey, rangeKey, ObjectJSON"
    yield from database.execute(f"SELECT {columns} FROM {_quoted(table)} ORDER BY hashKey, rangeKey")  # noqa: S608 - quoted


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, timeout=60)) as database:
        yield database


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
