"""Update expressions, which the engine parses once and then applies to each item."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

TABLE = "probe"


def update(dynamodb: Any, sk: str, expression: str, **values: dict[str, Any]) -> Any:
    """Update an item and return its attributes besides the key."""
    values_by_name = {"ExpressionAttributeValues": {f":{name}": value for name, value in values.items()}}
    answer = dynamodb.update_item(
        TableName=TABLE,
        Key={"pk": {"S": "expressions"}, "sk": {"S": sk}},
        UpdateExpression=expression,
        ReturnValues="ALL_NEW",
        **(values_by_name if values else {}),
    )
    return {name: value for name, value in answer["Attributes"].items() if name not in ("pk", "sk")}


def test_a_repeated_expression_is_applied_to_each_item_with_its_own_values(dynamodb: Any) -> None:
    expression = "SET n = if_not_exists(n, :first) + :more ADD s :members"

    one = update(dynamodb, "one", expression, first={"N": "1"}, more={"N": "2"}, members={"SS": ["a"]})
    two = update(dynamodb, "two", expression, first={"N": "10"}, more={"N": "20"}, members={"SS": ["b"]})
    again = update(dynamodb, "one", expression, first={"N": "5"}, more={"N": "4"}, members={"SS": ["c"]})

    assert one == {"n": {"N": "3"}, "s": {"SS": ["a"]}}
    assert two == {"n": {"N": "30"}, "s": {"SS": ["b"]}}
    assert again["n"] == {"N": "7"}
    assert sorted(again["s"]["SS"]) == ["a", "c"]


def test_removals_from_a_list_can_be_repeated(dynamodb: Any) -> None:
    letters = {"L": [{"S": letter} for letter in "abcdef"]}
    update(dynamodb, "list", "SET l = :all", all=letters)

    for left in (["b", "d", "e", "f"], ["d", "f"]):
        found = update(dynamodb, "list", "REMOVE l[0], l[2]")
        assert [each["S"] for each in found["l"]["L"]] == left


def test_a_malformed_or_failing_expression_is_refused_each_time(dynamodb: Any) -> None:
    update(dynamodb, "text", "SET n = :text", text={"S": "words"})

    for expression, values in (("SET n = n + :one", {"one": {"N": "1"}}), ("SET n =", {}), ("SET n = :missing", {})):
        for _ in range(2):
            with pytest.raises(ClientError, match="ValidationException"):
                update(dynamodb, "text", expression, **values)
    assert update(dynamodb, "text", "SET m = n") == {"n": {"S": "words"}, "m": {"S": "words"}}
