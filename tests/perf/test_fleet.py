"""Workers that claim, hold and end jobs at the same moment; a small version of `make bench`, on the simulated clock."""

import pytest

from tests.perf import fleet
from tests.perf.measure import Outcome

WORKERS = 16
TRIES = {
    "claims, one credential": (4.0, 9),
    "claims, own credentials": (4.0, 9),
    "heartbeats": (1.0, 1),
    "reports of failures": (2.0, 5),
    "reports that start jobs": (2.0, 5),
}
"""The tries of a request, on average and at most. Lower a bound with the change that allows it, and never raise one."""


@pytest.fixture(scope="module")
def measured(table: None) -> dict[str, Outcome]:
    """The outcome of each case."""
    return {outcome.name: outcome for outcome in fleet.outcomes(WORKERS)}


@pytest.mark.parametrize("case", TRIES)
def test_no_request_is_refused_and_each_needs_few_tries(measured: dict[str, Outcome], case: str) -> None:
    mean, most = TRIES[case]

    assert measured[case].refused == 0
    assert measured[case].mean_tries <= mean, measured[case].rows
    assert max(measured[case].tries) <= most, measured[case].rows


def test_workers_with_one_credential_do_not_meet_on_it(measured: dict[str, Outcome]) -> None:
    assert "WORKERS" not in measured["claims, one credential"].rows
