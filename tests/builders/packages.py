"""Packages and channels of tests, created through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart


def upload(
    depot: Depot,
    hart: Hart,
    by: str | None = "bobo",
    *,
    target: str | None = None,
    checksum: str | None = None,
    forced: bool | None = None,
    path: str | None = None,
    headers: dict[str, str] | None = None,
) -> Reply:
    """Upload an archive as hab does. `target`, `checksum` and `path` replace those of the archive."""
    query = {"checksum": hart.checksum if checksum is None else checksum, "target": target or hart.target}
    if forced is not None:
        query["forced"] = "true" if forced else "false"
    return depot.post(f"/depot/pkgs/{path or hart.path}", by=by, body=hart.content, query=query, headers=headers)


def a_package(depot: Depot, origin: str, by: str = "bobo", **hart: Any) -> Hart:
    """Upload an archive with these fields, and return it."""
    archive = a_hart(origin=origin, **hart)
    reply = upload(depot, archive, by)
    assert reply.status == 201, reply
    return archive


def a_channel(depot: Depot, origin: str, name: str, by: str = "bobo") -> str:
    """Create a channel, and return its name."""
    reply = depot.post(f"/depot/channels/{origin}/{name}", by=by)
    assert reply.status == 201, reply
    return name


def promote(depot: Depot, hart: Hart, channel: str, by: str = "bobo") -> None:
    """Promote a package for its target."""
    reply = depot.put(f"{hart.in_channel(channel)}/promote", by=by, query={"target": hart.target})
    assert reply.status == 200, reply


def demote(depot: Depot, hart: Hart, channel: str, by: str = "bobo") -> None:
    """Demote a package for its target."""
    reply = depot.put(f"{hart.in_channel(channel)}/demote", by=by, query={"target": hart.target})
    assert reply.status == 200, reply


def set_visibility(depot: Depot, hart: Hart, visibility: str, by: str = "bobo") -> None:
    """Set the visibility of an ident."""
    reply = depot.patch(f"{hart.url}/{visibility}", by=by)
    assert (reply.status, reply.body) == (200, b""), reply


def latest_release(depot: Depot, path: str, by: str | None = None, **query: str) -> str | int:
    """Return version and release of the latest package below `/depot/<path>`, or the status if it is not 200."""
    reply = depot.get(f"/depot/{path}/latest", by=by, query=query)
    if reply.status != 200:
        assert reply.body == b""
        return reply.status
    ident = reply.json()["ident"]
    return f"{ident['version']}/{ident['release']}"


def delete(depot: Depot, hart: Hart, by: str = "bobo") -> None:
    """Delete a package for its target."""
    reply = depot.delete(hart.url, by=by, query={"target": hart.target})
    assert reply.status == 204, reply


def events_of(depot: Depot, name: str, by: str = "bobo") -> list[tuple[str, str, str]]:
    """Return operation, channel and version of the events of a name that a caller sees, newest first."""
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%d")
    query: dict[str, Any] = {"from_date": "2020-1-1", "to_date": tomorrow, "query": name}
    events = depot.get("/depot/events", by=by, query=query).json()["data"]
    return [(each["operation"], each["channel"], each["package_ident"]["version"]) for each in events]
