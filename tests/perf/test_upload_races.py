"""A row always names the bytes that it describes, however uploads race (docs/DECISIONS.md, docs/PERFORMANCE.md)."""

from tests.api.client import Depot
from tests.builders.names import a_name
from tests.perf.upload_races import count_mismatches, create_origin, one_key_per_ident

RACES = 12


def test_with_one_key_per_upload_rows_name_their_bytes(depot: Depot) -> None:
    assert count_mismatches(*create_origin(a_name("races")), RACES) == 0


def test_with_one_key_per_ident_some_rows_name_other_bytes(depot: Depot) -> None:
    with one_key_per_ident():
        assert count_mismatches(*create_origin(a_name("races")), RACES) > 0
