"""The stored form of the name index."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.search.name_table import Name
from chalicelib.core.shown import Shown
from chalicelib.packages.search import rows, snapshots
from local.seed.package_names import package_names
from local.seed.seeded_random import SeededRandom

UNITS, BYTES_PER_UNIT = 40, 4_096
"""What a process that starts may read of a name index of 12,000 names."""

NAMES = st.tuples(st.text(max_size=9), st.text(max_size=9))


@given(st.dictionaries(NAMES, st.sampled_from(list(Shown))))
def test_names_that_were_packed_are_unpacked_unless_nobody_sees_them(shown: dict[Name, Shown]) -> None:
    assert snapshots.unpacked(snapshots.packed(shown)) == {name: value for name, value in shown.items() if value}


def test_the_snapshots_of_12_000_names_cost_few_units() -> None:
    by_shard: list[dict[Name, Shown]] = [{} for _ in range(rows.SHARDS)]
    for number, name in enumerate(package_names(12_000, SeededRandom("names"))):
        origin = f"team-{number % 11}"
        by_shard[rows.shard_of(origin, name)][name, origin] = Shown(1 + (number % 25 > 0))

    units = [-(-len(snapshots.packed(shown)) // BYTES_PER_UNIT) for shown in by_shard]

    assert sum(units) <= UNITS
    assert max(units) < 2 * min(units)
