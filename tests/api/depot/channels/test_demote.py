"""PUT /depot/channels/{origin}/{channel}/pkgs/{name}/{version}/{release}/demote (packages.md 9.8)."""

import pytest

from tests.api.client import Depot
from tests.builders.packages import a_channel, a_package, demote, events_of, promote, set_visibility

WINDOWS = "x86_64-windows"


@pytest.mark.parametrize("channel", ["stable", "another"])
def test_the_package_leaves_the_channel(depot: Depot, origin: str, name: str, channel: str) -> None:
    if channel != "stable":
        channel = a_channel(depot, origin, name)
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, channel)

    reply = depot.put(f"{hart.in_channel(channel)}/demote", by="wesker", query={"target": hart.target})

    assert (reply.status, reply.body) == (200, b"")
    assert "Content-Type" not in reply.headers
    assert depot.get(hart.in_channel(channel)).status == 404
    assert depot.get(f"/depot/channels/{origin}/{channel}/pkgs/{name}/latest").status == 404
    assert depot.get(f"/depot/channels/{origin}/{channel}/pkgs/{name}").json()["total_count"] == 0
    assert depot.get(hart.url).json()["channels"] == ["unstable"]
    assert events_of(depot, name, by="wesker") == [("Demote", channel, "1.2.3"), ("Promote", channel, "1.2.3")]


def test_a_private_package_can_be_demoted(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    promote(depot, hart, "stable")
    set_visibility(depot, hart, "private")

    demote(depot, hart, "stable")
    set_visibility(depot, hart, "public")

    assert depot.get(hart.in_channel("stable")).status == 404
    assert depot.get(f"/depot/channels/{origin}/stable/pkgs/{name}").json()["total_count"] == 0


class TestOrderOfChecks:
    def test_1_unstable_is_403_for_every_caller(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for by in (None, "mystique", "hank", "bobo"):
            for path in (hart.in_channel("unstable"), "/depot/channels/nowhere/unstable/pkgs/x/1/2"):
                for query in ("", "?target=nonsense"):
                    reply = depot.put(f"{path}/demote{query}", by=by)
                    assert (reply.status, reply.body) == (403, b"")
        assert depot.put(f"{hart.in_channel('unstable')}/demote", by="nonsense").status == 401
        assert depot.get(hart.in_channel("unstable")).status == 200

    @pytest.mark.parametrize("by", [None, "nonsense", "mystique", "hank", "lkennedy"])
    def test_2_callers_below_maintainer_are_401(self, depot: Depot, origin: str, name: str, by: str | None) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, "stable")

        for path in (
            f"{hart.in_channel('stable')}/demote",
            f"{hart.in_channel('stable')}/demote?target=nonsense",
            f"{hart.in_channel('missing')}/demote",
            "/depot/channels/nowhere-at-all/stable/pkgs/x/1/2/demote",
        ):
            reply = depot.put(path, by=by)
            assert (path, reply.status, reply.body) == (path, 401, b"")
        assert depot.get(hart.in_channel("stable")).status == 200

    def test_3_an_invalid_target_is_422(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for channel in ("stable", "missing"):
            reply = depot.put(f"{hart.in_channel(channel)}/demote", by="bobo", query={"target": "mips-linux"})
            assert (reply.status, reply.text) == (422, "Invalid package target 'mips-linux'")

    def test_4_a_missing_channel_package_or_membership_is_400(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        a_package(depot, origin, name=name, version="2.0")
        promote(depot, a_package(depot, origin, name=name, target=WINDOWS), "stable")

        for path in (
            f"{hart.in_channel('missing')}/demote",
            f"{hart.in_channel('stable')}/demote",
            f"{hart.in_channel('stable')}/demote?target=aarch64-linux",
            f"/depot/channels/{origin}/stable/pkgs/{name}/9/9/demote",
        ):
            reply = depot.put(path, by="bobo")
            assert (path, reply.status, reply.body) == (path, 400, b"")
        assert [event[0] for event in events_of(depot, name)] == ["Promote"]

    def test_a_second_demotion_is_400(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, "stable")
        demote(depot, hart, "stable")

        assert depot.put(f"{hart.in_channel('stable')}/demote", by="bobo").status == 400
