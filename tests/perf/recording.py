"""Records a request with its AWS calls, their responses, and the DynamoDB capacity that they consume.

Capacity is computed from row sizes as DynamoDB bills it, because moto's own figures are not realistic. A strongly
consistent read consumes 1 unit per 4 KB: of each row read by key, and of all rows of a Query together. A write consumes
1 unit per KB of the row before or after it, whichever is larger; each operation of a transaction, including condition
checks, consumes twice that.
"""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from unittest.mock import patch

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local import moto_partitions
from local.front import Front
from tests.api.client import Depot, Reply
from tests.environment import ON_ANOTHER_ENGINE
from tests.perf.process_memory import ProcessMemory

READ_UNIT_BYTES, WRITE_UNIT_BYTES = 4096, 1024
ACCOUNT, REGION = "123456789012", "us-east-1"
Attributes = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """An AWS call and its response."""

    service: str
    operation: str
    parameters: dict[str, Any] = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A request: the event passed to the app, the response, the AWS calls and the consumed capacity."""

    event: dict[str, Any] = field(repr=False)
    status: int
    body: bytes = field(repr=False)
    exchanges: list[Exchange]
    read_units: int
    write_units: int
    memory: ProcessMemory = field(repr=False)
    """What the process kept before the request."""

    @property
    def calls(self) -> int:
        """Number of AWS calls."""
        return len(self.exchanges)

    @property
    def object_reads(self) -> int:
        """Number of calls that read from the bucket."""
        return sum(exchange.operation == "GetObject" for exchange in self.exchanges)


def record(app: Any, send: Callable[[Depot], Reply]) -> Recording:
    """Send a request to an app that uses the engine in this process, and return its recording."""
    events: list[dict[str, Any]] = []
    memories: list[ProcessMemory] = []

    class RecordingApp:
        routes = app.routes

        def __call__(self, event: dict[str, Any], context: Any) -> Any:
            events.append(event)
            memories.append(ProcessMemory.of_this_process())
            return app(event, context)

    with recorded_calls() as recorder:
        reply = send(Depot(Front(RecordingApp())))
    return Recording(
        events[-1],
        reply.status,
        reply.body,
        recorder.exchanges,
        recorder.read_units,
        recorder.write_units,
        memories[-1],
    )


@dataclass
class Recorder:
    """The AWS calls of a block, with the capacity that they consume."""

    exchanges: list[Exchange] = field(default_factory=list)
    read_units: int = 0
    write_units: int = 0
    units_by_partition: Counter[str] = field(default_factory=Counter)
    """The write units of each partition key."""

    @property
    def operations(self) -> Counter[str]:
        """Number of calls by operation."""
        return Counter(exchange.operation for exchange in self.exchanges)


@contextmanager
def recorded_calls() -> Iterator[Recorder]:
    """Record the AWS calls made inside the block, of all threads. Skips the test on another engine."""
    if ON_ANOTHER_ENGINE:
        pytest.skip("counts the calls in the embedded engine")
    recorder = Recorder()
    make_api_call, process_request = BaseClient._make_api_call, BotocoreStubber.process_request
    page_of = moto_partitions._page
    started = threading.local()

    def record_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        without_files = {name: value for name, value in parameters.items() if not hasattr(value, "read")}
        started.call = (client.meta.service_model.service_name, operation, without_files)
        return make_api_call(client, operation, parameters)

    def record_response(stubber: Any, request: AWSPreparedRequest) -> Any:
        service, operation, parameters = started.call
        rows = _rows_written(operation, parameters) if service == "dynamodb" else []
        before = [_size_of_row(*row) for row in rows]
        response: Any = process_request(stubber, request)
        status, headers, body = response
        content = body.encode() if isinstance(body, str) else bytes(body)
        recorder.exchanges.append(Exchange(service, operation, parameters, status, dict(headers), content))
        if service == "dynamodb":
            recorder.read_units += _units_read_by_key(operation, parameters, content)
            sizes = [max(old, _size_of_row(*row)) for old, row in zip(before, rows, strict=True)]
            factor = 2 if operation == "TransactWriteItems" else 1
            for (_, pk, _), size in zip(rows, sizes, strict=True):
                units = factor * _units(size, WRITE_UNIT_BYTES)
                recorder.write_units += units
                recorder.units_by_partition[pk] += units
        return response

    def record_page(items: Iterator[Item], limit: int | None) -> Any:
        page = page_of(items, limit)
        recorder.read_units += _units(sum(_size(_attributes(item)) for item in page[0]), READ_UNIT_BYTES)
        return page

    with (
        patch.object(BaseClient, "_make_api_call", record_call),
        patch.object(BotocoreStubber, "process_request", record_response),
        patch.object(moto_partitions, "_page", record_page),
    ):
        yield recorder


def _units(size: int, unit: int) -> int:
    """Return the capacity units of a size in bytes, at least one: a missing row costs one unit."""
    return ceil(max(size, 1) / unit)


def _units_read_by_key(operation: str, parameters: Mapping[str, Any], body: bytes) -> int:
    if operation == "GetItem":
        return _read_units(json.loads(body).get("Item", {}))
    if operation != "BatchGetItem":
        return 0
    keys = sum(len(table["Keys"]) for table in parameters["RequestItems"].values())
    items = [item for items in json.loads(body)["Responses"].values() for item in items]
    return sum(_read_units(item) for item in items) + keys - len(items)


def _read_units(item: Mapping[str, Any]) -> int:
    return _units(_size({name: next(iter(value.items())) for name, value in item.items()}), READ_UNIT_BYTES)


def _rows_written(operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return table, partition key and sort key of all rows that a call writes or checks."""
    match operation:
        case "PutItem":
            rows = [(parameters["TableName"], parameters["Item"])]
        case "UpdateItem" | "DeleteItem":
            rows = [(parameters["TableName"], parameters["Key"])]
        case "BatchWriteItem":
            requests = [(table, each) for table, several in parameters["RequestItems"].items() for each in several]
            rows = [
                (table, each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"])
                for table, each in requests
            ]
        case "TransactWriteItems":
            operations = [next(iter(item.values())) for item in parameters["TransactItems"]]
            rows = [(each["TableName"], each.get("Item") or each["Key"]) for each in operations]
        case _:
            rows = []
    return [(table, row["pk"]["S"], row["sk"]["S"]) for table, row in rows]


def _size_of_row(table: str, pk: str, sk: str) -> int:
    partitions = get_backend("dynamodb")[ACCOUNT][REGION].tables[table].items
    item = partitions.get(DynamoType({"S": pk}), {}).get(DynamoType({"S": sk}))
    return 0 if item is None else _size(_attributes(item))


def _attributes(item: Item) -> Attributes:
    return {name: (value.type, value.value) for name, value in item.attrs.items()}


def _size(attributes: Attributes) -> int:
    return sum(len(name.encode()) + _size_of_value(*value) for name, value in attributes.items())


def _size_of_value(kind: str, value: Any) -> int:
    match kind:
        case "N":
            return len(str(value).strip("-").replace(".", "")) // 2 + 2
        case "B":
            return len(value) if isinstance(value, bytes) else len(value) * 3 // 4
        case "S":
            return len(value.encode())
        case "SS" | "NS" | "BS":
            return sum(_size_of_value(kind[0], each) for each in value)
        case _:
            return 1
