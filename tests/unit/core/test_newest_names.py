"""The newest releases of names: kept by changes, or unknown, whatever the order of the changes."""

from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.newest_names import MembershipChange, NewestNames
from chalicelib.core.shown import Shown
from chalicelib.core.version_order import release_key

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
SEEN_BY = (Shown.MEMBERS, Shown.EVERYONE)
VERSIONS = ("1", "1.2", "1.10", "no-digit")
Releases = dict[tuple[str, str], Shown]

releases = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.sampled_from(VERSIONS)), st.sampled_from([Shown.MEMBERS, Shown.EVERYONE])
)
changes = st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(VERSIONS), st.sampled_from(list(Shown))))


def newest(states: Releases, seen_by: Shown) -> dict[str, str]:
    result: dict[str, str] = {}
    for name in "ab":
        versions = [version for (each, version), shown in states.items() if each == name and shown >= seen_by]
        ordered = sorted((key, version) for version in versions if (key := release_key(version, "1")) is not None)
        if ordered:
            result[name] = ordered[-1][1]
    return result


def of(states: Releases) -> NewestNames:
    return NewestNames.of_releases((name, version, "1", shown) for (name, version), shown in states.items())


def applied(states: Releases, steps: list[tuple[str, str, Shown]]) -> list[MembershipChange]:
    result = []
    for name, version, after in steps:
        before = states.get((name, version), Shown.ABSENT)
        if before is not after:
            result.append(MembershipChange(name, version, "1", before, after))
        states[name, version] = after
    return result


def assert_right(names: NewestNames, states: Releases) -> None:
    for seen_by in SEEN_BY:
        unknown = set(names.unknown(seen_by))
        shown = {name: version for name, version, _ in names.visible(seen_by)}
        assert shown == {name: each for name, each in newest(states, seen_by).items() if name not in unknown}


@given(releases)
def test_the_newest_of_some_releases(states: Releases) -> None:
    names = of(states)

    assert_right(names, states)
    assert not any(names.unknown(seen_by) for seen_by in SEEN_BY)


@given(releases, changes, st.integers(1, 5), st.randoms(use_true_random=False))
def test_changes_in_batches_in_any_order_give_the_newest_or_unknown(
    states: Releases, steps: list[tuple[str, str, Shown]], size: int, random: Random
) -> None:
    names = of(states)
    for first in range(0, len(steps), size):
        batch = applied(states, steps[first : first + size])
        random.shuffle(batch)

        names.apply(batch, NOW)
        names.forget(NOW + timedelta(days=1))

        assert_right(names, states)


@given(releases, changes, st.integers(0, 9))
def test_changes_that_are_reflected_already_can_be_applied_again(
    states: Releases, steps: list[tuple[str, str, Shown]], size: int
) -> None:
    several = applied(states, steps)
    names = of(states)
    for first in range(0, len(several), size + 1):
        names.apply(several[first : first + size + 1], NOW)

    assert_right(names, states)


@given(releases, changes)
def test_what_is_stored_is_the_same(states: Releases, steps: list[tuple[str, str, Shown]]) -> None:
    names = of(states)
    names.apply(applied(states, steps), NOW)

    again = NewestNames.unpacked(names.packed())

    assert again.packed() == names.packed()
    for seen_by in SEEN_BY:
        assert list(again.visible(seen_by)) == list(names.visible(seen_by))
        assert sorted(again.unknown(seen_by)) == sorted(names.unknown(seen_by))


def joins(version: str, before: Shown = Shown.ABSENT) -> MembershipChange:
    return MembershipChange("a", version, "1", before, Shown.EVERYONE)


def leaves(version: str) -> MembershipChange:
    return MembershipChange("a", version, "1", Shown.EVERYONE, Shown.ABSENT)


def test_a_newer_release_is_known_at_once() -> None:
    names = of({("a", "1"): Shown.EVERYONE})
    names.apply([leaves("1"), joins("1.2")], NOW)

    assert list(names.visible(Shown.EVERYONE)) == [("a", "1.2", "1")]


def test_when_the_newest_release_leaves_the_next_is_unknown_until_it_is_resolved() -> None:
    names = of({("a", "1"): Shown.EVERYONE, ("a", "1.2"): Shown.EVERYONE})
    names.apply([leaves("1.2")], NOW)
    names.apply([joins("1.10")], NOW)

    assert names.unknown(Shown.EVERYONE) == ["a"]
    names.resolve(Shown.EVERYONE, "a", ("1.10", "1"))
    names.resolve(Shown.EVERYONE, "a", ("1", "1"))
    assert list(names.visible(Shown.EVERYONE)) == [("a", "1.10", "1")]
    names.resolve(Shown.MEMBERS, "a", None)
    assert list(names.visible(Shown.MEMBERS)) == []


def test_a_change_of_a_clock_that_is_ahead_does_not_bring_a_release_back() -> None:
    names = of({("a", "1"): Shown.EVERYONE})
    names.apply([leaves("1.2")], NOW)
    names.apply([joins("1.2")], NOW)
    assert names.unknown(Shown.EVERYONE) == ["a"]

    names = of({("a", "1"): Shown.EVERYONE})
    names.note_left([leaves("1.2")], NOW)
    names.apply([joins("1.2")], NOW)
    assert names.unknown(Shown.EVERYONE) == ["a"]

    names.resolve(Shown.EVERYONE, "a", ("1", "1"))
    names.forget(NOW + timedelta(seconds=1))
    names.apply([joins("1.2")], NOW)
    assert list(names.visible(Shown.EVERYONE)) == [("a", "1.2", "1")]
