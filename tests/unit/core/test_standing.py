"""Standings of idents: their stored text, and the changes of counts by a step (packages.md section 2)."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from chalicelib.core.standing import NOWHERE, Placement, Standing, channels_of, count_delta
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility

placements = st.builds(
    Placement, st.sampled_from(Visibility), st.frozensets(st.text(min_size=1, max_size=8), max_size=4)
)
standings = st.dictionaries(st.sampled_from(Target), placements, max_size=4).map(Standing)


@given(standings)
def test_the_stored_text_is_restored(standing: Standing) -> None:
    assert Standing.parse(str(standing)) == standing


@given(standings)
def test_equal_standings_have_equal_stored_texts(standing: Standing) -> None:
    again = NOWHERE
    for target in sorted(standing.placements, reverse=True):
        again = again.with_placement(target, standing.placements[target])

    assert str(again) == str(standing)


@given(standings, standings, standings)
def test_the_changes_of_two_steps_add_up(first: Standing, second: Standing, third: Standing) -> None:
    one, other, both = count_delta(first, second), count_delta(second, third), count_delta(first, third)

    assert [a + b for a, b in zip(astuple(one), astuple(other), strict=True)] == list(astuple(both))


@given(standings)
def test_the_first_step_counts_every_package(standing: Standing) -> None:
    delta = count_delta(NOWHERE, standing)
    public = [placement for placement in standing.placements.values() if placement.visibility is Visibility.PUBLIC]

    assert delta.packages == len(standing.placements)
    assert delta.public_packages == len(public)
    assert delta.idents == bool(standing.placements)
    assert delta.public_idents == bool(public)


@given(standings)
def test_members_see_all_targets_and_others_the_public_ones(standing: Standing) -> None:
    assert standing.visible_to(member=True) == standing.placements
    assert set(standing.visible_to(member=False)) == {
        target for target, placement in standing.placements.items() if placement.is_public
    }
    assert bool(standing.visible_to(member=False)) == standing.is_public


@given(standings, st.sampled_from(Target), placements)
def test_a_package_is_added_and_removed(standing: Standing, target: Target, placement: Placement) -> None:
    added = standing.with_placement(target, placement)

    assert added.placements[target] == placement
    assert added.without(target) == standing.without(target)
    assert target not in added.without(target).placements


@given(standings, st.text(min_size=1, max_size=8))
def test_removing_all_packages_from_a_channel(standing: Standing, channel: str) -> None:
    outside = standing.outside(channel)

    assert channels_of(outside.placements.values()) == [
        each for each in channels_of(standing.placements.values()) if each != channel
    ]
    assert outside.placements.keys() == standing.placements.keys()


@given(standings, st.sampled_from(Visibility), st.sets(st.sampled_from(Target)))
def test_only_the_given_targets_change_their_visibility(
    standing: Standing, visibility: Visibility, targets: set[Target]
) -> None:
    after = standing.with_visibility(visibility, targets)

    for target, placement in standing.placements.items():
        expected = placement.with_visibility(visibility) if target in targets else placement
        assert after.placements[target] == expected
