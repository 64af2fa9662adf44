"""The proof that copies are equal to what they were made from: digests of tables, and the objects that rows name.

Everything is read once and page by page, in parallel, so memory does not grow with the table.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from msgspec import Struct, field

from infra.restore.clients import CONCURRENCY, client
from infra.restore.source import Copies, Source

DIGEST_BYTES = 32
BOX = "BOX-1\n"
"""The beginning of an encrypted value. The next line is the full name of its builder key (accounts.md 7.5)."""

PACKAGES, TEXTS = "RELEASES#", "TEXTS#"
"""The partitions whose rows name objects (catalog/package_rows.py)."""

SHOWN = 20
CHUNK_BYTES = 1 << 20


class Contents(Struct):
    """What a table, or a part of it, contains. The digest does not depend on the order of rows."""

    rows: int = 0
    digest: int = 0
    keys: set[str] = field(default_factory=set)
    objects: int = 0
    faults: list[str] = field(default_factory=list)

    def add(self, item: dict[str, Any]) -> None:
        """Count a row."""
        self.rows += 1
        self.digest = (self.digest + _digest(item)) % (1 << (8 * DIGEST_BYTES))
        self.keys |= {value.split("\n")[1] for value in _texts(item) if value.startswith(BOX)}

    def join(self, other: "Contents") -> None:
        """Add another part of the table."""
        self.rows, self.objects = self.rows + other.rows, self.objects + other.objects
        self.digest = (self.digest + other.digest) % (1 << (8 * DIGEST_BYTES))
        self.keys |= other.keys
        self.faults += other.faults[: SHOWN - len(self.faults)]

    @property
    def hexadecimal(self) -> str:
        """The digest as text."""
        return f"{self.digest:0{2 * DIGEST_BYTES}x}"


class Report(Struct, frozen=True):
    """What was found. `source` is the table of the source now, which differs if it was changed after the time."""

    source: Contents
    copy: Contents
    missing_keys: list[str]

    @property
    def is_equal(self) -> bool:
        """Whether both tables have the same rows."""
        return (self.source.rows, self.source.digest) == (self.copy.rows, self.copy.digest)

    @property
    def is_whole(self) -> bool:
        """Whether all named objects exist as the rows say, and all encrypted values have their builder key."""
        return not self.copy.faults and not self.missing_keys

    def lines(self) -> Iterator[str]:
        """Yield the report."""
        yield f"source  {self.source.rows:>12,} rows  {self.source.hexadecimal}"
        yield f"copy    {self.copy.rows:>12,} rows  {self.copy.hexadecimal}"
        yield f"tables are {'equal' if self.is_equal else 'different'}"
        yield f"{self.copy.objects:,} objects are named by rows of the copy"
        yield from self.copy.faults
        yield from (f"builder key {name} is missing" for name in self.missing_keys)


def compare(source: Source, copies: Copies, *, hashed: bool) -> Report:
    """Compare the copies with their source; `hashed`: read all archives and compare their checksums.

    Raises ClientError.
    """
    original = contents_of(source.table)
    copy = contents_of(copies.table, _ObjectCheck(copies.bucket, hashed=hashed))
    return Report(original, copy, missing_keys(copy.keys, source.builder_key))


def missing_keys(names: set[str], secret: str) -> list[str]:
    """Return those of some full names of builder keys that a secret does not have. Raises ClientError."""
    value = client("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    return sorted(name for name in names if name not in value)


def contents_of(table: str, check: "Callable[[dict[str, Any]], str | None] | None" = None) -> Contents:
    """Return what a table contains. `check` returns the fault of the object that a row names, or an empty text.

    Raises ClientError.
    """
    whole = Contents()
    client("dynamodb")
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        for part in threads.map(lambda segment: _part(table, segment, check), range(CONCURRENCY)):
            whole.join(part)
    return whole


def _part(table: str, segment: int, check: Callable[[dict[str, Any]], str | None] | None) -> Contents:
    part = Contents()
    pages = client("dynamodb").get_paginator("scan")
    for page in pages.paginate(TableName=table, Segment=segment, TotalSegments=CONCURRENCY, ConsistentRead=True):
        for item in page["Items"]:
            part.add(item)
            fault = None if check is None else check(item)
            if fault is not None:
                part.objects += 1
                part.faults += [fault] if fault and len(part.faults) < SHOWN else []
    return part


class _ObjectCheck:
    """The check of the objects that rows name."""

    def __init__(self, bucket: str, *, hashed: bool) -> None:
        self._bucket, self._hashed = bucket, hashed
        client("s3")

    def __call__(self, item: dict[str, Any]) -> str | None:
        """Return None if a row names no object, otherwise what is wrong with the object, or an empty text."""
        partition = item["pk"]["S"]
        if not partition.startswith((PACKAGES, TEXTS)) or "artifact" not in item:
            return None
        key, size = item["artifact"]["S"], item.get("size", {}).get("N")
        try:
            return self._fault(key, None if size is None else int(size), item.get("checksum", {}).get("S"))
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in ("404", "NoSuchKey"):
                raise
            return f"missing: {key}"

    def _fault(self, key: str, size: int | None, checksum: str | None) -> str:
        stored = client("s3").head_object(Bucket=self._bucket, Key=key)["ContentLength"]
        if size is not None and stored != size:
            return f"{stored:,} bytes instead of {size:,}: {key}"
        if self._hashed and checksum is not None and self._checksum(key) != checksum:
            return f"wrong checksum: {key}"
        return ""

    def _checksum(self, key: str) -> str:
        digest = hashlib.blake2b(digest_size=32)
        for chunk in client("s3").get_object(Bucket=self._bucket, Key=key)["Body"].iter_chunks(CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()


def _digest(item: dict[str, Any]) -> int:
    text = json.dumps(_sorted(item), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return int.from_bytes(hashlib.sha256(text.encode()).digest())


def _sorted(value: Any) -> Any:
    """Return a value as JSON with the members of sets in order."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if not isinstance(value, dict):
        return [_sorted(member) for member in value] if isinstance(value, list) else value
    return {
        kind: sorted(map(_sorted, inner)) if kind in ("SS", "NS", "BS") and isinstance(inner, list) else _sorted(inner)
        for kind, inner in value.items()
    }


def _texts(item: dict[str, Any]) -> Iterator[str]:
    return (value["S"] for value in item.values() if "S" in value)
