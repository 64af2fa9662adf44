"""A row always names the bytes that it describes, however uploads race (docs/DECISIONS.md, docs/PERFORMANCE.md)."""

from tests.api.client import Depot
from tests.builders.names import a_name
from tests.perf.upload_races import an_origin_for_races, count_wrong, one_key_per_ident

RACES = 12


def test_racing_uploads_never_leave_other_bytes_under_a_row(depot: Depot) -> None:
    assert count_wrong(*an_origin_for_races(a_name("races")), RACES) == 0


def test_with_one_key_per_ident_they_would(depot: Depot) -> None:
    with one_key_per_ident():
        assert count_wrong(*an_origin_for_races(a_name("races")), RACES) > 0
