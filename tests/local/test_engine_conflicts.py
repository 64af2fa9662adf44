"""Conflicts of requests that overlap in time on one row: every pair of operations, and what each refusal looks like."""

import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import product
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import DynamoDBBackend, dynamodb_backends

from local.moto_conflicts import conflicts
from tests.builders import direct_calls
from tests.builders.engine import an_engine
from tests.builders.names import a_name
from tests.builders.waiting import PATIENCE
from tests.servers import ENGINE, aws, create_table, running, with_table

TABLE = "probe"
Body = dict[str, Any]
KINDS: dict[str, str] = {
    "Put": "TransactWriteItems",
    "Update": "TransactWriteItems",
    "Delete": "TransactWriteItems",
    "ConditionCheck": "TransactWriteItems",
    "Get": "TransactGetItems",
    "PutItem": "PutItem",
    "UpdateItem": "UpdateItem",
    "DeleteItem": "DeleteItem",
    "BatchPut": "BatchWriteItem",
    "BatchDelete": "BatchWriteItem",
    "GetItem": "GetItem",
    "BatchGetItem": "BatchGetItem",
    "Query": "Query",
}
"""The operation of each kind of use of a row."""

WRITES = ("Put", "Update", "Delete", "ConditionCheck")
SINGLES = ("PutItem", "UpdateItem", "DeleteItem", "BatchPut", "BatchDelete")
READS = ("GetItem", "BatchGetItem", "Query")
REFUSED = {
    *product(WRITES, (*WRITES, "Get", *SINGLES)),  # the kind in progress, and the later one
    *product(("Get",), WRITES),
    *product(SINGLES, (*WRITES, "Get")),
}


@pytest.fixture(params=["short", "long"])
def dynamodb(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the engine in this process, by the short cut of the tests, and by moto's imitation of a server."""
    if request.param == "long":
        monkeypatch.setattr(direct_calls, "SHORT", frozenset())
    with an_engine():
        client = aws("dynamodb")
        with suppress(ClientError):  # another file may have left it in the engine that all share
            client.delete_table(TableName=TABLE)
        yield with_table(client)
        client.delete_table(TableName=TABLE)
        assert conflicts.used_rows == 0


def body_of(kind: str, *names: str, free: str = "") -> Body:
    """Return a request that uses the rows of some names, and a free one if the operation has several rows."""
    keys = [_key(name) for name in (free or a_name("free"), *names)]
    items = [{**key, "v": {"B": b"\x00\xff"}} for key in keys]
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"B": b"\x00\xff"}}}
    absent = {"ConditionExpression": "attribute_not_exists(never)"}
    of_partition = {"KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": keys[-1]["pk"]}}
    bodies: dict[str, Body] = {
        "Put": _transaction("Put", [{"Item": item} for item in items]),
        "Update": _transaction("Update", [{"Key": key, **update} for key in keys]),
        "ConditionCheck": _transaction("ConditionCheck", [{"Key": key, **absent} for key in keys]),
        "Delete": _transaction("Delete", [{"Key": key} for key in keys]),
        "Get": _transaction("Get", [{"Key": key} for key in keys]),
        "PutItem": {"TableName": TABLE, "Item": items[-1]},
        "UpdateItem": {"TableName": TABLE, "Key": keys[-1], **update},
        "DeleteItem": {"TableName": TABLE, "Key": keys[-1]},
        "BatchPut": {"RequestItems": {TABLE: [{"PutRequest": {"Item": item}} for item in items]}},
        "BatchDelete": {"RequestItems": {TABLE: [{"DeleteRequest": {"Key": key}} for key in keys]}},
        "GetItem": {"TableName": TABLE, "Key": keys[-1]},
        "BatchGetItem": {"RequestItems": {TABLE: {"Keys": keys}}},
        "Query": {"TableName": TABLE, **of_partition},
    }
    return bodies[kind]


def _transaction(kind: str, requests: list[Body]) -> Body:
    return {"TransactItems": [{kind: {"TableName": TABLE, **request}} for request in requests]}


@contextmanager
def in_progress(kind: str, body: Body) -> Iterator[None]:
    """Let a request be in progress during the block, without what it writes."""
    with conflicts.registered(KINDS[kind], body, _backend()):
        yield


def answer_to(client: Any, kind: str, body: Body) -> Any:
    """Return the answer to a request that another thread sends."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(client._make_api_call, KINDS[kind], body).result(PATIENCE)


def refusal_of(client: Any, kind: str, body: Body) -> Body | None:
    """Return the error of a request, or None if it succeeds. Entries of a batch are unprocessed instead."""
    try:
        answer = answer_to(client, kind, body)
    except ClientError as problem:
        return dict(problem.response)
    return answer if answer.get("UnprocessedItems") else None


@pytest.mark.parametrize(("earlier", "later"), sorted(product(KINDS, KINDS)))
def test_the_later_of_two_requests_on_one_row_is_refused_where_dynamodb_does_so(
    dynamodb: Any, earlier: str, later: str
) -> None:
    row, free = a_name("row"), a_name("free")
    with in_progress(earlier, body_of(earlier, row)):
        refusal = refusal_of(dynamodb, later, body_of(later, row, free=free))
        elsewhere = refusal_of(dynamodb, later, body_of(later, a_name("row")))

    assert (refusal is not None) == ((earlier, later) in REFUSED)
    assert elsewhere is None
    assert refusal_of(dynamodb, later, body_of(later, row)) is None, "nothing is in progress any more"
    if refusal is not None:
        _check_form(later, refusal, row)
        assert _row(dynamodb, free) == ({} if later != "BatchPut" else {**_key(free), "v": {"B": b"\x00\xff"}})


def _check_form(later: str, refusal: Body, row: str) -> None:
    if later in (*WRITES, "Get"):
        assert refusal["Error"]["Code"] == "TransactionCanceledException"
        assert [reason["Code"] for reason in refusal["CancellationReasons"]] == ["None", "TransactionConflict"]
    elif later == "BatchPut":
        put = {"PutRequest": {"Item": {**_key(row), "v": {"B": b"\x00\xff"}}}}
        assert refusal["UnprocessedItems"] == {TABLE: [put]}
    elif later == "BatchDelete":
        assert refusal["UnprocessedItems"] == {TABLE: [{"DeleteRequest": {"Key": _key(row)}}]}
    else:
        assert refusal["Error"]["Code"] == "TransactionConflictException"


def test_the_conditions_of_a_refused_transaction_are_not_judged(dynamodb: Any) -> None:
    row, absent = a_name("row"), a_name("absent")
    check = {"TableName": TABLE, "Key": _key(absent), "ConditionExpression": "attribute_exists(pk)"}
    body = {"TransactItems": [{"ConditionCheck": check}, *body_of("Put", row)["TransactItems"]]}
    with in_progress("Put", body_of("Put", row)):
        refusal = refusal_of(dynamodb, "Put", body)

    assert refusal is not None
    assert [reason["Code"] for reason in refusal["CancellationReasons"]] == ["None", "None", "TransactionConflict"]


def test_a_refused_request_uses_no_row(dynamodb: Any) -> None:
    row, other = a_name("row"), a_name("other")
    with in_progress("Put", body_of("Put", row)), in_other_thread("Put", body_of("Put", row, other)):
        assert refusal_of(dynamodb, "Put", body_of("Put", other)) is None


def test_the_rows_of_a_batch_that_is_refused_in_part_are_released(dynamodb: Any) -> None:
    row, other = a_name("row"), a_name("other")
    with in_progress("Put", body_of("Put", row)), in_other_thread("BatchPut", body_of("BatchPut", row, other)):
        assert refusal_of(dynamodb, "Put", body_of("Put", other)) is not None

    assert refusal_of(dynamodb, "Put", body_of("Put", other)) is None


def test_a_row_stays_in_use_until_the_last_of_several_writes_ends(dynamodb: Any) -> None:
    row = a_name("row")
    with in_progress("PutItem", body_of("PutItem", row)):
        with in_other_thread("UpdateItem", body_of("UpdateItem", row)):
            pass
        assert refusal_of(dynamodb, "Put", body_of("Put", row)) is not None


def test_a_transaction_lasts_as_long_as_is_set(dynamodb: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = a_name("row")
    passed: list[float] = []
    refusals: list[Any] = []

    def sleep(seconds: float) -> None:
        passed.append(seconds)
        refusals.append(refusal_of(dynamodb, "PutItem", body_of("PutItem", row)))

    monkeypatch.setattr(conflicts, "seconds", 0.01)
    monkeypatch.setattr(conflicts, "sleep", sleep)
    dynamodb.transact_write_items(**body_of("Put", row))
    dynamodb.put_item(**body_of("PutItem", row))

    assert passed == [0.01], "single writes do not last"
    assert refusals[0]["Error"]["Code"] == "TransactionConflictException"


@pytest.mark.parametrize("items", [101, 2])
def test_rows_are_released_after_a_request_that_fails(dynamodb: Any, items: int) -> None:
    row = a_name("row")
    bodies = [
        {"TransactItems": body_of("Put", row)["TransactItems"][1:] * items},  # too many, or twice the same row
        {**body_of("PutItem", row), "ConditionExpression": "attribute_exists(never)"},
        {**body_of("PutItem", row), "ConditionExpression": "no condition"},
        {"TransactItems": [{"Put": {"TableName": TABLE, "Item": {"pk": {"S": row}}}}]},
    ]
    for kind, body in zip(("Put", "PutItem", "PutItem", "Put"), bodies, strict=True):
        assert refusal_of(dynamodb, kind, body) is not None

    assert conflicts.used_rows == 0
    assert refusal_of(dynamodb, "Put", body_of("Put", row)) is None


def test_a_repeat_of_a_transaction_in_progress_is_refused_as_such(dynamodb: Any) -> None:
    row, token = a_name("row"), a_name("token")
    body = {**body_of("Put", row), "ClientRequestToken": token}
    other = {**body_of("Put", a_name("row")), "ClientRequestToken": token}
    with in_progress("Put", body):
        repeat, reuse = refusal_of(dynamodb, "Put", body), refusal_of(dynamodb, "Put", other)
        assert refusal_of(dynamodb, "Put", {**other, "ClientRequestToken": a_name("token")}) is None

    assert repeat is not None
    assert repeat["Error"]["Code"] == "TransactionInProgressException"
    assert reuse is not None
    assert reuse["Error"]["Code"] == "IdempotentParameterMismatchException"
    assert refusal_of(dynamodb, "Put", body) is None


def test_a_repeat_of_a_transaction_that_succeeded_does_not_conflict(dynamodb: Any) -> None:
    row = a_name("row")
    body = {**body_of("Put", row), "ClientRequestToken": a_name("token")}
    assert refusal_of(dynamodb, "Put", body) is None

    with in_progress("Put", body_of("Put", row)):
        assert refusal_of(dynamodb, "Put", body) is None


def test_threads_that_meet_on_one_row_are_refused_and_lose_no_write() -> None:
    """Through the server: a transaction uses its rows while it waits for the lock of the calls, and for its length."""
    with running("engine", ENGINE, {"ENGINE_TRANSACTION_MS": "30"}) as engine:
        dynamodb = create_table(engine)
        start = threading.Barrier(8)
        add = {"UpdateExpression": "ADD n :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
        update = {"Update": {"TableName": TABLE, "Key": _key("counter"), **add}}

        def adds(_: int) -> list[str]:
            outcomes = []
            for _ in range(3):
                start.wait(PATIENCE)
                try:
                    dynamodb.transact_write_items(TransactItems=[update])
                    outcomes.append("")
                except dynamodb.exceptions.TransactionCanceledException as problem:
                    outcomes += [reason["Code"] for reason in problem.response["CancellationReasons"]]
            return outcomes

        with ThreadPoolExecutor(8) as threads:
            outcomes = [outcome for several in threads.map(adds, range(8)) for outcome in several]

        assert set(outcomes) == {"", "TransactionConflict"}
        assert _row(dynamodb, "counter")["n"] == {"N": str(outcomes.count(""))}


@contextmanager
def in_other_thread(kind: str, body: Body) -> Iterator[None]:
    """Let a request be in progress in another thread, during the block."""
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        with in_progress(kind, body):
            begun.set()
            over.wait(PATIENCE)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(PATIENCE)
    try:
        yield
    finally:
        over.set()
        thread.join()


def _backend() -> DynamoDBBackend:
    backend: DynamoDBBackend = dynamodb_backends["123456789012"]["us-east-1"]
    return backend


def _key(name: str) -> Body:
    return {"pk": {"S": name}, "sk": {"S": "r"}}


def _row(dynamodb: Any, name: str) -> Mapping[str, Any]:
    row: Mapping[str, Any] = dynamodb.get_item(TableName=TABLE, Key=_key(name), ConsistentRead=True).get("Item", {})
    return row
