"""A page of a name for strangers costs what they see of it, however many private releases the name has."""

import pytest

from chalicelib.catalog import name_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.identity.caller import Caller
from chalicelib.packages import lists
from chalicelib.packages.lists import Level
from chalicelib.platform.table import put_many
from tests.builders.counted_lists import EVERYONE, MEMBERS, CountedOrigin
from tests.perf.recording import recorded_calls

PRIVATE = 20_000


@pytest.fixture
def origin(table: None) -> CountedOrigin:
    """An origin with a name that has one public release amid very many private ones."""
    origin = CountedOrigin()
    releases = [f"tool/1.0/{20260101000000 + number}" for number in range(PRIVATE + 1)]
    origin.load(dict.fromkeys(releases, MEMBERS) | {releases[PRIVATE // 2]: EVERYONE})
    key = name_rows.name_key(origin.name, "tool")
    put_many([NameRow(key.pk, key.sk, idents=PRIVATE + 1, public_idents=1, packages=PRIVATE + 1, public_packages=1)])
    return origin


def test_private_releases_of_a_name_are_not_read_for_strangers(origin: CountedOrigin) -> None:
    with recorded_calls() as cost:
        found, total = lists.idents(Level(origin.name, "tool"), 0, 50, Caller(None, origin.name))
        releases = [row.release for row in found]

    assert (releases, total) == ([str(20260101000000 + PRIVATE // 2)], 1)
    assert len(cost.exchanges) <= 4
    assert cost.read_units <= 20
