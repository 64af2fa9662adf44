"""Whatever is done to packages one after the other, all rows are what a plain model says (packages.md 2, 7-10)."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.channels.errors import ChannelExists, ChannelProtected, NotInChannel
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from chalicelib.packages.errors import DeletionRefused, ReleaseExists, SettingsMissing
from tests.builders.bucket import Bucket, a_bucket
from tests.builders.engine import an_engine
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import REQUESTS, SOMEBODY, Wish
from tests.builders.shelf import Shelf, Spot, stored_rows

Refusal = type[Exception] | None
ALWAYS = {"stable", "unstable"}


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    """An engine without HTTP in between, and a bucket in memory."""
    with an_engine(), histories(), a_bucket() as bucket:
        yield bucket


def upload(shelf: Shelf, wish: Wish) -> Refusal:
    old = shelf.packages.get((wish.ident, wish.target))
    if old is not None and not wish.forced:
        return ReleaseExists
    visibility = shelf.settings.setdefault(wish.name, "public")
    shelf.packages[wish.ident, wish.target] = Spot(visibility, old.channels if old else frozenset({"unstable"}))
    return None


def promote(shelf: Shelf, wish: Wish) -> Refusal:
    spot = shelf.packages.get((wish.ident, wish.target))
    if wish.channel not in shelf.channels:
        return ChannelMissing
    if spot is None:
        return ReleaseMissing
    shelf.packages[wish.ident, wish.target] = replace(spot, channels=spot.channels | {wish.channel})
    return None


def demote(shelf: Shelf, wish: Wish) -> Refusal:
    spot = shelf.packages.get((wish.ident, wish.target))
    if wish.channel == "unstable":
        return ChannelProtected
    if spot is None or wish.channel not in spot.channels:
        return NotInChannel
    shelf.packages[wish.ident, wish.target] = replace(spot, channels=spot.channels - {wish.channel})
    return None


def show_to(shelf: Shelf, wish: Wish) -> Refusal:
    for package, spot in shelf.packages.items():
        if package[0] == wish.ident:
            shelf.packages[package] = replace(spot, visibility=wish.visibility)
    return None


def delete(shelf: Shelf, wish: Wish) -> Refusal:
    spot = shelf.packages.get((wish.ident, wish.target))
    if spot is None:
        return ReleaseMissing
    if "stable" in spot.channels:
        return DeletionRefused
    del shelf.packages[wish.ident, wish.target]
    return None


def create_channel(shelf: Shelf, wish: Wish) -> Refusal:
    if wish.channel in shelf.channels:
        return ChannelExists
    shelf.channels.add(wish.channel)
    return None


def delete_channel(shelf: Shelf, wish: Wish) -> Refusal:
    if wish.channel in ALWAYS:
        return ChannelProtected
    shelf.channels.discard(wish.channel)
    for package, spot in shelf.packages.items():
        shelf.packages[package] = replace(spot, channels=spot.channels - {wish.channel})
    return None


def change_settings(shelf: Shelf, wish: Wish) -> Refusal:
    if wish.name not in shelf.settings:
        return SettingsMissing
    shelf.settings[wish.name] = wish.visibility
    return None


MODEL: dict[str, Callable[[Shelf, Wish], Refusal]] = {
    "upload": upload,
    "promote": promote,
    "demote": demote,
    "show to": show_to,
    "delete": delete,
    "create channel": create_channel,
    "delete channel": delete_channel,
    "settings": change_settings,
}

# Uploads and promotions come up more often, so that there is something to change.
wishes = st.builds(
    Wish,
    what=st.sampled_from([*REQUESTS, "upload", "upload", "promote", "promote", "create channel"]),
    origin=st.just(""),
    package=st.sampled_from(
        [("tool", "1.0", "1"), ("tool", "1.0", "2"), ("tool", "2.0", "1"), ("tool-x", "main", "1"), ("a", "01.0", "1")]
    ),
    target=st.sampled_from([Target.X86_64_LINUX, Target.X86_64_LINUX, Target.X86_64_WINDOWS]),
    channel=st.sampled_from(["stable", "unstable", "one", "one", "two"]),
    visibility=st.sampled_from(["public", "private"]),
    forced=st.booleans(),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(wishes, min_size=10, max_size=40))
def test_every_row_follows_from_where_the_packages_are(bucket: Bucket, course: list[Wish]) -> None:
    origin = a_name("origin")
    shelf = Shelf(origin)
    origins.create(origin, Visibility.PUBLIC, SOMEBODY)
    for wish in (replace(each, origin=origin) for each in course):
        expected = MODEL[wish.what](shelf, wish)

        assert wish.ask() is expected

        assert Shelf.read(origin) == shelf
        assert stored_rows(origin) == shelf.rows


def test_the_model_knows_every_request() -> None:
    assert set(MODEL) == set(REQUESTS)
