"""Deletion of a channel with many packages, in as few transactions as possible (packages.md 9.3)."""

from collections.abc import Iterator

import pytest
from pynamodb.connection.base import Connection

from chalicelib.channels import service
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from tests.builders.bucket import a_bucket
from tests.builders.histories import histories
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER, PackageRequest
from tests.builders.shelf import assert_consistent


@pytest.fixture
def origin(table: None) -> Iterator[str]:
    """An origin with a channel `one`, on an engine that is called without HTTP and a bucket in memory."""
    with histories(), a_bucket():
        origin = a_name("origin")
        origins.create(origin, Visibility.PUBLIC, UPLOADER)
        service.create(origin, "one", UPLOADER)
        yield origin


def fill(origin: str, *packages: tuple[str, str, str], targets: tuple[Target, ...] = (Target.X86_64_LINUX,)) -> None:
    """Publish packages and promote them to the channel `one`."""
    for package in packages:
        for target in targets:
            for operation in ("upload", "promote"):
                assert PackageRequest(operation, origin, package, target, channel="one").send() is None


def test_every_transaction_removes_as_many_packages_as_fit(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(origin, *(("tool", "1.0", str(number)) for number in range(50)))
    sizes = []
    call = Connection._make_api_call

    def watch(connection: Connection, operation: str, request: dict[str, list[object]]) -> object:
        if operation == "TransactWriteItems":
            sizes.append(len(request["TransactItems"]))
        return call(connection, operation, request)

    monkeypatch.setattr(Connection, "_make_api_call", watch)
    service.delete(origin, "one", UPLOADER)

    closing, *leaving, ending = sizes
    assert len(leaving) == 2
    assert max(leaving) <= 100
    assert (closing, ending) == (4, 2)
    shelf = assert_consistent(origin)
    assert "one" not in shelf.channels
    assert all(spot.channels == {"unstable"} for spot in shelf.packages.values())


def test_an_ident_leaves_the_channel_with_all_its_targets(origin: str) -> None:
    accepted = tuple(target for target in Target if target not in (Target.X86_64_DARWIN, Target.AARCH64_WINDOWS))
    fill(origin, *(("tool", "1.0", str(number)) for number in range(7)), targets=accepted)
    fill(origin, ("main", "main", "1"))

    service.delete(origin, "one", UPLOADER)

    shelf = assert_consistent(origin)
    assert len(shelf.packages) == 7 * len(accepted) + 1
    assert all(spot.channels == {"unstable"} for spot in shelf.packages.values())


def test_other_channels_keep_their_packages(origin: str) -> None:
    fill(origin, ("tool", "1.0", "1"))
    assert PackageRequest("promote", origin, ("tool", "1.0", "1"), channel="stable").send() is None

    service.delete(origin, "one", UPLOADER)

    [spot] = assert_consistent(origin).packages.values()
    assert spot.channels == {"stable", "unstable"}
