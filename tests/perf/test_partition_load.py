"""The write units that hot writes put on one partition key; a small version of `make bench`."""

import pytest

from tests.api.client import Depot
from tests.perf.partition_load import NAMED, Load, loads

WRITES, DEPENDENCIES = 24, 10
KNOWN = {
    "upload, one origin": {
        "FENCES#origin": 700,
        "LIST-CHANGES#origin": 900,
        "IDENTS#origin": 600,
        "CHANNEL#origin/…": 600,
        "DELETED#origin": 600,
        "SETTINGS#origin": 600,
        "BUILD-NODES#target/origin": 600,
        "NAMES#origin": 600,
        "NAME-LOG": 600,
        "SUMMARY-CHANGES": 600,
        "DEPENDENTS#origin/…/target": 300,
    },
    "promote, one origin": {
        "FENCES#origin": 700,
        "LIST-CHANGES#origin": 900,
        "IDENTS#origin": 600,
        "CHANNEL#origin/…": 600,
    },
    "demote, one origin": {
        "FENCES#origin": 700,
        "LIST-CHANGES#origin": 900,
        "IDENTS#origin": 600,
        "CHANNEL#origin/…": 600,
    },
    "upload, many origins": {"NAME-LOG": 1000, "SUMMARY-CHANGES": 1000},
    "promote, many origins": {"EVENTS#…": 200},
    "demote, many origins": {"EVENTS#…": 200},
}
"""The keys over a tenth of DynamoDB's limit of 1,000 units per second, with the most units on one of them.

Each measured upload is that of a new name; uploads of further releases do not write `SETTINGS`,
`NAME-LOG` and `SUMMARY-CHANGES`. Lower a
figure, or remove a key, with the change that does; never raise one.
"""


@pytest.fixture(scope="module")
def measured(depot: Depot) -> list[Load]:
    """The loads of all writes."""
    return list(loads(depot, WRITES, DEPENDENCIES))


def test_every_kind_of_write_is_measured(measured: list[Load]) -> None:
    assert {load.write for load in measured} == KNOWN.keys()


@pytest.mark.parametrize("write", KNOWN)
def test_no_partition_key_takes_more_units_than_is_known(measured: list[Load], write: str) -> None:
    over = {load.partition: load.per_second for load in measured if load.write == write and load.per_second > NAMED}

    assert over.keys() <= KNOWN[write].keys()
    assert {name: units for name, units in over.items() if units > KNOWN[write][name] + 0.5} == {}
