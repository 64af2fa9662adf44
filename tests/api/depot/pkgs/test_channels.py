"""GET /depot/pkgs/{origin}/{name}/{version}/{release}/channels (packages.md 4.3, 5.6)."""

import re
from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.packages import a_channel, a_package, demote, promote, set_visibility, upload

WINDOWS = "x86_64-windows"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def test_channels_are_listed_in_descending_order(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    for channel in (f"bldr-{name}", f"LTS-{name}", f"zz{name}"):
        promote(depot, hart, a_channel(depot, origin, channel))

    reply = depot.get(f"{hart.url}/channels")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"
    entries = reply.json()
    assert [entry["name"] for entry in entries] == [f"zz{name}", "unstable", f"bldr-{name}", f"LTS-{name}"]
    for entry in entries:
        assert list(entry) == ["name", "created_at", "promoted_at"]
        assert TIME.fullmatch(entry["created_at"])
        assert TIME.fullmatch(entry["promoted_at"])


def test_each_target_has_its_own_channels(depot: Depot, origin: str, name: str) -> None:
    linux = a_package(depot, origin, name=name)
    promote(depot, a_package(depot, origin, name=name, target=WINDOWS), "stable")
    agent = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}

    def names(**request: Any) -> list[str]:
        return [entry["name"] for entry in depot.get(f"{linux.url}/channels", **request).json()]

    assert names() == ["unstable"]
    assert names(query={"target": WINDOWS}) == names(headers=agent) == ["unstable", "stable"]
    assert names(query={"target": "aarch64-linux"}) == []


def test_the_times_are_those_of_the_membership(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)

    def times() -> dict[str, tuple[str, str]]:
        entries = depot.get(f"{hart.url}/channels").json()
        return {entry["name"]: (entry["created_at"], entry["promoted_at"]) for entry in entries}

    promote(depot, hart, "stable")
    first = times()
    promote(depot, hart, "stable")
    upload(depot, hart, forced=True)
    assert times() == first
    assert first["stable"][0] > first["unstable"][0]

    demote(depot, hart, "stable")
    promote(depot, hart, "stable")
    assert times()["stable"] > first["stable"]
    assert times()["unstable"] == first["unstable"]


def test_an_invalid_target_is_422_even_for_an_unknown_package(depot: Depot, origin: str, name: str) -> None:
    for url in (a_package(depot, origin, name=name).url, f"/depot/pkgs/{origin}/{name}/9/9"):
        reply = depot.get(f"{url}/channels", query={"target": "mips-linux"})
        assert (reply.status, reply.text) == (422, "Invalid package target 'mips-linux'")


@pytest.mark.parametrize("by", [None, "mystique"])
def test_an_invisible_or_unknown_package_has_no_channels(depot: Depot, origin: str, name: str, by: str | None) -> None:
    hart = a_package(depot, origin, name=name)
    set_visibility(depot, hart, "private")

    for url in (hart.url, f"/depot/pkgs/{origin}/{name}/9/9", "/depot/pkgs/nowhere/x/1/2"):
        reply = depot.get(f"{url}/channels", by=by)
        assert (reply.status, reply.text) == (200, "[]")
    assert len(depot.get(f"{hart.url}/channels", by="hank").json()) == 1


def test_a_deleted_channel_is_not_listed(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, a_channel(depot, origin, name))

    assert depot.delete(f"/depot/channels/{origin}/{name}", by="bobo").status == 200

    assert [entry["name"] for entry in depot.get(f"{hart.url}/channels").json()] == ["unstable"]
    assert depot.get(hart.url).json()["channels"] == ["unstable"]
    assert depot.get(f"/depot/pkgs/{origin}/{name}").json()["data"][0]["channels"] == ["unstable"]


def test_a_bad_token_is_401(depot: Depot, origin: str, name: str) -> None:
    assert depot.get(f"{a_package(depot, origin, name=name).url}/channels", by="nonsense").status == 401
