"""Releases for tests that need their idents only: of settings, channels, events and search."""

import itertools

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import upload

LINUX, WINDOWS = "x86_64-linux", "x86_64-windows"
_releases = itertools.count(20240101000000)


def a_release(
    depot: Depot,
    origin: str,
    name: str | None = None,
    version: str = "1.0.0",
    release: str | None = None,
    target: str = LINUX,
    by: str = "bobo",
) -> PackageIdent:
    """Publish a release, and return its ident. Name and release are new unless given."""
    name, release = name or a_name("package"), release or str(next(_releases))
    hart = a_hart(origin=origin, name=name, version=version, release=release, target=target, manifest="#")
    reply = upload(depot, hart, by, forced=True)
    assert reply.status == 201, reply
    return hart.ident


def promoted(depot: Depot, ident: PackageIdent, channel: str, target: str = LINUX, by: str = "bobo") -> None:
    """Promote a release. Creates the channel if it does not exist."""
    assert depot.post(f"/depot/channels/{ident.origin}/{channel}", by=by).status in (201, 409)
    assert change_channel(depot, ident, channel, "promote", target, by) == 200


def an_origin_with_promoted(depot: Depot, number: int, channel: str) -> str:
    """Create an origin of bobo with new releases in a channel, and return its name."""
    origin = an_origin(depot)
    for _ in range(number):
        promoted(depot, a_release(depot, origin), channel)
    return origin


def change_channel(
    depot: Depot, ident: PackageIdent, channel: str, verb: str, target: str = LINUX, by: str = "bobo"
) -> int:
    """Promote or demote a release, and return the status."""
    path = f"/depot/channels/{ident.origin}/{channel}/pkgs/{ident.name}/{ident.version}/{ident.release}"
    return depot.put(f"{path}/{verb}", by=by, query={"target": target}).status


def with_visibility(depot: Depot, ident: PackageIdent, visibility: str, by: str = "bobo") -> None:
    """Set the visibility of a release."""
    assert depot.patch(f"/depot/pkgs/{ident}/{visibility}", by=by).status == 200
