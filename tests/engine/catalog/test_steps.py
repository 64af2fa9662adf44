"""After any sequence of requests to packages, all rows are those of a simple model (packages.md 2 and 7-10)."""

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
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import OPERATIONS, UPLOADER, PackageRequest
from tests.builders.shelf import Shelf, Spot, stored_rows, stored_totals

Error = type[Exception] | None
PROTECTED = {"stable", "unstable"}


@pytest.fixture(scope="module")
def bucket(table: None) -> Iterator[Bucket]:
    """An engine that is called without HTTP, and a bucket in memory."""
    with histories(), a_bucket() as bucket:
        yield bucket


def upload(shelf: Shelf, request: PackageRequest) -> Error:
    old = shelf.packages.get((request.ident, request.target))
    if old is not None and not request.forced:
        return ReleaseExists
    visibility = shelf.settings.setdefault(request.name, "public")
    shelf.packages[request.ident, request.target] = Spot(visibility, old.channels if old else frozenset({"unstable"}))
    return None


def promote(shelf: Shelf, request: PackageRequest) -> Error:
    spot = shelf.packages.get((request.ident, request.target))
    if request.channel not in shelf.channels:
        return ChannelMissing
    if spot is None:
        return ReleaseMissing
    shelf.packages[request.ident, request.target] = replace(spot, channels=spot.channels | {request.channel})
    return None


def demote(shelf: Shelf, request: PackageRequest) -> Error:
    spot = shelf.packages.get((request.ident, request.target))
    if request.channel == "unstable":
        return ChannelProtected
    if spot is None or request.channel not in spot.channels:
        return NotInChannel
    shelf.packages[request.ident, request.target] = replace(spot, channels=spot.channels - {request.channel})
    return None


def set_visibility(shelf: Shelf, request: PackageRequest) -> Error:
    for package, spot in shelf.packages.items():
        if package[0] == request.ident:
            shelf.packages[package] = replace(spot, visibility=request.visibility)
    return None


def delete(shelf: Shelf, request: PackageRequest) -> Error:
    spot = shelf.packages.get((request.ident, request.target))
    if spot is None:
        return ReleaseMissing
    if "stable" in spot.channels:
        return DeletionRefused
    del shelf.packages[request.ident, request.target]
    return None


def create_channel(shelf: Shelf, request: PackageRequest) -> Error:
    if request.channel in shelf.channels:
        return ChannelExists
    shelf.channels.add(request.channel)
    return None


def delete_channel(shelf: Shelf, request: PackageRequest) -> Error:
    if request.channel in PROTECTED:
        return ChannelProtected
    shelf.channels.discard(request.channel)
    for package, spot in shelf.packages.items():
        shelf.packages[package] = replace(spot, channels=spot.channels - {request.channel})
    return None


def change_settings(shelf: Shelf, request: PackageRequest) -> Error:
    if request.name not in shelf.settings:
        return SettingsMissing
    shelf.settings[request.name] = request.visibility
    return None


MODEL: dict[str, Callable[[Shelf, PackageRequest], Error]] = {
    "upload": upload,
    "promote": promote,
    "demote": demote,
    "set visibility": set_visibility,
    "delete": delete,
    "create channel": create_channel,
    "delete channel": delete_channel,
    "change settings": change_settings,
}

# Uploads and promotions are more frequent, so that there are packages to change.
requests = st.builds(
    PackageRequest,
    operation=st.sampled_from([*OPERATIONS, "upload", "upload", "promote", "promote", "create channel"]),
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
@given(st.lists(requests, min_size=10, max_size=40))
def test_every_row_follows_from_the_model(bucket: Bucket, history: list[PackageRequest]) -> None:
    origin = a_name("origin")
    shelf = Shelf(origin)
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    for request in (replace(each, origin=origin) for each in history):
        expected = MODEL[request.operation](shelf, request)

        assert request.send() is expected

        assert Shelf.read(origin) == shelf
        assert stored_rows(origin) == shelf.rows
        assert stored_totals(origin) == shelf.totals


def test_the_model_has_every_operation() -> None:
    assert set(MODEL) == set(OPERATIONS)
