"""PUT /depot/channels/{origin}/{channel}/pkgs/{name}/{version}/{release}/promote (packages.md 9.7)."""

import pytest

from tests.api.client import Depot
from tests.builders.packages import a_channel, a_package, demote, events_of, promote, set_visibility

WINDOWS = "x86_64-windows"


def test_the_package_is_in_the_channel_at_once(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)

    reply = depot.put(f"{hart.in_channel('stable')}/promote", by="wesker", query={"target": hart.target})

    assert (reply.status, reply.body) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert depot.get(hart.in_channel("stable")).status == 200
    assert depot.get(f"/depot/channels/{origin}/stable/pkgs/{name}/latest").json()["ident"] == hart.ident.as_json()
    assert depot.get(hart.url).json()["channels"] == ["unstable", "stable"]


@pytest.mark.parametrize("channel", ["stable", "unstable"])
def test_a_private_package_can_be_in_any_channel(depot: Depot, origin: str, name: str, channel: str) -> None:
    hart = a_package(depot, origin, name=name)
    set_visibility(depot, hart, "private")

    promote(depot, hart, channel)

    assert depot.get(hart.in_channel(channel), by="hank").status == 200
    assert depot.get(hart.in_channel(channel)).status == 404


def test_a_repeat_changes_nothing_and_records_no_event(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, "unstable")
    assert events_of(depot, name) == []
    promote(depot, hart, "stable")
    before = depot.get(f"{hart.url}/channels").json()

    promote(depot, hart, "stable")

    assert depot.get(f"{hart.url}/channels").json() == before
    assert events_of(depot, name) == [("Promote", "stable", "1.2.3")]


def test_every_change_records_an_event_in_order(depot: Depot, origin: str, name: str) -> None:
    first, second = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0"))
    promote(depot, first, "stable")
    promote(depot, second, "stable")
    demote(depot, first, "stable")

    assert events_of(depot, name) == [
        ("Demote", "stable", "1.0"),
        ("Promote", "stable", "2.0"),
        ("Promote", "stable", "1.0"),
    ]


def test_only_the_package_for_the_resolved_target_is_promoted(depot: Depot, origin: str, name: str) -> None:
    linux = a_package(depot, origin, name=name)
    windows = a_package(depot, origin, name=name, target=WINDOWS)
    agent = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}

    assert depot.put(f"{linux.in_channel('stable')}/promote", by="bobo", headers=agent).status == 200

    assert depot.get(windows.in_channel("stable"), query={"target": WINDOWS}).status == 200
    assert depot.get(linux.in_channel("stable")).status == 404


class TestOrderOfChecks:
    @pytest.mark.parametrize("by", [None, "nonsense", "mystique", "hank", "lkennedy"])
    def test_1_callers_below_maintainer_are_401(self, depot: Depot, origin: str, name: str, by: str | None) -> None:
        hart = a_package(depot, origin, name=name)

        for path in (
            f"{hart.in_channel('stable')}/promote",
            f"{hart.in_channel('stable')}/promote?target=nonsense",
            f"{hart.in_channel('missing')}/promote",
            f"/depot/channels/{origin}/stable/pkgs/nothing/1/2/promote",
            "/depot/channels/nowhere-at-all/stable/pkgs/x/1/2/promote",
        ):
            reply = depot.put(path, by=by)
            assert (path, reply.status, reply.body) == (path, 401, b"")
        assert depot.get(hart.in_channel("stable")).status == 404

    @pytest.mark.parametrize("target", ["", "mips-linux"])
    def test_2_an_invalid_target_is_422(self, depot: Depot, origin: str, name: str, target: str) -> None:
        hart = a_package(depot, origin, name=name)

        for channel in ("stable", "missing"):
            reply = depot.put(f"{hart.in_channel(channel)}/promote", by="bobo", query={"target": target})
            assert (reply.status, reply.text) == (422, f"Invalid package target '{target}'")

    def test_3_a_missing_channel_or_package_is_404(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for path in (
            f"{hart.in_channel('missing')}/promote",
            f"{hart.in_channel('stable')}/promote?target={WINDOWS}",
            f"/depot/channels/{origin}/stable/pkgs/{name}/9/9/promote",
            f"/depot/channels/{origin}/{'x' * 2000}/pkgs/{name}/1.2.3/{hart.ident.release}/promote",
        ):
            reply = depot.put(path, by="bobo")
            assert (path, reply.status, reply.body) == (path, 404, b"")
        assert {"name": "missing"} not in depot.get(f"/depot/channels/{origin}").json()
        assert events_of(depot, name) == []

    def test_other_methods_are_404(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for method in ("GET", "POST", "DELETE"):
            assert depot.request(method, f"{hart.in_channel('stable')}/promote", by="bobo").status == 404


def test_the_order_of_promotions_affects_neither_lists_nor_latest(depot: Depot, origin: str, name: str) -> None:
    a_channel(depot, origin, name)
    for version in ("2.0", "1.0", "3.0"):
        promote(depot, a_package(depot, origin, name=name, version=version), name)

    shown = depot.get(f"/depot/channels/{origin}/{name}/pkgs").json()["data"]
    assert [row["version"] for row in shown] == ["1.0", "2.0", "3.0"]
    assert depot.get(f"/depot/channels/{origin}/{name}/pkgs/{name}/latest").json()["ident"]["version"] == "3.0"
