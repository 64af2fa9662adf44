"""GET /depot/pkgs/{origin}/{name}[/{version}]/latest: the newest release (packages.md 3 and 5.4)."""

import random

import pytest

from tests.api.client import Depot
from tests.builders.packages import a_package, delete, latest_release, set_visibility

NO_CACHE = "private, no-cache, no-store"
WINDOWS = "x86_64-windows"


def latest(depot: Depot, path: str, by: str | None = None, **query: str) -> str | int:
    return latest_release(depot, f"pkgs/{path}", by, **query)


@pytest.mark.parametrize(
    "ascending",
    [
        ["1.9.0", "1.10.0"],
        ["1.2", "1.2.0", "1.2.1"],
        ["3.0.1-rc1", "3.0.1k", "3.0.1"],
        ["1-beta10", "1-beta9", "1"],
        ["7.1.9-a", "7.2.0.", "7.2.0.dev-x", "7.2.0"],
        ["r9z-1", "r12b03-2"],
        ["20.30-15", "20.30-7"],
        ["1.1.0b", "1.1.0k"],
        ["8u191", "2024-01-31", "99999999999999999999999999999999999999"],
        ["0.1~pre7", "0.1"],
    ],
)
def test_the_version_order_decides(depot: Depot, origin: str, name: str, ascending: list[str]) -> None:
    shuffled = random.Random(1).sample(ascending, len(ascending))
    harts = {version: a_package(depot, origin, name=name, version=version, release="1") for version in shuffled}

    for version in reversed(ascending):
        assert latest(depot, f"{origin}/{name}") == f"{version}/1"
        delete(depot, harts[version])
    assert latest(depot, f"{origin}/{name}") == 404


def test_among_equal_versions_the_largest_release_by_bytes_wins(depot: Depot, origin: str, name: str) -> None:
    ascending = [("1.2", "20240101000000"), ("v1.2", "20240201000000"), ("01.2", "20240301000000"), ("1.2", "3")]
    for version, release in ascending:
        a_package(depot, origin, name=name, version=version, release=release)
        assert latest(depot, f"{origin}/{name}") == f"{version}/{release}"


def test_a_version_without_a_digit_is_never_latest(depot: Depot, origin: str, name: str) -> None:
    a_package(depot, origin, name=name, version="main")
    assert latest(depot, f"{origin}/{name}") == 404
    assert latest(depot, f"{origin}/{name}/main") == 404

    a_package(depot, origin, name=name, version="0")
    assert latest(depot, f"{origin}/{name}") == "0/20240301123456"


def test_within_a_version_only_releases_of_exactly_that_version_count(depot: Depot, origin: str, name: str) -> None:
    for version, release in (("1.2", "1"), ("1.2", "3"), ("1.2.0", "9"), ("01.2", "9"), ("1.20", "9"), ("1.2-a", "9")):
        a_package(depot, origin, name=name, version=version, release=release)

    assert latest(depot, f"{origin}/{name}/1.2") == "1.2/3"
    assert latest(depot, f"{origin}/{name}/01.2") == "01.2/9"
    assert latest(depot, f"{origin}/{name}/1") == 404
    assert latest(depot, f"{origin}/{name}/3") == 404


def test_each_target_has_its_own_latest(depot: Depot, origin: str, name: str) -> None:
    a_package(depot, origin, name=name, version="1.0")
    a_package(depot, origin, name=name, version="2.0", target=WINDOWS)
    agent = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}

    assert latest(depot, f"{origin}/{name}") == "1.0/20240301123456"
    assert latest(depot, f"{origin}/{name}", target=WINDOWS) == "2.0/20240301123456"
    assert depot.get(f"/depot/pkgs/{origin}/{name}/latest", headers=agent).json()["ident"]["version"] == "2.0"
    assert latest(depot, f"{origin}/{name}", target="aarch64-linux") == 404
    reply = depot.get(f"/depot/pkgs/{origin}/{name}/latest", query={"target": "nonsense"})
    assert (reply.status, reply.text) == (422, "Invalid package target 'nonsense'")


def test_the_answer_is_the_full_package_and_not_cacheable(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name, config="x = 1")

    for path in (f"{origin}/{name}", f"{origin}/{name}/{hart.ident.version}"):
        reply = depot.get(f"/depot/pkgs/{path}/latest")
        assert reply.headers["Cache-Control"] == NO_CACHE
        assert reply.json() == depot.get(hart.url).json()


def test_callers_get_the_newest_package_that_they_may_see(depot: Depot, origin: str, name: str) -> None:
    old, middle, new = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0", "3.0"))
    set_visibility(depot, new, "private")
    set_visibility(depot, middle, "private")

    for stranger in (None, "mystique"):
        assert latest(depot, f"{origin}/{name}", by=stranger) == "1.0/20240301123456"
        assert latest(depot, f"{origin}/{name}/3.0", by=stranger) == 404
    for member in ("bobo", "hank"):
        assert latest(depot, f"{origin}/{name}", by=member) == "3.0/20240301123456"
        assert latest(depot, f"{origin}/{name}/3.0", by=member) == "3.0/20240301123456"
    set_visibility(depot, middle, "public")
    assert latest(depot, f"{origin}/{name}") == "2.0/20240301123456"
    set_visibility(depot, middle, "private")
    set_visibility(depot, old, "private")
    assert latest(depot, f"{origin}/{name}") == 404


@pytest.mark.parametrize("path", ["{o}/nothing", "{o}/nothing/1.0", "nowhere/{n}", "{o}/1.2.3/{n}", "{o}/{n}%2F1.2.3"])
def test_an_unknown_package_is_404(depot: Depot, origin: str, name: str, path: str) -> None:
    a_package(depot, origin, name=name)

    assert latest(depot, path.format(o=origin, n=name)) == 404


def test_a_bad_token_is_401(depot: Depot, origin: str, name: str) -> None:
    a_package(depot, origin, name=name)

    assert latest(depot, f"{origin}/{name}", by="nonsense") == 401
    assert latest(depot, f"{origin}/nothing", by="nonsense") == 401
