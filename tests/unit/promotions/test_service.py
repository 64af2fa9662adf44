"""The plan of a package set gives the outcome of every package, and a set that has moved has nothing left to move."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.promotions.service import MOVING, Outcome, SetMember, SetRequest, plan

Standings = dict[PackageIdent, Standing]

IDENTS = [PackageIdent("acme", f"tool-{number}", "1.0", "20240101000000") for number in range(4)]
TARGETS = [Target.X86_64_LINUX, Target.X86_64_WINDOWS]
PLACEMENTS = st.builds(
    Placement, st.sampled_from(Visibility), st.frozensets(st.sampled_from(["dev", "stable", "unstable"]))
)
STANDINGS = st.builds(Standing, st.dictionaries(st.sampled_from(TARGETS), PLACEMENTS))
MEMBERS = st.builds(SetMember, st.sampled_from(IDENTS), st.none() | st.sampled_from(TARGETS))
REQUESTS = st.builds(
    SetRequest,
    st.sampled_from(ChannelOperation),
    st.just("acme"),
    st.just("stable"),
    st.lists(MEMBERS, min_size=1, max_size=6),
    st.none() | st.just("dev"),
)
DEPOTS = st.fixed_dictionaries(dict.fromkeys(IDENTS, STANDINGS))


@given(REQUESTS, DEPOTS)
def test_every_named_package_is_planned_exactly_once(request: SetRequest, depot: Standings) -> None:
    planned = plan(request, depot)

    packages = [(move.ident, move.target) for move in planned]
    assert len(packages) == len(set(packages))
    assert {move.ident for move in planned} == {member.ident for member in request.packages}


@given(REQUESTS, DEPOTS)
def test_outcomes_agree_with_the_standings(request: SetRequest, depot: Standings) -> None:
    for move in plan(request, depot):
        placement = None if move.target is None else depot[move.ident].placements.get(move.target)
        if move.outcome is Outcome.MISSING:
            assert placement is None
        elif move.outcome is Outcome.NOT_IN_SOURCE:
            assert request.source is not None
        else:
            assert placement is not None
            is_member = move.outcome in (Outcome.ALREADY_THERE, Outcome.REMOVED)
            assert (request.channel in placement.channels) is is_member
            assert request.source is None or request.source in placement.channels


@given(REQUESTS, DEPOTS)
def test_a_repeat_moves_nothing(request: SetRequest, depot: Standings) -> None:
    after = dict(depot)
    for move in plan(request, depot):
        if move.outcome in MOVING:
            assert move.target is not None
            placement = after[move.ident].placements[move.target]
            is_added = move.outcome is Outcome.ADDED
            moved = placement.joined(request.channel) if is_added else placement.left(request.channel)
            after[move.ident] = after[move.ident].with_placement(move.target, moved)

    assert not [move for move in plan(request, after) if move.outcome in MOVING]
