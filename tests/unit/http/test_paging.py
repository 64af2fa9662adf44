"""Paged lists (packages.md 1.9)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.http.answer import NO_CACHE, Answer
from chalicelib.http.paging import PAGE_SIZE, Family, Window, page, window

TOTALS = st.integers(0, 260)
STARTS = st.integers(0, 300)


def shown(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def rows_of(requested: Window, total: int) -> list[int]:
    """The rows of a list of numbers in a window."""
    end = total if requested.size is None else requested.offset + requested.size
    return list(range(total))[requested.offset : end]


@pytest.mark.parametrize(
    ("family", "requested", "expected"),
    [
        (Family.P, 0, Window(0, 50, 0)),
        (Family.P, 70, Window(70, 50, 70)),
        (Family.P, -1, Window(0, None, 0)),
        (Family.S, 0, Window(0, 50, 0)),
        (Family.S, 49, Window(0, 50, 0)),
        (Family.S, 70, Window(50, 50, 50)),
        (Family.S, -1, Window(0, 50, 0)),
        (Family.C, 70, Window(50, 50, 70)),
        (Family.C, -1, Window(0, 50, 0)),
    ],
)
def test_each_family_reads_range_in_its_way(family: Family, requested: int, expected: Window) -> None:
    assert window(family, requested) == expected


def test_the_envelope_is_compact_and_in_the_order_of_the_contract() -> None:
    answer = page(window(Family.P, 0), [{"name": "x"}], 1)

    assert answer == Answer(
        200, b'{"range_start":0,"range_end":0,"total_count":1,"data":[{"name":"x"}]}', "application/json", NO_CACHE
    )


@given(st.sampled_from(Family), st.integers(-5, 300), TOTALS)
def test_the_status_is_206_only_if_rows_follow(family: Family, requested: int, total: int) -> None:
    expected = window(family, requested)
    rows = rows_of(expected, total)

    answer = page(expected, rows, total)

    body = shown(answer)
    assert body["data"] == rows
    assert body["total_count"] == total
    assert answer.status == (206 if rows and total > body["range_end"] + 1 else 200)
    assert body["range_end"] == (expected.shown_start + len(rows) - 1 if rows else total)


@given(STARTS)
def test_an_empty_page_is_200_and_shows_the_total_as_its_end(start: int) -> None:
    answer = page(window(Family.P, start), [], 7)

    assert (answer.status, shown(answer)) == (
        200,
        {"range_start": start, "range_end": 7, "total_count": 7, "data": []},
    )


@given(st.sampled_from([Family.P, Family.S]), TOTALS)
def test_a_client_that_continues_after_the_end_gets_every_row_once(family: Family, total: int) -> None:
    received: list[int] = []
    while True:
        requested = window(family, len(received))
        answer = page(requested, rows_of(requested, total), total)
        received += shown(answer)["data"]
        if answer.status == 200:
            break

    assert received == list(range(total))


def test_a_page_has_50_rows() -> None:
    assert PAGE_SIZE == 50
