"""Time limits: calls are given up when the retry budget of their request is spent."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.platform import aws, retry_budget, table
from chalicelib.platform.aws_services import Service
from chalicelib.platform.retry_budget import shared_budget, single_try
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import StoreUnavailable, read
from tests.faults.injector import THROTTLED, TRANSIENT, Fault, everything, faults, silent, unreachable
from tests.faults.number_rows import NumberRow, adding, calls_on, number_rows

pytestmark = pytest.mark.usefixtures("table")

BUDGET = retry_budget.SECONDS + aws.READ_SECONDS


@pytest.mark.parametrize("name", ["throttled", "internal error", "conflict", "cut off", "nothing processed"])
def test_calls_on_a_busy_table_are_given_up(name: str) -> None:
    for call in calls_on(*number_rows(30)).values():
        with faults(everything(TRANSIENT[name])) as wire, pytest.raises(StoreUnavailable):
            call()
        assert retry_budget.SECONDS / 2 < wire.seconds <= BUDGET
        # The pauses after conflicts become shorter, so that those that have met many others try most often.
        assert 6 <= len(wire.attempts) <= (120 if name == "conflict" else 60)


@pytest.mark.parametrize("fault", [silent, unreachable])
def test_calls_on_a_silent_table_are_given_up(fault: Fault) -> None:
    calls = calls_on(*number_rows(30))

    for name in ("commit", "read_many", "put_many"):
        with faults(everything(fault)) as wire, pytest.raises(StoreUnavailable):
            calls[name]()
        assert wire.seconds <= BUDGET
        assert len(wire.attempts) >= 2


@pytest.mark.parametrize(("fault", "attempts"), [(silent, 2 + 9), (THROTTLED, None)])
def test_all_calls_of_a_request_share_one_budget(fault: Fault, attempts: int | None) -> None:
    pk, _ = number_rows(1)

    with faults(everything(fault)) as wire, shared_budget():
        for _ in range(10):
            with pytest.raises(StoreUnavailable):
                read(Key(NumberRow, pk, "0"))

    # two attempts spend the budget; then each call is attempted once
    assert attempts is None or len(wire.attempts) == attempts
    assert fault is silent or wire.seconds <= retry_budget.SECONDS


def test_optional_work_is_attempted_once() -> None:
    _, [row] = number_rows(1)

    with faults(everything(THROTTLED)) as wire, shared_budget(), single_try(), pytest.raises(StoreUnavailable):
        adding(row).commit()

    assert (len(wire.attempts), wire.seconds) == (1, 0)


def test_threads_share_one_client_with_a_connection_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    created: list[str] = []
    create = aws._created

    def recorded(service: Service) -> Any:
        created.append(service)
        return create(service)

    monkeypatch.setattr(aws, "_created", recorded)
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

    assert sorted(created) == ["dynamodb", "s3"]
    assert clients == {id(aws.client("dynamodb"))}
    config = aws.client("dynamodb").meta.config
    assert (config.max_pool_connections, config.connect_timeout, config.read_timeout) == (32, 2, 4)
    assert NumberRow._get_connection() is Row._get_connection()
