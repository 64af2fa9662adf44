"""The costliest legal requests of all routes (docs/SECURITY.md)."""

import re
from collections.abc import Sequence

import pytest

from app import app
from local.seed.releases import GeneratedDepot
from tests.api.client import Depot
from tests.perf.costliest_requests import BEGIN, DOCUMENT, END, PREPARED, Measured, recorded
from tests.perf.workload import FilledDepot

MOST_CALLS = 60
"""In a depot of 100 packages. A search without `distinct` makes most: one Query for each name of its page."""

CALLS_PER_NAME = {"POST /retention/{origin}/run"}
"""Routes that read each name of an origin; a run ends after 5,000 packages or 20 s."""


@pytest.fixture(scope="module")
def measured(depot: Depot) -> Sequence[Measured]:
    """The costliest requests of all routes in a small depot."""
    return list(recorded(FilledDepot.create(GeneratedDepot(100, prefix="costly"), depot), amount=10))


def test_every_route_has_a_costliest_request(measured: Sequence[Measured]) -> None:
    assert {each.request.route.name for each in measured} == {route.name for route in app.declared}


def test_every_route_is_in_the_document() -> None:
    figures = DOCUMENT.read_text().partition(BEGIN)[2].partition(END)[0]

    assert set(re.findall(r"^\| `([A-Z]+ [^`]+)`", figures, re.MULTILINE)) == {route.name for route in app.declared}


def test_every_costliest_request_is_answered_within_few_calls(measured: Sequence[Measured]) -> None:
    figures = {
        (each.request.route.name, each.request.form.description): (each.recording.status, each.recording.calls)
        for each in measured
        if each.recording is not None
    }

    limits = {name: 200 if name[0] in CALLS_PER_NAME else MOST_CALLS for name in figures}
    assert {name: figure for name, figure in figures.items() if figure[0] >= 500 or figure[1] > limits[name]} == {}


def test_a_request_with_a_preparation_succeeds(measured: Sequence[Measured]) -> None:
    """A refused request would be cheap and would hide what the route costs."""
    statuses = {
        each.request.route.name: each.recording.status
        for each in measured
        if each.recording is not None and each.request.route.name in PREPARED
    }

    assert statuses.keys() == PREPARED.keys()
    assert {name: status for name, status in statuses.items() if status not in (200, 201, 204)} == {}


def test_a_request_that_reads_packages_finds_some(measured: Sequence[Measured]) -> None:
    """A form whose path is wrong would be cheap and would hide what the route costs."""
    empty = [
        each.request.route.name
        for each in measured
        if each.recording is not None
        and each.request.form.description.startswith(("an existing", "the name with", "after a change", "`range=-1`"))
        and (each.recording.status != 200 or len(each.recording.body) < 5)
    ]

    assert empty == []
