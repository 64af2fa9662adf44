"""The weights of the entries of a job group."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.build_weights import weights

DIAMOND = {"one": set[str](), "left": {"one"}, "right": {"one"}, "last": {"left", "right"}}


def test_without_earlier_builds_the_weight_is_the_number_of_dependents() -> None:
    assert weights(list(DIAMOND), DIAMOND, {}) == {"one": 3, "left": 1, "right": 1, "last": 0}


def test_with_earlier_builds_the_weight_is_the_longest_path() -> None:
    seconds = {"one": 10, "left": 5, "right": 60, "last": 1}

    assert weights(list(DIAMOND), DIAMOND, seconds) == {"one": 71, "left": 6, "right": 61, "last": 1}


def test_a_name_that_was_never_built_counts_with_the_mean() -> None:
    assert weights(list(DIAMOND), DIAMOND, {"one": 10, "last": 20}) == {"one": 45, "left": 35, "right": 35, "last": 20}


@st.composite
def needs(draw: st.DrawFn) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for number in range(draw(st.integers(1, 12))):
        found[f"n{number}"] = draw(st.sets(st.sampled_from(sorted(found)), max_size=3)) if found else set()
    return found


@given(needs(), st.booleans())
def test_a_name_is_at_least_as_heavy_as_what_waits_for_it(needed: dict[str, set[str]], known: bool) -> None:
    found = weights(list(needed), needed, dict.fromkeys(needed, 7) if known else {})

    assert set(found) == set(needed)
    for name, others in needed.items():
        assert all(found[other] > found[name] for other in others)
