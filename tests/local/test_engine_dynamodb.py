"""The engine's DynamoDB where moto is patched: atomicity, transactions, and cost on a full table."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from local.moto_partitions import Partition
from tests.builders.cost import function_calls
from tests.builders.engine import an_engine
from tests.servers import Server, aws, create_table, with_table

TABLE = "probe"


@pytest.fixture(scope="module")
def racing_dynamodb(preemptive_engine: Server) -> Any:
    """A DynamoDB client of the preemptive engine, which has a table `probe`."""
    return create_table(preemptive_engine)


def test_no_conditional_increment_of_sixteen_threads_is_lost(racing_dynamodb: Any) -> None:
    dynamodb = racing_dynamodb
    key = _key("counter", "c")
    dynamodb.put_item(TableName=TABLE, Item={**key, "n": {"N": "0"}})

    def increment(_: int) -> int:
        """Increment by compare and swap, and return the number of attempts."""
        for attempts in range(1, 1000):
            current = dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]["n"]
            try:
                dynamodb.update_item(
                    TableName=TABLE,
                    Key=key,
                    UpdateExpression="SET n = :next",
                    ConditionExpression="n = :current",
                    ExpressionAttributeValues={":current": current, ":next": {"N": str(int(current["N"]) + 1)}},
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                continue
            return attempts
        raise AssertionError("the increment never succeeded")

    with ThreadPoolExecutor(16) as threads:
        attempts = list(threads.map(increment, range(80)))

    assert dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["n"] == {"N": "80"}
    assert max(attempts) > 1, "there was no conflict between threads, so nothing was tested"


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_sixteen_transactions_creates_an_item(racing_dynamodb: Any, attempt: int) -> None:
    name = f"race-{attempt}"

    def create(number: int) -> bool:
        try:
            _transact(racing_dynamodb, _put(name, "r", n=number, only_if="attribute_not_exists(pk)"))
        except racing_dynamodb.exceptions.TransactionCanceledException:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        winners = [number for number, created in enumerate(threads.map(create, range(16))) if created]

    assert len(winners) == 1
    assert _row(racing_dynamodb, name, "r")["n"] == {"N": str(winners[0])}


def test_a_failed_condition_changes_nothing_and_returns_a_reason_per_operation(dynamodb: Any) -> None:
    _transact(dynamodb, _put("all", "old", n=1), _put("all", "changed", n=1), _put("all", "deleted", n=1))
    update = {
        "TableName": TABLE,
        "Key": _key("all", "changed"),
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": {"N": "2"}},
    }

    with pytest.raises(dynamodb.exceptions.TransactionCanceledException) as refused:
        _transact(
            dynamodb,
            _put("all", "new", n=2),
            {"Update": update},
            {"Delete": {"TableName": TABLE, "Key": _key("all", "deleted")}},
            _put("all", "old", n=2, only_if="attribute_not_exists(pk)", old="ALL_OLD"),
            {
                "ConditionCheck": {
                    "TableName": TABLE,
                    "Key": _key("all", "x"),
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
        )

    reasons = refused.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None"] * 3 + ["ConditionalCheckFailed"] * 2
    assert reasons[3]["Item"] == {**_key("all", "old"), "n": {"N": "1"}}
    assert "Item" not in reasons[4]
    assert _row(dynamodb, "all", "new") is None
    assert {_row(dynamodb, "all", name)["n"]["N"] for name in ("old", "changed", "deleted")} == {"1"}


def test_an_update_of_the_wrong_type_undoes_the_earlier_writes(dynamodb: Any) -> None:
    _transact(dynamodb, _put("undo", "text", v="words"), _put("undo", "old", n=1), _put("undo", "deleted", n=1))
    add = {
        "TableName": TABLE,
        "Key": _key("undo", "text"),
        "UpdateExpression": "ADD v :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    with pytest.raises(ClientError):
        _transact(
            dynamodb,
            _put("undo", "new", n=2),
            _put("undo", "old", n=2),
            {"Delete": {"TableName": TABLE, "Key": _key("undo", "deleted")}},
            {"Update": add},
        )

    assert _row(dynamodb, "undo", "new") is None
    assert _row(dynamodb, "undo", "old")["n"] == _row(dynamodb, "undo", "deleted")["n"] == {"N": "1"}
    assert _row(dynamodb, "undo", "text")["v"] == {"S": "words"}


def test_a_transaction_with_two_operations_on_one_item_is_refused(dynamodb: Any) -> None:
    with pytest.raises(ClientError) as refused:
        _transact(dynamodb, _put("twice", "t", n=1), {"Delete": {"TableName": TABLE, "Key": _key("twice", "t")}})

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert _row(dynamodb, "twice", "t") is None


def test_a_transaction_has_at_most_100_operations(dynamodb: Any) -> None:
    _transact(dynamodb, *[_put("hundred", f"{n}", n=n) for n in range(100)])

    with pytest.raises(ClientError) as refused:
        _transact(dynamodb, *[_put("more", f"{n}", n=n) for n in range(101)])

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert len(_query(dynamodb, "hundred")) == 100
    assert _query(dynamodb, "more") == []
    gets = [{"Get": {"TableName": TABLE, "Key": _key("hundred", f"{n}")}} for n in range(100)]
    assert len(dynamodb.transact_get_items(TransactItems=gets)["Responses"]) == 100


def test_a_repeated_token_is_applied_once_and_refused_with_other_operations(dynamodb: Any) -> None:
    add = {
        "TableName": TABLE,
        "Key": _key("token", "t"),
        "UpdateExpression": "ADD n :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }
    for _ in range(3):
        dynamodb.transact_write_items(TransactItems=[{"Update": add}], ClientRequestToken="once-only")

    assert _row(dynamodb, "token", "t")["n"] == {"N": "1"}
    with pytest.raises(dynamodb.exceptions.IdempotentParameterMismatchException):
        dynamodb.transact_write_items(TransactItems=[_put("token", "u", n=1)], ClientRequestToken="once-only")


def test_the_token_of_a_failed_transaction_can_be_reused(dynamodb: Any) -> None:
    items = [_put("again", "a", n=1, only_if="attribute_exists(pk)")]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=items, ClientRequestToken="tried")
    dynamodb.put_item(TableName=TABLE, Item={**_key("again", "a"), "n": {"N": "0"}})
    dynamodb.transact_write_items(TransactItems=items, ClientRequestToken="tried")

    assert _row(dynamodb, "again", "a")["n"] == {"N": "1"}


def test_pages_in_both_directions_contain_each_item_once(dynamodb: Any) -> None:
    names = [f"{n:03}" for n in range(57)]
    for name in names:
        dynamodb.put_item(TableName=TABLE, Item={**_key("pages", name)})

    assert [row["sk"]["S"] for row in _query(dynamodb, "pages", Limit=10)] == names
    assert [row["sk"]["S"] for row in _query(dynamodb, "pages", Limit=10, ScanIndexForward=False)] == names[::-1]


def test_a_page_holds_at_most_a_megabyte(dynamodb: Any) -> None:
    for n in range(12):
        dynamodb.put_item(TableName=TABLE, Item={**_key("large", str(n)), "v": {"S": "x" * 200_000}})

    first = dynamodb.query(**_query_of("large"))

    assert len(first["Items"]) == 4
    assert len(_query(dynamodb, "large")) == 12


def test_filtered_items_count_as_scanned(dynamodb: Any) -> None:
    for n in range(10):
        dynamodb.put_item(TableName=TABLE, Item={**_key("filter", str(n)), "n": {"N": str(n)}})
    page = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        FilterExpression="n > :n",
        ExpressionAttributeValues={":pk": {"S": "filter"}, ":n": {"N": "6"}},
        Limit=9,
    )

    assert (page["Count"], page["ScannedCount"]) == (2, 9)
    assert page["LastEvaluatedKey"]["sk"] == {"S": "8"}


def test_a_projection_and_a_count_do_not_change_the_item(dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={**_key("project", "p"), "a": {"S": "1"}, "b": {"S": "2"}})

    assert _query(dynamodb, "project", ProjectionExpression="a") == [{"a": {"S": "1"}}]
    assert dynamodb.query(**_query_of("project"), Select="COUNT")["Count"] == 1
    assert _row(dynamodb, "project", "p")["b"] == {"S": "2"}


def test_every_attribute_type_is_returned_unchanged(dynamodb: Any) -> None:
    attributes: dict[str, Any] = {
        "s": {"S": "caf\u00e9"},
        "n": {"N": "-12.5"},
        "b": {"B": bytes(range(256))},
        "bool": {"BOOL": False},
        "null": {"NULL": True},
        "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]},
        "bs": {"BS": [b"\x00", b"\xff"]},
        "empty": {"S": ""},
        "list": {"L": [{"S": "x"}, {"M": {"deep": {"B": b"\x01"}}}, {"L": []}]},
        "map": {"M": {"k": {"L": [{"N": "1"}]}, "e": {"M": {}}}},
    }
    dynamodb.put_item(TableName=TABLE, Item={**_key("types", "t"), **attributes})
    expected = {**_key("types", "t"), **attributes}

    assert _row(dynamodb, "types", "t") == expected
    assert _query(dynamodb, "types") == [expected]
    batch = dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [_key("types", "t")]}})
    assert batch["Responses"][TABLE] == [expected]


def test_queries_and_transactions_cost_the_same_on_a_full_table() -> None:
    def cost(dynamodb: Any) -> int:
        with function_calls() as calls:
            _query(dynamodb, "cost", Limit=1)
            _transact(dynamodb, *[_put("cost", str(n), n=n) for n in range(8)])
        return calls.made

    with an_engine():
        dynamodb = with_table(aws("dynamodb"))
        cost(dynamodb)  # the first calls fill caches
        empty = cost(dynamodb)
        for start in range(0, 1000, 25):
            puts = [{"PutRequest": {"Item": _key(f"fill-{n}", "f")}} for n in range(start, start + 25)]
            dynamodb.batch_write_item(RequestItems={TABLE: puts})

        assert cost(dynamodb) < 1.1 * empty


COMPARISONS: dict[str, Callable[[str, str, str], bool]] = {
    "=": lambda text, low, _: text == low,
    "<": lambda text, low, _: text < low,
    "<=": lambda text, low, _: text <= low,
    ">": lambda text, low, _: text > low,
    ">=": lambda text, low, _: text >= low,
    "BEGINS_WITH": lambda text, low, _: text.startswith(low),
    "BETWEEN": lambda text, low, high: low <= text <= high,
}
TEXTS = st.text("ab\u00e9\U0001f600", max_size=4)


@given(
    texts=st.lists(TEXTS, max_size=12),
    removed=st.lists(TEXTS, max_size=6),
    comparison=st.sampled_from(sorted(COMPARISONS)),
    low=TEXTS,
    high=TEXTS,
    after=st.none() | TEXTS,
    forward=st.booleans(),
)
def test_a_partition_returns_the_same_as_sorting_and_filtering(
    texts: list[str], removed: list[str], comparison: str, low: str, high: str, after: str | None, forward: bool
) -> None:
    partition = Partition()
    for text in [*removed, *texts, *texts]:
        key = DynamoType({"S": text})
        partition[key] = Item(DynamoType({"S": "p"}), key, {"sk": {"S": text}})
    for text in set(removed) - set(texts):
        partition.pop(DynamoType({"S": text}))
    high = max(low, high)
    values = [low, high] if comparison == "BETWEEN" else [low]

    items = partition.between(comparison, values, after, forward)

    matching = [text for text in sorted(set(texts)) if COMPARISONS[comparison](text, low, high)]
    expected = [text for text in matching if after is None or (text > after if forward else text < after)]
    assert _range_keys(items) == (expected if forward else expected[::-1])


def _range_keys(items: Iterable[Item]) -> list[str]:
    return [item.range_key.value for item in items if item.range_key is not None]


def _key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _put(pk: str, sk: str, n: int = 0, v: str = "", only_if: str = "", old: str = "") -> dict[str, Any]:
    put: dict[str, Any] = {"TableName": TABLE, "Item": {**_key(pk, sk), "n": {"N": str(n)}}}
    if v:
        put["Item"]["v"] = {"S": v}
    if only_if:
        put["ConditionExpression"] = only_if
    if old:
        put["ReturnValuesOnConditionCheckFailure"] = old
    return {"Put": put}


def _transact(dynamodb: Any, *items: dict[str, Any]) -> None:
    dynamodb.transact_write_items(TransactItems=list(items))


def _row(dynamodb: Any, pk: str, sk: str) -> Any:
    return dynamodb.get_item(TableName=TABLE, Key=_key(pk, sk), ConsistentRead=True).get("Item")


def _query_of(pk: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }


def _query(dynamodb: Any, pk: str, **more: Any) -> list[dict[str, Any]]:
    pages = dynamodb.get_paginator("query").paginate(**_query_of(pk), **more)
    return [row for page in pages for row in page["Items"]]
