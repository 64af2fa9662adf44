"""Paged lists (packages.md 1.9)."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from chalicelib.core import answer_size
from chalicelib.http.answer import NO_CACHE, Answer
from chalicelib.http.paging import ALL_ROWS, PAGE_SIZE, Family, Window, page, window

TOTALS = st.integers(0, 260)
STARTS = st.integers(0, 300)


def shown(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def rows_of(requested: Window, total: int) -> list[int]:
    """The rows of a list of numbers in a window."""
    return list(range(total))[requested.offset : requested.offset + requested.size]


@pytest.mark.parametrize(
    ("family", "requested", "expected"),
    [
        (Family.P, 0, Window(0, 50, 0)),
        (Family.P, 70, Window(70, 50, 70)),
        (Family.P, -1, Window(0, ALL_ROWS, 0)),
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


@pytest.mark.parametrize("name", ["x" * 30_000, "\x01" * 6_000, "é" * 6_000, '"' * 20_000])
def test_a_page_of_large_rows_holds_what_fits_an_answer_and_its_clients_get_the_rest(name: str) -> None:
    rows = [{"number": number, "channels": [name]} for number in range(400)]
    received: list[int] = []
    while True:
        requested = window(Family.P, len(received))
        answer = page(
            replace(window(Family.P, -1), offset=requested.offset, shown_start=requested.offset),
            rows[requested.offset :],
            len(rows),
        )
        assert answer_size.fits(answer.body, is_text=True)
        received += [row["number"] for row in shown(answer)["data"]]
        if answer.status == 200:
            break

    assert received == list(range(400))


def test_rows_that_do_not_fit_are_not_read() -> None:
    rows = iter(["x" * 100_000] * 1_000)

    page(window(Family.P, -1), rows, 1_000)

    assert len(list(rows)) > 940


def test_a_row_that_exceeds_an_answer_is_alone_on_its_page() -> None:
    answer = page(window(Family.P, -1), ["x" * 6_000_000, "y"], 2)

    assert (answer.status, len(shown(answer)["data"])) == (206, 1)
