"""Origins with channels for bulk changes, and interruptions of what works on them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pynamodb.connection.base import Connection

from chalicelib.catalog.events.event_rows import GroupEventRow, group_events_partition
from chalicelib.catalog.long_changes.long_change_rows import LongChangeRow, long_changes_partition
from chalicelib.channels import service
from chalicelib.core.visibility import Visibility
from chalicelib.origins import service as origins
from chalicelib.platform import table
from tests.builders.histories import Killed
from tests.builders.names import a_name
from tests.builders.package_requests import UPLOADER, PackageRequest
from tests.builders.shelf import Shelf


def an_origin_with(*packages: tuple[str, str, str], channel: str = "from") -> str:
    """Return an origin with packages, all of them in a channel."""
    origin = a_name("origin")
    origins.create(origin, Visibility.PUBLIC, UPLOADER)
    service.create(origin, channel, UPLOADER)
    for package in packages:
        add(origin, package, channel)
    return origin


def add(origin: str, package: tuple[str, str, str], channel: str) -> None:
    """Publish a package and promote it to a channel."""
    for operation in ("upload", "promote"):
        assert PackageRequest(operation, origin, package, channel=channel).send() is None


def members(origin: str, channel: str) -> list[str]:
    """Return the versions of the packages in a channel, as `name/version`, in order."""
    packages = Shelf.read(origin).packages.items()
    return sorted(f"{ident.name}/{ident.version}" for (ident, _), spot in packages if channel in spot.channels)


def changes(origin: str) -> list[LongChangeRow]:
    """Return the long changes of an origin, oldest first."""
    return list(table.rows(LongChangeRow, long_changes_partition(origin)))


def audit(origin: str) -> list[str]:
    """Return the states of the audit rows of bulk changes, oldest first."""
    return [row.state for row in table.rows(GroupEventRow, group_events_partition(origin))]


@contextmanager
def dying_before_call(number: int) -> Iterator[list[str]]:
    """End the process before a call to the table inside the block. Yields the operations of the calls so far."""
    made: list[str] = []
    call = Connection._make_api_call

    def make(connection: Connection, operation: str, request: dict[str, Any]) -> Any:
        if len(made) >= number:
            raise Killed
        made.append(operation)
        return call(connection, operation, request)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "_make_api_call", make)
        yield made
