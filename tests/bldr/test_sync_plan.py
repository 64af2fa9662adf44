"""Plans of a sync: the state that they reach, and what they never do."""

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bldr.errors import BldrError, ChangeRefused
from bldr.packages import DEFAULT_CHANNELS, UNSTABLE, Membership, Package, PackageDetails
from bldr.sync_plan import CurrentState, DesiredState, SyncPlan, possible_promotions, require_prunable
from tests.bldr.builders import PACKAGE_NUMBERS, a_package

CHANNELS = st.sampled_from(["stable", "prod", UNSTABLE])

Packages = Mapping[Package, PackageDetails]


@st.composite
def package_details(draw: st.DrawFn, number: int) -> PackageDetails:
    """A package that depends on packages with smaller numbers."""
    dependencies = draw(st.sets(st.integers(0, number - 1))) if number else set()
    tdeps = tuple(a_package(dependency).ident for dependency in sorted(dependencies))
    return PackageDetails(a_package(number), draw(st.sampled_from("ab")), tdeps)


@st.composite
def desired_states(draw: st.DrawFn) -> DesiredState:
    """Some packages, of which some are in channels."""
    packages = tuple([draw(package_details(number)) for number in sorted(draw(st.sets(PACKAGE_NUMBERS)))])
    pairs = draw(st.sets(st.tuples(st.sampled_from(packages), CHANNELS))) if packages else set()
    return DesiredState(packages, frozenset(Membership(details.package, channel) for details, channel in pairs))


@st.composite
def current_states(draw: st.DrawFn) -> CurrentState:
    """A destination with some packages, of which some are in channels."""
    details = [draw(package_details(number)) for number in draw(st.sets(PACKAGE_NUMBERS))]
    in_channels = [replace(each, channels=frozenset(draw(st.sets(CHANNELS)))) for each in details]
    packages = {each.package: each for each in in_channels}
    return CurrentState(packages, channels_of(packages), memberships_of(packages))


def channels_of(packages: Packages) -> frozenset[tuple[str, str]]:
    return frozenset(("acme", channel) for each in packages.values() for channel in each.channels | DEFAULT_CHANNELS)


def memberships_of(packages: Packages) -> frozenset[Membership]:
    return frozenset(Membership(key, channel) for key, each in packages.items() for channel in each.channels)


def state_after(plan: SyncPlan, current: CurrentState) -> CurrentState:
    """The state of the destination after a plan was executed. Requires that every step is possible."""
    packages = dict(current.packages)
    for details in plan.transfers:
        assert details.package not in packages
        packages[details.package] = replace(details, channels=frozenset({UNSTABLE}))
    for promotion in plan.promotions:
        details = packages[promotion.package]
        assert promotion.channel not in details.channels
        packages[promotion.package] = replace(details, channels=details.channels | {promotion.channel})
    for demotion in plan.demotions:
        details = packages[demotion.package]
        packages[demotion.package] = replace(details, channels=details.channels - {demotion.channel})
    return CurrentState(packages, current.channels | frozenset(plan.channels), memberships_of(packages))


@settings(max_examples=50)
@given(desired_states(), current_states(), st.booleans())
def test_a_plan_reaches_the_desired_state(desired: DesiredState, current: CurrentState, prune: bool) -> None:
    plan = SyncPlan.of(desired, current, prune)
    after = state_after(plan, current)

    for details in desired.packages:
        is_conflict = details.package in plan.conflicts
        assert (after.packages[details.package].checksum == details.checksum) is not is_conflict
    for membership in desired.memberships:
        if membership.package not in plan.conflicts and membership.channel != UNSTABLE:
            assert membership.channel in after.packages[membership.package].channels
    assert SyncPlan.of(desired, after, prune).is_empty


@settings(max_examples=50)
@given(desired_states(), current_states())
def test_a_plan_without_pruning_removes_and_replaces_nothing(desired: DesiredState, current: CurrentState) -> None:
    plan = SyncPlan.of(desired, current, prune=False)
    after = state_after(plan, current)

    assert plan.demotions == ()
    assert memberships_of(current.packages) <= memberships_of(after.packages)
    assert all(after.packages[key].checksum == details.checksum for key, details in current.packages.items())


@settings(max_examples=50)
@given(desired_states(), current_states())
def test_pruning_leaves_exactly_the_desired_members_except_in_unstable(
    desired: DesiredState, current: CurrentState
) -> None:
    plan = SyncPlan.of(desired, current, prune=True)
    members = {each for each in state_after(plan, current).members if each.channel != UNSTABLE}
    expected = {each for each in desired.memberships if each.channel != UNSTABLE and each.package not in plan.conflicts}

    assert all(each.channel != UNSTABLE for each in plan.demotions)
    assert expected <= members
    assert members - expected <= current.members & desired.memberships


@settings(max_examples=50)
@given(desired_states(), current_states())
def test_dependencies_are_transferred_first(desired: DesiredState, current: CurrentState) -> None:
    transfers = SyncPlan.of(desired, current, prune=False).transfers
    order = [details.package for details in transfers]

    for position, details in enumerate(transfers):
        assert set(details.dependencies) & set(order) <= set(order[:position])


@settings(max_examples=50)
@given(desired_states(), current_states())
def test_missing_channels_are_created(desired: DesiredState, current: CurrentState) -> None:
    plan = SyncPlan.of(desired, current, prune=False)
    channels = {channel for _, channel in current.channels | set(plan.channels)} | DEFAULT_CHANNELS

    assert {promotion.channel for promotion in plan.promotions} <= channels
    assert not set(plan.channels) & current.channels


@settings(max_examples=50)
@given(desired_states(), current_states(), st.sets(PACKAGE_NUMBERS))
def test_a_package_is_only_promoted_if_all_its_dependencies_arrived(
    desired: DesiredState, current: CurrentState, failed_numbers: set[int]
) -> None:
    plan = SyncPlan.of(desired, current, prune=False)
    failed = {a_package(number): BldrError("broken") for number in failed_numbers}
    needed = {details.package: {details.package, *details.dependencies} for details in desired.packages}

    for promotion in possible_promotions(plan, desired, failed):
        assert not needed[promotion.package] & {*failed, *plan.conflicts}


@pytest.mark.parametrize(("channels", "message"), [([("acme", UNSTABLE)], "unstable"), ([], "--channel")])
def test_pruning_requires_channels_other_than_unstable(channels: list[tuple[str, str]], message: str) -> None:
    with pytest.raises(ChangeRefused, match=message):
        require_prunable(channels)
