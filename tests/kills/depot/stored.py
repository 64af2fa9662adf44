"""`python -m tests.kills.depot.stored URL ORIGIN...`: compare the rows in an engine with the model of an origin.

The rows are copied into an engine in this process first, where `tests/builders/shelf.py` reads them. Prints the faults,
one per line.
"""

import os
import sys
import traceback
from collections.abc import Iterator
from typing import Any

from botocore.session import get_session

from tests import environment

TABLE, BUCKET = "bldr", "bldr-artifacts"

URL = os.environ.pop("ENGINE_URL", "")
environment.use(BLDR_STAGE="test", BLDR_TABLE=TABLE, BLDR_BUCKET=BUCKET, BLDR_BUILDER_KEY_SECRET="bldr-builder-key")

from moto.backends import get_backend

from chalicelib.catalog.lists import list_folding
from tests.builders.engine import an_engine
from tests.builders.rows import partition_rows, partitions
from tests.builders.shelf import Shelf, assert_consistent, stored_rows, stored_totals


def main() -> None:
    """Print the faults of each origin."""
    client = _client("dynamodb")
    items = [
        item
        for page in client.get_paginator("scan").paginate(TableName=TABLE, ConsistentRead=True)
        for item in page["Items"]
    ]
    with an_engine():
        table = get_backend("dynamodb")["123456789012"]["us-east-1"].tables[TABLE]
        for item in items:
            table.put_item(item)
        for origin in sys.argv[1:]:
            for fault in _faults(origin):
                print(f"{origin}: {fault}")
        for pk in partitions():
            if pk.startswith("EVENTS#"):
                left = [sk for sk in partition_rows(pk) if sk.startswith(("EVENT#", "CHANGED#"))]
                if left:
                    print(f"{pk} has {len(left)} rows that were not folded, from {left[0]} on")


def _faults(origin: str) -> Iterator[str]:
    try:
        shelf = assert_consistent(origin)
    except AssertionError:
        yield from _differences(origin)
        yield traceback.format_exc(limit=1).replace("\n", " | ")[-1500:]
        shelf = Shelf.read(origin)
    log = partition_rows(f"LIST-CHANGES#{origin}")
    if len(log) > list_folding.LONG_LOG:
        yield f"{len(log)} changes of lists were not folded"
    objects = _objects(origin)
    found = 0
    for pk in partitions():
        if pk.startswith(f"RELEASES#{origin}/"):
            for row in partition_rows(pk).values():
                found += 1
                if row["artifact"] not in objects:
                    yield f"the archive of {row['ident']} is missing"
    if found != len(shelf.packages):
        yield f"{found} rows of {len(shelf.packages)} packages"


def _differences(origin: str) -> Iterator[str]:
    shelf = Shelf.read(origin)
    stored, expected = stored_rows(origin), shelf.rows
    for key in sorted(stored.keys() | expected.keys()):
        if stored.get(key) != expected.get(key):
            yield f"row {key} is {stored.get(key)}, not {expected.get(key)}"
    totals = stored_totals(origin)
    for name in sorted(totals.keys() | shelf.totals.keys()):
        if totals.get(name) != shelf.totals.get(name):
            yield f"list {name} has totals {totals.get(name)}, not {shelf.totals.get(name)}"


def _objects(origin: str) -> set[str]:
    pages = _client("s3").get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{origin}/")
    return {found["Key"] for page in pages for found in page.get("Contents", ())}


def _client(service: str) -> Any:
    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    return get_session().create_client(service, "us-east-1", endpoint_url=URL, **keys)


if __name__ == "__main__":
    main()
