"""Fixtures and requests of the tests of retention."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot, Reply
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name
from tests.builders.packages import a_package

KEEP_ONE = {"keep_per_name": 1, "older_than_days": 0}
Publish = Callable[..., PackageIdent]


@pytest.fixture
def origin(depot: Depot) -> str:
    """A new origin of bobo with mystique as administrator."""
    return an_origin_with_members(depot, mystique="administrator")


@pytest.fixture
def publish(depot: Depot, origin: str) -> Publish:
    """Return a function that publishes a version of a name and returns its ident."""

    def publish(name: str, version: str = "1.0", **more: Any) -> PackageIdent:
        return a_package(depot, more.pop("origin", origin), name=name, version=version, **more).ident

    return publish


@pytest.fixture
def tool(publish: Publish) -> list[PackageIdent]:
    """Four versions of a name, oldest first; 1.10 is the newest."""
    name = a_name("tool")
    return [publish(name, version) for version in ("1.8", "1.9", "main", "1.10")]


def put_policy(depot: Depot, origin: str, by: str = "bobo", **more: Any) -> None:
    """Set a policy; unless `more` says otherwise, it keeps one release per name of any age."""
    reply = depot.put(f"/retention/{origin}", by=by, json=KEEP_ONE | more)
    assert reply.status == 200, reply


def run(depot: Depot, origin: str, by: str = "bobo", **query: Any) -> Reply:
    """Apply the policy."""
    return depot.post(f"/retention/{origin}/run", by=by, query=query)


def removed(reply: Reply) -> list[str]:
    """The idents that a run removed, or would remove."""
    assert reply.status == 200, reply
    return ["/".join(each["ident"].values()) for each in reply.json()["removed"]]


def reasons(reply: Reply) -> dict[str, str]:
    """The reasons why the other packages are kept, by ident."""
    return {"/".join(each["ident"].values()): each["reason"] for each in reply.json()["kept"]}


def published(depot: Depot, origin: str) -> list[str]:
    """The idents of an origin, ascending; they must fit one page."""
    listed = depot.get(f"/depot/pkgs/{origin}", by="bobo").json()
    assert listed["total_count"] == len(listed["data"])
    return sorted("/".join([row["origin"], row["name"], row["version"], row["release"]]) for row in listed["data"])
