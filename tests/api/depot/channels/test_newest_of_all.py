"""GET /depot/channels/{origin}/{channel}/pkgs/_latest: the newest release of every name (packages.md 9.5)."""

import json

import pytest

from app import app
from tests.api.client import Depot
from tests.builders.lifetimes import SHARED
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, promote, set_visibility
from tests.perf.recording import record

WINDOWS = "x86_64-windows"


def newest_of_all(depot: Depot, origin: str, channel: str, target: str, by: str | None = None) -> list[str]:
    """Name and version of each release, in the order of the answer."""
    reply = depot.get(f"/depot/channels/{origin}/{channel}/pkgs/_latest", by=by, query={"target": target})
    assert reply.status == 200
    assert {key: reply.json()[key] for key in ("channel", "target")} == {"channel": channel, "target": target}
    return [f"{row['name']} {row['version']}" for row in reply.json()["data"]]


def test_the_newest_release_of_each_name_by_name(depot: Depot) -> None:
    origin = an_origin(depot)
    for name, version, target in (
        ("tool2", "1.0", "x86_64-linux"),
        ("tool", "1.9", "x86_64-linux"),
        ("tool", "1.10", "x86_64-linux"),
        ("tool", "2.0", WINDOWS),
        ("tool-x", "1.0", "x86_64-linux"),
        ("tool-x", "main", "x86_64-linux"),
        ("Zoo", "5", "x86_64-linux"),
        ("none", "main", "x86_64-linux"),
    ):
        hart = a_package(depot, origin, name=name, version=version, target=target)
        if name != "tool2":
            promote(depot, hart, "stable")

    reply = depot.get(f"/depot/channels/{origin}/stable/pkgs/_latest?target=x86_64-linux")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == SHARED
    assert reply.json()["data"][0] == {"origin": origin, "name": "Zoo", "version": "5", "release": "20240301123456"}
    assert newest_of_all(depot, origin, "stable", "x86_64-linux") == ["Zoo 5", "tool 1.10", "tool-x 1.0"]
    assert newest_of_all(depot, origin, "stable", WINDOWS) == ["tool 2.0"]
    assert newest_of_all(depot, origin, "unstable", "x86_64-linux")[-1] == "tool2 1.0"


def test_callers_get_the_newest_release_that_they_may_see(depot: Depot) -> None:
    origin = an_origin(depot)
    a_package(depot, origin, name="tool", version="1.0")
    set_visibility(depot, a_package(depot, origin, name="tool", version="2.0"), "private")
    set_visibility(depot, a_package(depot, origin, name="secret", version="1.0"), "private")

    for by in (None, "mystique"):
        assert newest_of_all(depot, origin, "unstable", "x86_64-linux", by=by) == ["tool 1.0"]
    assert newest_of_all(depot, origin, "unstable", "x86_64-linux", by="bobo") == ["secret 1.0", "tool 2.0"]


@pytest.mark.parametrize("target", ["nonsense", "", "X86_64-linux", "aarch64-linux"])
def test_an_unknown_target_gives_an_empty_list(depot: Depot, origin: str, name: str, target: str) -> None:
    a_package(depot, origin, name=name)

    assert newest_of_all(depot, origin, "unstable", target) == []


def test_unknown_channels_and_origins_give_an_empty_list(depot: Depot, origin: str) -> None:
    assert newest_of_all(depot, origin, "missing", "x86_64-linux") == []
    assert newest_of_all(depot, "nowhere-at-all", "stable", "x86_64-linux") == []


def test_without_a_target_in_the_query_it_is_400(depot: Depot, origin: str) -> None:
    agent = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}

    for by in (None, "bobo"):
        reply = depot.get(f"/depot/channels/{origin}/unstable/pkgs/_latest", by=by, headers=agent)
        assert (reply.status, reply.body) == (400, b"")


def test_computing_the_list_transfers_keys_and_visibilities_only(depot: Depot) -> None:
    origin = an_origin(depot)
    a_package(depot, origin, name="tool")
    path = f"/depot/channels/{origin}/unstable/pkgs/_latest?target=x86_64-linux"

    recording = record(app, lambda depot: depot.get(path))

    items = [
        item
        for exchange in recording.exchanges
        if exchange.operation == "Query"
        for item in json.loads(exchange.body)["Items"]
    ]
    assert [set(item) for item in items if "changes" not in item] == [{"pk", "sk", "visibility"}]
