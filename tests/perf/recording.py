"""One request with everything that it asks of AWS: calls, what they answered, and the capacity that they are billed.

Capacity is counted from the sizes of rows, as DynamoDB bills, because the engine's own figures are made up. A strongly
consistent read is 1 unit per 4 KB: of each row by key, and of all rows together that a Query looks at. A write is 1
unit per KB of the row's larger state, before or after; in a transaction twice that, conditions included.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSPreparedRequest
from botocore.client import BaseClient
from moto.backends import get_backend
from moto.core.botocore_stubber import BotocoreStubber
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local import moto_partitions
from local.front import Front
from tests.api.client import Depot, Reply

READ_BYTES, WRITE_BYTES = 4096, 1024
ACCOUNT, REGION = "123456789012", "us-east-1"
Attributes = Mapping[str, tuple[str, Any]]


@dataclass(frozen=True, slots=True)
class Exchange:
    """One call to AWS."""

    service: str
    operation: str
    parameters: dict[str, Any] = field(repr=False)
    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Recording:
    """A request: the event that the app was called with, its answer, and what happened in between."""

    event: dict[str, Any] = field(repr=False)
    status: int
    answer: bytes = field(repr=False)
    exchanges: list[Exchange]
    read_units: int
    write_units: int

    @property
    def calls(self) -> int:
        """How many calls to AWS it made."""
        return len(self.exchanges)


def recorded(app: Any, request: Callable[[Depot], Reply]) -> Recording:
    """Send a request to an app on the engine in this process, once warm, and keep what happens."""
    events: list[dict[str, Any]] = []

    def listening(event: dict[str, Any], context: Any) -> Any:
        events.append(event)
        return app(event, context)

    listening.routes = app.routes  # type: ignore[attr-defined]
    with _listening_to_aws() as heard:
        reply = request(Depot(Front(listening)))
    return Recording(events[-1], reply.status, reply.body, heard.exchanges, heard.read_units, heard.write_units)


@dataclass
class _Heard:
    exchanges: list[Exchange] = field(default_factory=list)
    read_units: int = 0
    write_units: int = 0


@contextmanager
def _listening_to_aws() -> Iterator[_Heard]:
    heard = _Heard()
    call, process, page = BaseClient._make_api_call, BotocoreStubber.process_request, moto_partitions._page
    asked: list[tuple[str, str, dict[str, Any]]] = []

    def heard_call(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
        kept = {name: value for name, value in parameters.items() if not hasattr(value, "read")}
        asked.append((client.meta.service_model.service_name, operation, kept))
        return call(client, operation, parameters)

    def heard_answer(stubber: Any, request: AWSPreparedRequest) -> Any:
        service, operation, parameters = asked[-1]
        rows = _rows_written(operation, parameters) if service == "dynamodb" else []
        before = [_bytes_at(*row) for row in rows]
        answer: Any = process(stubber, request)
        status, headers, body = answer
        content = body.encode() if isinstance(body, str) else bytes(body)
        heard.exchanges.append(Exchange(service, operation, parameters, status, dict(headers), content))
        if service == "dynamodb":
            heard.read_units += _read_by_key(operation, parameters, content)
            sizes = [max(old, _bytes_at(*row)) for old, row in zip(before, rows, strict=True)]
            each = 2 if operation == "TransactWriteItems" else 1
            heard.write_units += each * sum(ceil(max(size, 1) / WRITE_BYTES) for size in sizes)
        return answer

    def heard_page(rows: Iterator[Item], limit: int | None) -> Any:
        found = page(rows, limit)
        size = sum(_bytes(_attributes(item)) for item in found[0])
        heard.read_units += ceil(max(size, 1) / READ_BYTES)
        return found

    with (
        patch.object(BaseClient, "_make_api_call", heard_call),
        patch.object(BotocoreStubber, "process_request", heard_answer),
        patch.object(moto_partitions, "_page", heard_page),
    ):
        yield heard


def _read_by_key(operation: str, parameters: Mapping[str, Any], answer: bytes) -> int:
    """A row that is not there costs a unit as well."""
    if operation == "GetItem":
        return _read_units(json.loads(answer).get("Item", {}))
    if operation != "BatchGetItem":
        return 0
    asked = sum(len(table["Keys"]) for table in parameters["RequestItems"].values())
    found = [item for items in json.loads(answer)["Responses"].values() for item in items]
    return sum(_read_units(item) for item in found) + asked - len(found)


def _read_units(item: Mapping[str, Any]) -> int:
    return ceil(max(_bytes({name: next(iter(value.items())) for name, value in item.items()}), 1) / READ_BYTES)


def _rows_written(operation: str, parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Table, partition and sort key of every row that a call writes or holds to a condition."""
    match operation:
        case "PutItem":
            written = [(parameters["TableName"], parameters["Item"])]
        case "UpdateItem" | "DeleteItem":
            written = [(parameters["TableName"], parameters["Key"])]
        case "BatchWriteItem":
            requests = [(table, each) for table, several in parameters["RequestItems"].items() for each in several]
            written = [
                (table, each["PutRequest"]["Item"] if "PutRequest" in each else each["DeleteRequest"]["Key"])
                for table, each in requests
            ]
        case "TransactWriteItems":
            steps = [next(iter(item.values())) for item in parameters["TransactItems"]]
            written = [(step["TableName"], step.get("Item") or step["Key"]) for step in steps]
        case _:
            written = []
    return [(table, key["pk"]["S"], key["sk"]["S"]) for table, key in written]


def _bytes_at(table: str, pk: str, sk: str) -> int:
    partitions = get_backend("dynamodb")[ACCOUNT][REGION].tables[table].items
    item = partitions.get(DynamoType({"S": pk}), {}).get(DynamoType({"S": sk}))
    return 0 if item is None else _bytes(_attributes(item))


def _attributes(item: Item) -> Attributes:
    return {name: (value.type, value.value) for name, value in item.attrs.items()}


def _bytes(attributes: Attributes) -> int:
    return sum(len(name.encode()) + _value_bytes(*value) for name, value in attributes.items())


def _value_bytes(kind: str, value: Any) -> int:
    match kind:
        case "N":
            return len(str(value).strip("-").replace(".", "")) // 2 + 2
        case "B":
            return len(value) if isinstance(value, bytes) else len(value) * 3 // 4
        case "S":
            return len(value.encode())
        case "SS" | "NS" | "BS":
            return sum(_value_bytes(kind[0], each) for each in value)
        case _:
            return 1
