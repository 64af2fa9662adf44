"""The plan of a set of packages says what would happen, and a set that was moved has nothing left to move."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.promotions.service import MOVING, Outcome, SetMember, SetRequest, plan

IDENTS = [PackageIdent("acme", f"tool-{number}", "1.0", "20240101000000") for number in range(4)]
TARGETS = [Target.X86_64_LINUX, Target.X86_64_WINDOWS]
PLACES = st.builds(
    Placement, st.sampled_from(Visibility), st.frozensets(st.sampled_from(["dev", "stable", "unstable"]))
)
STANDINGS = st.builds(Standing, st.dictionaries(st.sampled_from(TARGETS), PLACES))
NAMED = st.builds(SetMember, st.sampled_from(IDENTS), st.none() | st.sampled_from(TARGETS))
WISHES = st.builds(
    SetRequest,
    st.sampled_from(ChannelOperation),
    st.just("acme"),
    st.just("stable"),
    st.lists(NAMED, min_size=1, max_size=6),
    st.none() | st.just("dev"),
)
DEPOTS = st.fixed_dictionaries(dict.fromkeys(IDENTS, STANDINGS))


@given(WISHES, DEPOTS)
def test_every_package_is_planned_once_and_all_that_are_named_are_planned(wish, depot):
    planned = plan(wish, depot)

    places = [(each.ident, each.target) for each in planned]
    assert len(places) == len(set(places))
    assert {each.ident for each in planned} == {named.ident for named in wish.packages}


@given(WISHES, DEPOTS)
def test_outcomes_tell_the_truth(wish, depot):
    for ident, target, outcome in plan(wish, depot):
        place = None if target is None else depot[ident].places.get(target)
        if outcome is Outcome.MISSING:
            assert place is None
        elif outcome is Outcome.NOT_IN_SOURCE:
            assert wish.source is not None
        else:
            assert place is not None
            assert (wish.channel in place.channels) is (outcome in (Outcome.ALREADY_THERE, Outcome.REMOVED))
            assert wish.source is None or wish.source in place.channels


@given(WISHES, DEPOTS)
def test_what_has_moved_does_not_move_again(wish, depot):
    after = dict(depot)
    for ident, target, outcome in plan(wish, depot):
        if outcome in MOVING:
            place = after[ident].places[target]
            moved = place.joined(wish.channel) if outcome is Outcome.ADDED else place.left(wish.channel)
            after[ident] = after[ident].with_place(target, moved)

    assert not [each for each in plan(wish, after) if each.outcome in MOVING]
