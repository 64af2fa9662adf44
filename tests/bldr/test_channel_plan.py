"""Plans of promotions and demotions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.channel_plan import ChannelOperation, ChannelPlan
from bldr.errors import ChangeRefused
from tests.bldr.builders import PACKAGE_NUMBERS, a_package


@given(st.sampled_from(ChannelOperation), st.lists(PACKAGE_NUMBERS), st.sets(PACKAGE_NUMBERS))
def test_a_plan_changes_exactly_the_packages_that_are_not_in_the_desired_state(
    operation: ChannelOperation, numbers: list[int], member_numbers: set[int]
) -> None:
    packages, members = set(map(a_package, numbers)), set(map(a_package, member_numbers))
    plan = ChannelPlan.of(operation, "stable", packages, members)
    members_after = members ^ set(plan.changes)

    assert {*plan.changes, *plan.unchanged} == packages
    assert not set(plan.changes) & set(plan.unchanged)
    assert all((package in members_after) == (operation is ChannelOperation.PROMOTE) for package in packages)


@pytest.mark.parametrize("operation", ChannelOperation)
def test_a_plan_for_unstable_is_refused(operation: ChannelOperation) -> None:
    with pytest.raises(ChangeRefused, match="unstable"):
        ChannelPlan.of(operation, "unstable", [a_package(1)], [])
