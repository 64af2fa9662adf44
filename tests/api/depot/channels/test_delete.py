"""DELETE /depot/channels/{origin}/{channel} (packages.md 9.3)."""

import pytest

from tests.api.client import Depot
from tests.builders.packages import a_channel, a_package, promote, set_visibility


def test_the_channel_is_deleted_and_its_packages_remain(depot: Depot, origin: str, name: str) -> None:
    a_channel(depot, origin, name)
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, name)

    reply = depot.delete(f"/depot/channels/{origin}/{name}", by="wesker")

    assert (reply.status, reply.body) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert {"name": name} not in depot.get(f"/depot/channels/{origin}").json()
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs").json()["total_count"] == 0
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs/_latest?target={hart.target}").json()["data"] == []
    assert depot.get(hart.in_channel(name)).status == 404
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs/{name}/latest").status == 404
    assert depot.put(f"{hart.in_channel(name)}/promote", by="bobo").status == 404
    assert depot.put(f"{hart.in_channel(name)}/demote", by="bobo").status == 400
    assert depot.get(hart.url).json()["channels"] == ["unstable"]
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_a_channel_can_be_created_again_at_once_and_is_empty(depot: Depot, origin: str, name: str) -> None:
    first = depot.post(f"/depot/channels/{origin}/{name}", by="bobo").json()
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, name)
    assert depot.delete(f"/depot/channels/{origin}/{name}", by="bobo").status == 200

    second = depot.post(f"/depot/channels/{origin}/{name}", by="bobo")

    assert second.status == 201
    assert second.json()["id"] != first["id"]
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs").json()["total_count"] == 0
    promote(depot, hart, name)
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs").json()["total_count"] == 1


def test_an_unknown_channel_is_200(depot: Depot, origin: str, name: str) -> None:
    for channel in (name, "x" * 2000):
        reply = depot.delete(f"/depot/channels/{origin}/{channel}", by="bobo")
        assert (reply.status, reply.body) == (200, b"")


@pytest.mark.parametrize("channel", ["stable", "unstable"])
def test_stable_and_unstable_are_403(depot: Depot, origin: str, channel: str) -> None:
    reply = depot.delete(f"/depot/channels/{origin}/{channel}", by="bobo")

    assert (reply.status, reply.body) == (403, b"")
    assert {"name": channel} in depot.get(f"/depot/channels/{origin}").json()


@pytest.mark.parametrize("channel", ["Stable", "stable-1", "base"])
def test_only_the_exact_names_are_protected(depot: Depot, origin: str, channel: str) -> None:
    a_channel(depot, origin, channel)

    assert depot.delete(f"/depot/channels/{origin}/{channel}", by="bobo").status == 200


@pytest.mark.parametrize("by", [None, "nonsense", "mystique", "hank", "lkennedy"])
def test_callers_below_maintainer_are_401_before_any_other_check(
    depot: Depot, origin: str, name: str, by: str | None
) -> None:
    a_channel(depot, origin, name)

    for path in (f"{origin}/{name}", f"{origin}/stable", f"{origin}/missing", "nowhere-at-all/x"):
        reply = depot.delete(f"/depot/channels/{path}", by=by)
        assert (reply.status, reply.body) == (401, b"")
    assert {"name": name} in depot.get(f"/depot/channels/{origin}").json()


def test_private_packages_leave_the_channel_too(depot: Depot, origin: str, name: str) -> None:
    a_channel(depot, origin, name)
    harts = [a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0", "main")]
    for hart in harts:
        promote(depot, hart, name)
    set_visibility(depot, harts[0], "private")

    assert depot.delete(f"/depot/channels/{origin}/{name}", by="bobo").status == 200

    for hart in harts:
        assert depot.get(hart.url, by="bobo").json()["channels"] == ["unstable"]
