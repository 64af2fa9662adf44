"""Metrics are bounded, can be switched off, and are discarded outside of requests."""

import re
from collections.abc import Iterator

import pytest

from chalicelib.platform import emf, metrics, waiting
from chalicelib.platform.failures import Failures, optional_work
from chalicelib.platform.table import StoreUnavailable
from tests.builders.log_lines import log_lines, metrics_in
from tests.builders.stack import REPOSITORY


@pytest.fixture
def switched_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("POWERTOOLS_METRICS_DISABLED", "true")
    emf._are_disabled.cache_clear()
    yield
    emf._are_disabled.cache_clear()


def test_all_transactions_of_a_long_function_are_counted() -> None:
    with log_lines() as log, metrics.measured() as measurements:
        for _ in range(250):
            metrics.current().tries += 2
            metrics.current().end_transaction()
        last = measurements.of_function()

    lines = [metrics_in(line)["TransactionTries"]["values"] for line in (*log.parsed, last)]
    assert sum(map(len, lines)) == 250
    assert max(map(len, lines)) < 100, "the limit of the format"


def test_a_value_belongs_to_the_innermost_block() -> None:
    with metrics.measured() as outer, metrics.measured() as inner:
        metrics.current().uploaded_bytes.append(1)

    assert (outer.uploaded_bytes, inner.uploaded_bytes) == ([], [1])


@pytest.mark.parametrize(("status", "failed"), [(200, 0), (499, 0), (500, 1), (501, 0), (502, 1), (503, 1)])
def test_an_archive_for_another_target_is_not_counted_as_an_error_of_the_service(status: int, failed: int) -> None:
    assert metrics.Measurements().of_request("POST /x", status, 1.0)["ServerErrors"] == [failed]


def test_values_outside_of_requests_are_discarded() -> None:
    metrics.current().uploaded_bytes.append(1)

    assert metrics.current().of_function() == {}


def test_time_that_a_request_waits_for_an_event_is_left_out_of_its_duration() -> None:
    with metrics.measured() as measurements:
        waiting.sleep(0.01)

    assert measurements.waited_seconds > 0
    milliseconds = measurements.waited_seconds * 1000 + 5
    assert measurements.of_request("GET /x", 200, milliseconds)["Duration"] == [5.0]


def test_failures_that_are_skipped_are_counted() -> None:
    failures = Failures()
    with log_lines(), metrics.measured() as measurements:
        for _ in range(2):
            with failures.skipped():
                raise KeyError

    assert measurements.of_function()["SkippedFailures"] == [failures.number] == [2]


def test_transactions_of_optional_work_are_not_counted_as_given_up() -> None:
    with metrics.measured() as measurements:
        metrics.current().given_up += 1
        with optional_work():
            metrics.current().given_up += 1
            raise StoreUnavailable

    assert measurements.of_function()["GivenUpTransactions"] == [1]


def test_the_first_request_of_a_process_on_lambda_is_a_cold_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_is_cold", True)
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "api")

    first, second = (metrics.Measurements().of_request("GET /x", 200, 1.0) for _ in range(2))

    assert metrics_in(first)["ColdStarts"] == {
        "unit": "Count",
        "values": [1],
        "dimensions": [
            {"service": "habitat-builder", "stage": emf.COMMON["stage"], "function": "api"},
            emf.COMMON,
        ],
    }
    assert "ColdStarts" not in second


@pytest.mark.usefixtures("switched_off")
def test_metrics_can_be_switched_off() -> None:
    assert metrics.Measurements().of_request("GET /status", 200, 1.0) == {}


def test_every_metric_is_documented_with_its_unit() -> None:
    text = (REPOSITORY / "docs" / "OPERATIONS.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \| (\w+) \| `service`", text, re.MULTILINE)

    assert documented == [(name, unit.value) for name, unit in emf.UNITS.items()]
