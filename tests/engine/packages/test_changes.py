"""Changes of one ident that are almost too much for one transaction (packages.md 8.2)."""

from collections.abc import Iterator

import pytest

from chalicelib.catalog.errors import TooManyChannels
from chalicelib.catalog.steps import CHANNELS_LIMIT
from chalicelib.channels import service as channels
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from tests.builders.bucket import a_bucket
from tests.builders.engine import an_engine
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import SOMEBODY, Wish
from tests.builders.shelf import assert_consistent

TARGETS = (Target.X86_64_LINUX, Target.X86_64_WINDOWS, Target.AARCH64_LINUX, Target.AARCH64_DARWIN)


@pytest.fixture
def origin() -> Iterator[str]:
    """An origin on an engine without HTTP in between, with a bucket in memory."""
    with an_engine(), histories(), a_bucket():
        origin = a_name("origin")
        origins.create(origin, Visibility.PUBLIC, SOMEBODY)
        yield origin


def promote_to(origin: str, number_of_channels: int, target: Target = Target.X86_64_LINUX) -> None:
    """Publish a package and promote it to channels beside `unstable`."""
    assert Wish("upload", origin, target=target).ask() is None
    for number in range(number_of_channels):
        Wish("create channel", origin, channel=f"c{number:02}").ask()
        assert Wish("promote", origin, target=target, channel=f"c{number:02}").ask() is None


def test_targets_that_are_too_much_together_change_one_after_the_other(origin: str) -> None:
    for target in TARGETS:
        promote_to(origin, 12, target)

    assert Wish("show to", origin, visibility="private").ask() is None

    spots = assert_consistent(origin).packages.values()
    assert [spot.visibility for spot in spots] == ["private"] * len(TARGETS)
    assert {len(spot.channels) for spot in spots} == {13}


def test_everything_may_be_done_to_a_package_in_as_many_channels_as_it_can_be(origin: str) -> None:
    promote_to(origin, CHANNELS_LIMIT - 1)
    channels.create(origin, "one-more", SOMEBODY)
    assert Wish("promote", origin, channel="one-more").ask() is TooManyChannels

    for wish in (
        Wish("show to", origin, visibility="private"),
        Wish("upload", origin, forced=True),
        Wish("demote", origin, channel="c00"),
        Wish("promote", origin, channel="one-more"),
        Wish("delete", origin),
    ):
        assert wish.ask() is None
        assert_consistent(origin)
