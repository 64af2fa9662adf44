"""The engine's DynamoDB where moto had to be mended: atomic, all or nothing, as fast on a full table (design.md 4)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from local.moto_partitions import Partition
from tests.builders.cost import function_calls
from tests.builders.engine import an_engine
from tests.servers import aws, table_in, with_table

TABLE = "probe"


@pytest.fixture(scope="module")
def contested(nervous_engine):
    return table_in(nervous_engine)


def test_conditional_increments_of_sixteen_threads_lose_nothing(contested):
    dynamodb = contested
    key = _key("counter", "c")
    dynamodb.put_item(TableName=TABLE, Item={**key, "n": {"N": "0"}})

    def increment(_: int) -> int:
        """One increment by compare and swap, tried until it holds; returns the tries."""
        for tries in range(1, 1000):
            seen = dynamodb.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]["n"]
            try:
                dynamodb.update_item(
                    TableName=TABLE,
                    Key=key,
                    UpdateExpression="SET n = :next",
                    ConditionExpression="n = :seen",
                    ExpressionAttributeValues={":seen": seen, ":next": {"N": str(int(seen["N"]) + 1)}},
                )
            except dynamodb.exceptions.ConditionalCheckFailedException:
                continue
            return tries
        raise AssertionError("never got through")

    with ThreadPoolExecutor(16) as threads:
        tries = list(threads.map(increment, range(80)))

    assert dynamodb.get_item(TableName=TABLE, Key=key)["Item"]["n"] == {"N": "80"}
    assert max(tries) > 1, "the threads never met, so nothing was tested"


@pytest.mark.parametrize("attempt", range(5))
def test_of_sixteen_creators_one_wins(contested, attempt):
    name = f"race-{attempt}"

    def create(number: int) -> bool:
        try:
            _transact(contested, _put(name, "r", n=number, only_if="attribute_not_exists(pk)"))
        except contested.exceptions.TransactionCanceledException:
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        winners = [number for number, won in enumerate(threads.map(create, range(16))) if won]

    assert len(winners) == 1
    assert _row(contested, name, "r")["n"] == {"N": str(winners[0])}


def test_a_failed_condition_leaves_everything_as_it_was_and_says_which_and_why(dynamodb):
    _transact(dynamodb, _put("all", "old", n=1), _put("all", "changed", n=1), _put("all", "gone", n=1))
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
            {"Delete": {"TableName": TABLE, "Key": _key("all", "gone")}},
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
    assert {_row(dynamodb, "all", name)["n"]["N"] for name in ("old", "changed", "gone")} == {"1"}


def test_an_update_that_does_not_fit_takes_the_earlier_writes_back(dynamodb):
    _transact(dynamodb, _put("back", "text", v="words"), _put("back", "old", n=1), _put("back", "gone", n=1))
    adds = {
        "TableName": TABLE,
        "Key": _key("back", "text"),
        "UpdateExpression": "ADD v :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }

    with pytest.raises(ClientError):
        _transact(
            dynamodb,
            _put("back", "new", n=2),
            _put("back", "old", n=2),
            {"Delete": {"TableName": TABLE, "Key": _key("back", "gone")}},
            {"Update": adds},
        )

    assert _row(dynamodb, "back", "new") is None
    assert _row(dynamodb, "back", "old")["n"] == _row(dynamodb, "back", "gone")["n"] == {"N": "1"}
    assert _row(dynamodb, "back", "text")["v"] == {"S": "words"}


def test_one_row_may_not_be_meant_twice(dynamodb):
    with pytest.raises(ClientError) as refused:
        _transact(dynamodb, _put("twice", "t", n=1), {"Delete": {"TableName": TABLE, "Key": _key("twice", "t")}})

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert _row(dynamodb, "twice", "t") is None


def test_a_transaction_holds_a_hundred_operations_and_no_more(dynamodb):
    _transact(dynamodb, *[_put("hundred", f"{n}", n=n) for n in range(100)])

    with pytest.raises(ClientError) as refused:
        _transact(dynamodb, *[_put("more", f"{n}", n=n) for n in range(101)])

    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert len(_query(dynamodb, "hundred")) == 100
    assert _query(dynamodb, "more") == []
    gets = [{"Get": {"TableName": TABLE, "Key": _key("hundred", f"{n}")}} for n in range(100)]
    assert len(dynamodb.transact_get_items(TransactItems=gets)["Responses"]) == 100


def test_a_repeated_token_applies_once_and_other_content_under_it_is_refused(dynamodb):
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


def test_a_token_of_a_refused_transaction_may_be_used_again(dynamodb):
    items = [_put("again", "a", n=1, only_if="attribute_exists(pk)")]
    with pytest.raises(dynamodb.exceptions.TransactionCanceledException):
        dynamodb.transact_write_items(TransactItems=items, ClientRequestToken="tried")
    dynamodb.put_item(TableName=TABLE, Item={**_key("again", "a"), "n": {"N": "0"}})
    dynamodb.transact_write_items(TransactItems=items, ClientRequestToken="tried")

    assert _row(dynamodb, "again", "a")["n"] == {"N": "1"}


def test_pages_follow_one_another_in_both_directions_without_gap_or_repeat(dynamodb):
    names = [f"{n:03}" for n in range(57)]
    for name in names:
        dynamodb.put_item(TableName=TABLE, Item={**_key("pages", name)})

    assert [row["sk"]["S"] for row in _query(dynamodb, "pages", Limit=10)] == names
    assert [row["sk"]["S"] for row in _query(dynamodb, "pages", Limit=10, ScanIndexForward=False)] == names[::-1]


def test_a_page_ends_at_a_megabyte(dynamodb):
    for n in range(12):
        dynamodb.put_item(TableName=TABLE, Item={**_key("large", str(n)), "v": {"S": "x" * 200_000}})

    first = dynamodb.query(**_asked("large"))

    assert len(first["Items"]) == 4
    assert len(_query(dynamodb, "large")) == 12


def test_a_filter_counts_what_it_left_out(dynamodb):
    for n in range(10):
        dynamodb.put_item(TableName=TABLE, Item={**_key("filter", str(n)), "n": {"N": str(n)}})
    answer = dynamodb.query(
        TableName=TABLE,
        KeyConditionExpression="pk = :pk",
        FilterExpression="n > :n",
        ExpressionAttributeValues={":pk": {"S": "filter"}, ":n": {"N": "6"}},
        Limit=9,
    )

    assert (answer["Count"], answer["ScannedCount"]) == (2, 9)
    assert answer["LastEvaluatedKey"]["sk"] == {"S": "8"}


def test_a_projection_and_a_count_leave_the_rows_alone(dynamodb):
    dynamodb.put_item(TableName=TABLE, Item={**_key("project", "p"), "a": {"S": "1"}, "b": {"S": "2"}})

    assert _query(dynamodb, "project", ProjectionExpression="a") == [{"a": {"S": "1"}}]
    assert dynamodb.query(**_asked("project"), Select="COUNT")["Count"] == 1
    assert _row(dynamodb, "project", "p")["b"] == {"S": "2"}


def test_every_type_of_attribute_comes_back_as_it_went_in(dynamodb):
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


def test_reads_and_transactions_cost_the_same_on_a_full_table():
    def cost(dynamodb: Any) -> int:
        with function_calls() as calls:
            _query(dynamodb, "cost", Limit=1)
            _transact(dynamodb, *[_put("cost", str(n), n=n) for n in range(8)])
        return calls.made

    with an_engine():
        dynamodb = with_table(aws("dynamodb"))
        cost(dynamodb)  # the first one does more
        few = cost(dynamodb)
        for start in range(0, 1000, 25):
            puts = [{"PutRequest": {"Item": _key(f"fill-{n}", "f")}} for n in range(start, start + 25)]
            dynamodb.batch_write_item(RequestItems={TABLE: puts})

        assert cost(dynamodb) < 1.1 * few


COMPARISONS = {
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
    kept=st.lists(TEXTS, max_size=12),
    removed=st.lists(TEXTS, max_size=6),
    comparison=st.sampled_from(sorted(COMPARISONS)),
    low=TEXTS,
    high=TEXTS,
    after=st.none() | TEXTS,
    forward=st.booleans(),
)
def test_a_partition_gives_what_sorting_and_filtering_would(kept, removed, comparison, low, high, after, forward):
    from moto.dynamodb.models.dynamo_type import DynamoType, Item

    partition = Partition()
    for text in [*removed, *kept, *kept]:
        key = DynamoType({"S": text})
        partition[key] = Item(DynamoType({"S": "p"}), key, {"sk": {"S": text}})
    for text in set(removed) - set(kept):
        partition.pop(DynamoType({"S": text}))
    high = max(low, high)
    values = [low, high] if comparison == "BETWEEN" else [low]

    found = [item.range_key.value for item in partition.between(comparison, values, after, forward)]

    passing = [text for text in sorted(set(kept)) if COMPARISONS[comparison](text, low, high)]
    behind = [text for text in passing if after is None or (text > after if forward else text < after)]
    assert found == (behind if forward else behind[::-1])


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


def _asked(pk: str) -> dict[str, Any]:
    return {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": pk}},
        "ConsistentRead": True,
    }


def _query(dynamodb: Any, pk: str, **more: Any) -> list[dict[str, Any]]:
    pages = dynamodb.get_paginator("query").paginate(**_asked(pk), **more)
    return [row for page in pages for row in page["Items"]]
