"""What the table does with faults: one transaction under one token, batches to their end, and time within bounds."""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from pynamodb.attributes import NumberAttribute

from chalicelib.platform import aws, retry_budget, table
from chalicelib.platform.change import Change, Stale, again_when_stale
from chalicelib.platform.table import (
    Key,
    Row,
    StoreRefused,
    StoreUnavailable,
    count,
    delete_many,
    put_many,
    read,
    read_many,
    rows,
)
from tests.builders.engine import an_engine
from tests.builders.names import a_name
from tests.faults.injector import (
    BUSY,
    THROTTLED,
    Wire,
    cancelled,
    everything,
    faults,
    lost,
    now_and_then,
    once,
    refused,
    silent,
    unprocessed,
    unreachable,
)

BUDGET = retry_budget.SECONDS + aws.READ_SECONDS


class NumberRow(Row):
    """Some row."""

    number = NumberAttribute()


@pytest.fixture(autouse=True, scope="module")
def _engine() -> Iterator[None]:
    with an_engine():
        yield


def some_rows(size: int) -> tuple[str, list[NumberRow]]:
    pk = a_name("numbers")
    return pk, [NumberRow(pk, f"{number:04}", number=number) for number in range(size)]


def keys_of(several: list[NumberRow]) -> list[Key[NumberRow]]:
    return [Key(NumberRow, row.pk, row.sk) for row in several]


def adding(row: NumberRow, otherwise: Exception | None = None) -> Change:
    change = Change()
    change.add(row, otherwise)
    return change


def tokens(wire: Wire) -> set[str]:
    return {json.loads(sent.body)["ClientRequestToken"] for sent in wire.tries}


@pytest.mark.parametrize("name", BUSY)
def test_a_transaction_keeps_its_token_from_try_to_try(name: str) -> None:
    _, [row] = some_rows(1)

    with faults(once(1, BUSY[name])) as wire:
        adding(row).commit()

    assert [sent.number for sent in wire.tries] == [1, 2]
    assert len(tokens(wire)) == 1
    assert read(Key(NumberRow, row.pk, row.sk)) is not None


def test_transactions_have_tokens_of_their_own() -> None:
    _, several = some_rows(3)

    with faults() as wire:
        for row in several:
            adding(row).commit()

    assert len(tokens(wire)) == 3


def test_a_lost_answer_is_no_conflict_with_ourselves() -> None:
    _, [row] = some_rows(1)

    with faults(lambda sent: lost if sent.number < 5 else None) as wire:
        adding(row, otherwise=KeyError("taken")).commit()

    assert len(wire.tries) == 5


def test_a_failed_condition_is_told_at_once_also_beside_a_conflict() -> None:
    _, [row] = some_rows(1)

    with faults(once(1, cancelled("ConditionalCheckFailed"))) as wire, pytest.raises(KeyError):
        adding(row, otherwise=KeyError("taken")).commit()
    assert len(wire.tries) == 1

    change = adding(row, otherwise=KeyError("taken"))
    change.delete(Key(NumberRow, row.pk, "other"))
    conflict = cancelled("TransactionConflict", "ConditionalCheckFailed")  # deletes are sent before puts
    with faults(once(1, conflict)) as wire, pytest.raises(KeyError):
        change.commit()
    assert len(wire.tries) == 1


@pytest.mark.parametrize("fault", [refused(400, "ValidationException"), cancelled("ValidationError")])
def test_a_wrong_request_is_not_sent_again(fault: object) -> None:
    _, [row] = some_rows(1)

    with faults(everything(fault)) as wire, pytest.raises(StoreRefused):  # type: ignore[arg-type]
        adding(row).commit()

    assert len(wire.tries) == 1


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException", "UnrecognizedClientException"])
def test_what_does_not_pass_is_not_waited_for(code: str) -> None:
    _, [row] = some_rows(1)

    with faults(everything(refused(400, code))) as wire, pytest.raises(StoreUnavailable):
        adding(row).commit()

    assert len(wire.tries) == 1


@pytest.mark.parametrize("name", ["throttled", "internal error", "conflict", "cut off", "nothing processed"])
def test_a_table_that_stays_busy_is_given_up_in_time(name: str) -> None:
    pk, several = some_rows(30)
    calls = (
        adding(several[0]).commit,
        lambda: read(Key(NumberRow, pk, "0")),
        lambda: read_many(keys_of(several)),
        lambda: list(rows(NumberRow, pk)),
        lambda: count(NumberRow, pk),
        lambda: put_many(several),
        lambda: delete_many(keys_of(several)),
    )
    for call in calls:
        with faults(everything(BUSY[name])) as wire, pytest.raises(StoreUnavailable):
            call()
        assert retry_budget.SECONDS / 2 < wire.seconds <= BUDGET
        assert 6 <= len(wire.tries) <= 60


@pytest.mark.parametrize("fault", [silent, unreachable])
def test_a_silent_table_is_given_up_in_time(fault: object) -> None:
    _, several = some_rows(30)

    for call in (adding(several[0]).commit, lambda: read_many(keys_of(several)), lambda: put_many(several)):
        with faults(everything(fault)) as wire, pytest.raises(StoreUnavailable):  # type: ignore[arg-type]
            call()
        assert wire.seconds <= BUDGET
        assert len(wire.tries) >= 2


def test_a_request_loses_its_time_once_not_for_every_call() -> None:
    pk, _ = some_rows(1)
    with faults(everything(silent)) as wire, retry_budget.shared_budget():
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                read(Key(NumberRow, pk, "0"))
        silences = len(wire.tries)

    assert silences == 2 + 9, "each further call is tried once"

    with faults(everything(THROTTLED)) as wire, retry_budget.shared_budget():
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                read(Key(NumberRow, pk, "0"))
    assert wire.seconds <= retry_budget.SECONDS


def test_what_a_request_can_do_without_is_tried_once() -> None:
    _, [row] = some_rows(1)

    with (
        faults(everything(THROTTLED)) as wire,
        retry_budget.shared_budget(),
        retry_budget.single_try(),
        pytest.raises(StoreUnavailable),
    ):
        adding(row).commit()

    assert (len(wire.tries), wire.seconds) == (1, 0)


def test_pauses_grow_and_differ() -> None:
    pk, _ = some_rows(1)
    longest: list[float] = []
    for _ in range(20):
        with faults(everything(THROTTLED)) as wire:
            pauses: list[float] = []
            retry_budget.sleep, sleep = pauses.append, retry_budget.sleep
            try:
                with pytest.raises(StoreUnavailable):
                    read(Key(NumberRow, pk, "0"))
            finally:
                retry_budget.sleep = sleep
        assert wire.tries
        assert len(set(pauses)) == len(pauses)
        longest = [max(pair) for pair in zip(longest or pauses, pauses, strict=False)]
    assert longest[0] <= retry_budget.FIRST_PAUSE < longest[5] <= retry_budget.LONGEST_PAUSE


@pytest.mark.parametrize("share", [0.04, 0.5, 1.0])
def test_batches_are_written_read_and_removed_to_their_end(share: float) -> None:
    pk, several = some_rows(130)
    half = unprocessed(share)

    with faults(lambda sent: half if sent.call % 2 else None):
        put_many(several)
    assert [row.number for row in rows(NumberRow, pk)] == list(range(130))

    with faults(lambda sent: half if sent.call % 2 else None):
        found = read_many(keys_of(several))
    assert all(found.get(key) is not None for key in keys_of(several))

    with faults(lambda sent: half if sent.call % 2 else None):
        delete_many(keys_of(several))
    assert count(NumberRow, pk) == 0


def test_nothing_of_a_batch_is_lost_whatever_happens_to_its_tries() -> None:
    for seed in range(20):
        pk, several = some_rows(60)
        with faults(now_and_then(seed, 0.3, list(BUSY.values()))), retry_budget.shared_budget():
            try:
                put_many(several)
            except StoreUnavailable:
                put_many(several)
        assert count(NumberRow, pk) == 60


def test_a_batch_may_name_a_row_twice() -> None:
    pk, [first, second] = some_rows(2)
    second.sk = first.sk

    put_many([first, second])
    assert [row.number for row in rows(NumberRow, pk)] == [1]
    delete_many(keys_of([first, second]))
    assert list(rows(NumberRow, pk)) == []


def test_pages_without_a_row_that_passes_do_not_end_a_list() -> None:
    pk, several = some_rows(40)
    put_many(several)

    with faults() as wire:
        found = list(rows(NumberRow, pk, where=NumberRow.number >= 37, page=5))
    assert [row.number for row in found] == [37, 38, 39]
    assert len(wire.calls) >= 8

    with faults() as wire:
        found = list(rows(NumberRow, pk, where=NumberRow.number >= 3, limit=2, page=2))
    assert [row.number for row in found] == [3, 4]
    assert len(wire.calls) == 3


@pytest.mark.parametrize("limit", [0, 1, 5, 40, 50])
def test_a_limit_is_a_number_of_rows_not_of_what_is_looked_at(limit: int) -> None:
    pk, several = some_rows(40)
    put_many(several)

    with faults() as wire:
        assert len(list(rows(NumberRow, pk, limit=limit))) == min(limit, 40)
    assert len(wire.calls) == (limit > 0)
    assert len(list(rows(NumberRow, pk, limit=limit, page=7))) == min(limit, 40)
    assert len(list(rows(NumberRow, pk, limit=limit, where=NumberRow.number > 30))) == min(limit, 9)


def test_a_list_that_breaks_off_says_so() -> None:
    pk, several = some_rows(40)
    put_many(several)
    seen = []

    with faults(lambda sent: THROTTLED if sent.call == 3 else None), pytest.raises(StoreUnavailable):
        for row in rows(NumberRow, pk, page=10):
            seen.append(row.number)
    assert seen == list(range(20))


def test_getting_in_between_for_ever_ends_in_time() -> None:
    tried = []

    def decide() -> None:
        tried.append(1)
        raise Stale

    with faults() as wire, pytest.raises(StoreUnavailable):
        again_when_stale(decide)
    assert len(tried) >= 8
    assert wire.seconds <= retry_budget.SECONDS


def test_threads_share_one_client_with_a_connection_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    create = aws._created
    monkeypatch.setattr(aws, "_created", lambda service: made.append(service) or create(service))
    monkeypatch.setattr(aws, "_clients", {})
    monkeypatch.setattr(Row, "_connection", None)
    start = threading.Barrier(32)

    def first_read(number: int) -> object:
        start.wait()
        aws.client("s3")
        read(Key(NumberRow, "nothing", str(number)))
        return table.connection().client

    with ThreadPoolExecutor(32) as threads:
        clients = set(map(id, threads.map(first_read, range(32))))

    assert sorted(made) == ["dynamodb", "s3"]
    assert clients == {id(aws.client("dynamodb"))}
    config = aws.client("dynamodb").meta.config
    assert (config.max_pool_connections, config.connect_timeout, config.read_timeout) == (32, 2, 4)
    assert NumberRow._get_connection() is Row._get_connection()
