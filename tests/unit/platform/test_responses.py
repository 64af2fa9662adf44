"""Responses of DynamoDB: the parser of rows returns what botocore's own parser returns."""

import json
from typing import Any

import pytest
from botocore.exceptions import ResponseStreamingError
from botocore.parsers import JSONParser
from botocore.session import get_session

from chalicelib.platform.responses import RowsParser

VALUES = {
    "text": {"S": "caf\u00e9"},
    "number": {"N": "12.5"},
    "bytes": {"B": "AAEC"},
    "flag": {"BOOL": False},
    "nothing": {"NULL": True},
    "texts": {"SS": ["a", "b"]},
    "numbers": {"NS": ["1"]},
    "blobs": {"BS": ["AAEC", ""]},
    "list": {"L": [{"S": "a"}, {"M": {"deep": {"B": "AAEC"}}}]},
    "map": {"M": {"inner": {"L": []}}},
}
RESPONSES = {
    "GetItem": {"Item": VALUES},
    "BatchGetItem": {
        "Responses": {"rows": [VALUES, {"pk": {"S": "a"}}], "none": []},
        "UnprocessedKeys": {"rows": {"Keys": [{"pk": {"S": "a"}, "sk": {"S": "b"}}], "ConsistentRead": True}},
    },
    "Query": {"Items": [VALUES, {}], "Count": 2, "ScannedCount": 3, "LastEvaluatedKey": {"pk": {"S": "a"}}},
    "UpdateItem": {"Attributes": VALUES},
    "PutItem": {"Attributes": VALUES},
    "TransactWriteItems": {},
}
OPERATIONS = get_session().get_service_model("dynamodb")


def parsed(parser: JSONParser, operation: str, body: bytes, status: int = 200) -> dict[str, Any]:
    """Return the members of a response as a parser returns them."""
    response = {"body": body, "status_code": status, "headers": {"x-amzn-requestid": "1"}}
    members: dict[str, Any] = parser.parse(response, OPERATIONS.operation_model(operation).output_shape)
    return {name: value for name, value in members.items() if name != "ResponseMetadata"}


@pytest.mark.parametrize("operation", RESPONSES)
@pytest.mark.parametrize("is_empty", [False, True])
def test_a_response_is_parsed_as_botocore_parses_it(operation: str, is_empty: bool) -> None:
    body = json.dumps({} if is_empty else RESPONSES[operation]).encode()

    assert parsed(RowsParser(), operation, body) == parsed(JSONParser(), operation, body)


def test_a_member_that_the_service_does_not_use_is_left_out() -> None:
    body = json.dumps({"Item": VALUES, "ConsumedCapacity": {"CapacityUnits": 1.5}, "Later": [1]}).encode()

    assert list(parsed(RowsParser(), "GetItem", body)) == ["Item"]


def test_an_error_is_parsed_by_botocore() -> None:
    body = json.dumps(
        {
            "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
            "message": "cancelled",
            "CancellationReasons": [{"Code": "ConditionalCheckFailed", "Item": {"a": {"B": "AAEC"}}}],
        }
    ).encode()

    error = parsed(RowsParser(), "TransactWriteItems", body, status=400)

    assert error == parsed(JSONParser(), "TransactWriteItems", body, status=400)
    assert error["Error"]["Code"] == "TransactionCanceledException"


@pytest.mark.parametrize("body", [b"", b'{"Item": {"pk": {"S"', b"<html>", b"[]"])
def test_a_response_that_is_not_complete_is_a_failure_and_not_a_missing_row(body: bytes) -> None:
    with pytest.raises(ResponseStreamingError):
        parsed(RowsParser(), "GetItem", body)
