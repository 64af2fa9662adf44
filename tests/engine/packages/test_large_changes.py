"""Changes of one ident that are close to the limit of a transaction (packages.md sections 2 and 8.2)."""

from collections.abc import Iterator

import pytest

from chalicelib.catalog.errors import TooManyChannels
from chalicelib.catalog.steps import CHANNELS_LIMIT
from chalicelib.channels import service as channels
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from tests.builders.bucket import a_bucket
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER, PackageRequest
from tests.builders.shelf import assert_consistent

TARGETS = (Target.X86_64_LINUX, Target.X86_64_WINDOWS, Target.AARCH64_LINUX, Target.AARCH64_DARWIN)


@pytest.fixture
def origin(table: None) -> Iterator[str]:
    """An origin in an engine that is called without HTTP, with a bucket in memory."""
    with histories(), a_bucket():
        origin = a_name("origin")
        origins.create(origin, Visibility.PUBLIC, UPLOADER)
        yield origin


def promote_to(origin: str, number_of_channels: int, target: Target = Target.X86_64_LINUX) -> None:
    """Publish a package and promote it to a number of channels besides `unstable`."""
    assert PackageRequest("upload", origin, target=target).send() is None
    for number in range(number_of_channels):
        PackageRequest("create channel", origin, channel=f"c{number:02}").send()
        assert PackageRequest("promote", origin, target=target, channel=f"c{number:02}").send() is None


def test_the_visibility_of_targets_changes_one_by_one_if_a_transaction_cannot_hold_all(origin: str) -> None:
    for target in TARGETS:
        promote_to(origin, 12, target)

    assert PackageRequest("set visibility", origin, visibility="private").send() is None

    spots = assert_consistent(origin).packages.values()
    assert [spot.visibility for spot in spots] == ["private"] * len(TARGETS)
    assert {len(spot.channels) for spot in spots} == {13}


def test_a_package_in_the_most_channels_can_still_be_changed_in_every_way(origin: str) -> None:
    promote_to(origin, CHANNELS_LIMIT - 1)
    channels.create(origin, "one-more", UPLOADER)
    assert PackageRequest("promote", origin, channel="one-more").send() is TooManyChannels

    for request in (
        PackageRequest("set visibility", origin, visibility="private"),
        PackageRequest("upload", origin, forced=True),
        PackageRequest("demote", origin, channel="c00"),
        PackageRequest("promote", origin, channel="one-more"),
        PackageRequest("delete", origin),
    ):
        assert request.send() is None
        assert_consistent(origin)
