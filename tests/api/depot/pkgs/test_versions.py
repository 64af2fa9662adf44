"""GET /depot/pkgs/{origin}/{name}/versions (packages.md 5.3)."""

import pytest

from tests.api.client import Depot
from tests.builders.lifetimes import SHARED
from tests.builders.packages import a_package, delete, set_visibility

WINDOWS = "x86_64-windows"


def test_there_is_an_entry_per_version_newest_first(depot: Depot, origin: str, name: str) -> None:
    for version, release, target in (
        ("1.9", "20240101000000", "x86_64-linux"),
        ("1.10", "20240102000000", WINDOWS),
        ("1.10", "20240102000000", "x86_64-linux"),
        ("1.10", "9", "aarch64-linux"),
        ("1.10-rc1", "20240104000000", "x86_64-linux"),
        ("main", "20240105000000", "x86_64-linux"),
    ):
        a_package(depot, origin, name=name, version=version, release=release, target=target)

    reply = depot.get(f"/depot/pkgs/{origin}/{name}/versions")

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == SHARED

    def entry(version: str, count: str, latest: str, platforms: list[str]) -> dict[str, object]:
        return {
            "origin": origin,
            "name": name,
            "version": version,
            "release_count": count,
            "latest": latest,
            "platforms": platforms,
            "visibility": "public",
        }

    assert reply.json() == [
        entry("1.10", "3", "9", ["aarch64-linux", "x86_64-linux", WINDOWS]),
        entry("1.10-rc1", "1", "20240104000000", ["x86_64-linux"]),
        entry("1.9", "1", "20240101000000", ["x86_64-linux"]),
    ]


def test_members_see_an_entry_per_visibility_and_others_only_the_public_one(
    depot: Depot, origin: str, name: str
) -> None:
    private = a_package(depot, origin, name=name, release="3")
    a_package(depot, origin, name=name, release="2")
    set_visibility(depot, private, "private")

    def entries(by: str | None) -> set[tuple[str, str, str]]:
        listed = depot.get(f"/depot/pkgs/{origin}/{name}/versions", by=by).json()
        return {(each["release_count"], each["latest"], each["visibility"]) for each in listed}

    for stranger in (None, "mystique"):
        assert entries(stranger) == {("1", "2", "public")}
    for member in ("bobo", "hank"):
        assert entries(member) == {("1", "2", "public"), ("1", "3", "private")}


@pytest.mark.parametrize("path", ["{o}/nothing", "nowhere/{n}", "{o}/{n}%2F1.2.3", "{n}/{o}"])
def test_an_unknown_name_has_no_versions(depot: Depot, origin: str, name: str, path: str) -> None:
    a_package(depot, origin, name=name)

    reply = depot.get(f"/depot/pkgs/{path.format(o=origin, n=name)}/versions", by="bobo")

    assert (reply.status, reply.text) == (200, "[]")


def test_a_deleted_version_is_not_listed(depot: Depot, origin: str, name: str) -> None:
    delete(depot, a_package(depot, origin, name=name))

    assert depot.get(f"/depot/pkgs/{origin}/{name}/versions").text == "[]"


def test_a_bad_token_is_401(depot: Depot, origin: str) -> None:
    assert depot.get(f"/depot/pkgs/{origin}/x/versions", by="nonsense").status == 401
