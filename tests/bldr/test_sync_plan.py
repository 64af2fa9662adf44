"""Plans of mirroring: what they reach, what they never do."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bldr.errors import BldrError, ChangeRefused
from bldr.packages import BORN_WITH, UNSTABLE, Described, Membership, Package
from bldr.sync_plan import SyncPlan, There, Wish, demand_prunable, promotable
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

CHANNELS = st.sampled_from(["stable", "prod", UNSTABLE])
NUMBERS = st.integers(0, 7)


def a_package(number: int) -> Package:
    return Package(PackageIdent("acme", f"p{number}", "1", "20240101000000"), Target.X86_64_LINUX)


@st.composite
def described(draw: st.DrawFn, number: int) -> Described:
    needs = draw(st.sets(st.integers(0, number - 1))) if number else set()
    return Described(
        a_package(number), draw(st.sampled_from("ab")), tuple(a_package(need).ident for need in sorted(needs))
    )


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    packages = tuple([draw(described(number)) for number in sorted(draw(st.sets(NUMBERS)))])
    members = draw(st.sets(st.tuples(st.sampled_from(packages), CHANNELS))) if packages else set()
    return Wish(packages, frozenset(Membership(one.package, channel) for one, channel in members))


@st.composite
def places(draw: st.DrawFn) -> There:
    numbers = draw(st.sets(NUMBERS))
    found = {a_package(number): draw(described(number)) for number in numbers}
    found = {key: replace(one, channels=frozenset(draw(st.sets(CHANNELS)))) for key, one in found.items()}
    return There(found, channels_of(found), members_of(found))


def channels_of(found: dict[Package, Described]) -> frozenset[tuple[str, str]]:
    return frozenset(("acme", channel) for one in found.values() for channel in one.channels | BORN_WITH)


def members_of(found: dict[Package, Described]) -> frozenset[Membership]:
    return frozenset(Membership(key, channel) for key, one in found.items() for channel in one.channels)


def done(plan: SyncPlan, there: There) -> There:
    """What is there after a plan was done; every step must be possible when its turn comes."""
    found = dict(there.packages)
    for one in plan.transfers:
        assert one.package not in found
        found[one.package] = replace(one, channels=frozenset({UNSTABLE}))
    for each in plan.promotions:
        one = found[each.package]
        assert each.channel not in one.channels
        found[each.package] = replace(one, channels=one.channels | {each.channel})
    for each in plan.demotions:
        one = found[each.package]
        found[each.package] = replace(one, channels=one.channels - {each.channel})
    return There(found, there.channels | frozenset(plan.channels), members_of(found))


@settings(max_examples=50)
@given(wishes(), places(), st.booleans())
def test_a_plan_reaches_the_wish_and_leaves_nothing_to_do(wish, there, prune):
    plan = SyncPlan.of(wish, there, prune)
    after = done(plan, there)

    for one in wish.packages:
        conflicting = one.package in plan.conflicts
        assert (after.packages[one.package].checksum == one.checksum) is not conflicting
    for each in wish.memberships:
        if each.package not in plan.conflicts and each.channel != UNSTABLE:
            assert each.channel in after.packages[each.package].channels
    assert SyncPlan.of(wish, after, prune).is_empty


@settings(max_examples=50)
@given(wishes(), places())
def test_without_pruning_nothing_is_taken_away_and_no_bytes_are_ever_replaced(wish, there):
    plan = SyncPlan.of(wish, there, prune=False)
    after = done(plan, there)

    assert plan.demotions == ()
    assert members_of(dict(there.packages)) <= members_of(dict(after.packages))
    assert all(after.packages[key].checksum == one.checksum for key, one in there.packages.items())


@settings(max_examples=50)
@given(wishes(), places())
def test_pruning_leaves_exactly_the_wished_members_but_in_unstable(wish, there):
    plan = SyncPlan.of(wish, there, prune=True)
    kept = {each for each in done(plan, there).members if each.channel != UNSTABLE}
    wished = {each for each in wish.memberships if each.channel != UNSTABLE and each.package not in plan.conflicts}

    assert all(each.channel != UNSTABLE for each in plan.demotions)
    assert wished <= kept
    assert kept - wished <= there.members & wish.memberships


@settings(max_examples=50)
@given(wishes(), places())
def test_transfers_come_behind_what_they_need(wish, there):
    order = [one.package for one in SyncPlan.of(wish, there, prune=False).transfers]

    for position, one in enumerate(SyncPlan.of(wish, there, prune=False).transfers):
        assert {need for need in one.needs if need in order} <= set(order[:position])


@settings(max_examples=50)
@given(wishes(), places())
def test_channels_are_made_before_they_are_needed(wish, there):
    plan = SyncPlan.of(wish, there, prune=False)
    there_then = {channel for _, channel in there.channels | set(plan.channels)} | BORN_WITH

    assert {each.channel for each in plan.promotions} <= there_then
    assert not set(plan.channels) & there.channels


@settings(max_examples=50)
@given(wishes(), places(), st.sets(NUMBERS))
def test_what_a_channel_gives_can_be_installed(wish, there, broken):
    plan = SyncPlan.of(wish, there, prune=False)
    failed = {a_package(number): BldrError("broken") for number in broken}
    needs = {one.package: {one.package, *one.needs} for one in wish.packages}

    for each in promotable(plan, wish, failed):
        assert not needs[each.package] & {*failed, *plan.conflicts}


@pytest.mark.parametrize(("channels", "said"), [([("acme", UNSTABLE)], "unstable"), ([], "--channel")])
def test_what_cannot_be_pruned_is_refused(channels, said):
    with pytest.raises(ChangeRefused, match=said):
        demand_prunable(channels)
