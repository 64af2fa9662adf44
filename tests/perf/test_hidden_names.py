"""Strangers cannot tell a private package from an unknown one by the work that a request takes."""

import pytest

from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, promote, set_visibility
from tests.perf.calls import counted_calls

VERSION, RELEASE, CHANNEL = "1.2.3", "20240301123456", "mixed"
READS = (
    "/depot/pkgs/{origin}/{name}",
    "/depot/pkgs/{origin}/{name}?distinct=true",
    "/depot/pkgs/{origin}/{name}?range=-1",
    "/depot/pkgs/{origin}/{name}/versions",
    "/depot/pkgs/{origin}/{name}/latest",
    "/depot/pkgs/{origin}/{name}/latest?target=x86_64-windows",
    "/depot/pkgs/{origin}/{name}/{version}",
    "/depot/pkgs/{origin}/{name}/{version}/latest",
    "/depot/pkgs/{origin}/{name}/{version}/{release}",
    "/depot/pkgs/{origin}/{name}/{version}/{release}?target=x86_64-windows",
    "/depot/pkgs/{origin}/{name}/{version}/{release}/channels",
    "/depot/pkgs/{origin}/{name}/{version}/{release}/download",
    "/depot/channels/{origin}/{channel}/pkgs/{name}",
    "/depot/channels/{origin}/{channel}/pkgs/{name}/{version}",
    "/depot/channels/{origin}/{channel}/pkgs/{name}/latest",
    "/depot/channels/{origin}/{channel}/pkgs/{name}/{version}/latest",
    "/depot/channels/{origin}/{channel}/pkgs/{name}/{version}/{release}",
    "/depot/pkgs/search/{name}",
    "/depot/pkgs/search/{name}?distinct=true",
    "/depot/pkgs/search/{origin}",
    "/depot/pkgs/search/{origin}%2F{name}",
    "/depot/pkgs/search/{origin}%2F{name}?distinct=true",
    "/settings/{origin}/{name}",
    "/packages/{origin}/{name}/{version}/{release}",
    "/deprecations/{origin}/{name}",
    "/deprecations/{origin}/{name}/{version}",
    "/deprecations/{origin}/{name}/{version}/{release}",
)


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin with a public package in the channel, so that every list has rows."""
    assert depot.get("/profile", by="mystique").status == 200  # the first request of a test user creates its account
    assert depot.get("/depot/pkgs/search/tool").status == 200  # the first search of a process reads more
    origin = an_origin(depot)
    a_channel(depot, origin, CHANNEL)
    promote(depot, a_package(depot, origin, name="shown"), CHANNEL)
    return origin


@pytest.fixture(scope="module")
def private(depot: Depot, origin: str) -> str:
    """The name of a package with two private releases, both in the channel. It was deprecated."""
    name = a_name("package")
    for release in (RELEASE, "20250301123456"):
        hart = a_package(depot, origin, name=name, release=release)
        promote(depot, hart, CHANNEL)
        set_visibility(depot, hart, "private")
    assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "private"}).status == 200
    assert depot.put(f"/deprecations/{origin}/{name}", by="bobo", json={"message": "Do not use"}).status == 200
    return name


@pytest.mark.parametrize("by", [None, "mystique"])
@pytest.mark.parametrize("path", READS)
def test_a_private_name_takes_the_same_calls_as_an_unknown_one(
    depot: Depot, origin: str, private: str, path: str, by: str | None
) -> None:
    answers = []
    for name in (private, a_name("unknown")):
        url = path.format(origin=origin, channel=CHANNEL, name=name, version=VERSION, release=RELEASE)
        with counted_calls() as calls:
            reply = depot.get(url, by=by)
        answers.append((reply.status, reply.body, dict(calls)))

    assert answers[0] == answers[1]


def test_a_token_of_an_account_is_no_reason_for_other_calls(depot: Depot, origin: str, private: str) -> None:
    token = depot.post("/profile/access-tokens", by="mystique").json()["token"]

    calls_of = []
    for name in (private, a_name("unknown")):
        for start in ("/depot/pkgs/{}/{}", f"/depot/channels/{{}}/{CHANNEL}/pkgs/{{}}"):
            with counted_calls() as calls:
                assert depot.get(start.format(origin, name) + "/latest", by=token).status == 404
            calls_of.append(dict(calls))

    assert calls_of[:2] == calls_of[2:]


def test_the_newest_public_release_is_found_behind_private_ones(depot: Depot, origin: str) -> None:
    name = a_name("package")
    for version in ("1.0", "2.0", "3.0"):
        hart = a_hart(origin=origin, name=name, version=version)
        promote(depot, a_package(depot, origin, name=name, version=version), CHANNEL)
        if version != "1.0":
            set_visibility(depot, hart, "private")

    for start, most in ((f"/depot/pkgs/{origin}", 5), (f"/depot/channels/{origin}/{CHANNEL}/pkgs", 4)):
        with counted_calls() as calls:
            assert depot.get(f"{start}/{name}/latest").json()["ident"]["version"] == "1.0"
        assert calls.total() == most
