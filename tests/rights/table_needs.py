"""What the operations of DynamoDB need permission for.

AWS compares the partition keys of all rows of a request with the condition `dynamodb:LeadingKeys`. A batch is one
request, so one statement must permit all of its rows. A transaction needs the permission of each of its parts.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from tests.rights.needs import Need, OperationUnmapped, Parameters, need
from tests.rights.policies import table_arn


def on_row(action: str) -> Callable[[Parameters], list[Need]]:
    """Return the needs of an operation on one row."""
    return lambda parameters: [_on_rows(action, parameters["TableName"], [_key_of(parameters)])]


def on_table(action: str) -> Callable[[Parameters], list[Need]]:
    """Return the needs of an operation on the table. It has no partition keys, so `dynamodb:LeadingKeys` is missing."""
    return lambda parameters: [need(action, table_arn(parameters["TableName"]))]


def query(parameters: Parameters) -> list[Need]:
    """Return the needs of a Query, which reads one partition. A Query of an index needs a right on the index."""
    of_table = _on_rows("dynamodb:Query", parameters["TableName"], [{"pk": _partition_of(parameters)}])
    index = parameters.get("IndexName")
    return [of_table if index is None else replace(of_table, resource=f"{of_table.resource}/index/{index}")]


def batch_get(parameters: Parameters) -> list[Need]:
    """Return the needs of a BatchGetItem."""
    tables = parameters["RequestItems"].items()
    return [_on_rows("dynamodb:BatchGetItem", table, wanted["Keys"]) for table, wanted in tables]


def batch_write(parameters: Parameters) -> list[Need]:
    """Return the needs of a BatchWriteItem. Puts and deletions need the same action."""
    tables = parameters["RequestItems"].items()
    return [
        _on_rows("dynamodb:BatchWriteItem", table, [_key_of(part) for each in parts for part in each.values()])
        for table, parts in tables
    ]


_TRANSACTION_ACTIONS = {
    "ConditionCheck": "dynamodb:ConditionCheckItem",
    "Put": "dynamodb:PutItem",
    "Update": "dynamodb:UpdateItem",
    "Delete": "dynamodb:DeleteItem",
    "Get": "dynamodb:GetItem",
}


def transaction(parameters: Parameters) -> list[Need]:
    """Return the needs of the parts of a transaction. There is no permission for transactions themselves."""
    return [
        _on_rows(_TRANSACTION_ACTIONS[kind], part["TableName"], [_key_of(part)])
        for item in parameters["TransactItems"]
        for kind, part in item.items()
    ]


def _on_rows(action: str, table: str, keys: Iterable[Mapping[str, Any]]) -> Need:
    on_table = need(action, table_arn(table))
    leading = tuple(sorted({key["pk"]["S"] for key in keys}))
    return replace(on_table, context={**on_table.context, "dynamodb:LeadingKeys": leading})


def _key_of(part: Parameters) -> Mapping[str, Any]:
    key: Mapping[str, Any] = part["Item"] if "Item" in part else part["Key"]
    return key


def _partition_of(parameters: Parameters) -> Mapping[str, str]:
    """Return the value with which the key condition of a Query compares the partition key."""
    names = parameters.get("ExpressionAttributeNames", {})
    for name, value in re.findall(r"([#\w]+)\s*=\s*(:\w+)", parameters["KeyConditionExpression"]):
        if names.get(name, name) == "pk":
            partition: Mapping[str, str] = parameters["ExpressionAttributeValues"][value]
            return partition
    raise OperationUnmapped(f"a Query with the condition {parameters['KeyConditionExpression']}")
