"""Deprecations of names, versions and releases; our own paths (docs/OPERATING.md)."""

from typing import Any

import pytest

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot, Reply
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, seen_as


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "readonly_member")
    a_member(depot, origin, "lkennedy", "member")
    a_member(depot, origin, "mystique", "maintainer")
    return origin


@pytest.fixture
def ident(depot: Depot, origin: str) -> PackageIdent:
    return a_release(depot, origin, a_name("tool"), "1.0")


def place(ident: PackageIdent, depth: int = 3) -> str:
    """The path of a name (1), a version (2) or a release (3)."""
    parts = [ident.name, ident.version, ident.release][:depth]
    return "/".join(["/deprecations", ident.origin, *parts])


def deprecate(depot: Depot, ident: PackageIdent, depth: int = 3, by: str | None = "bobo", **said: Any) -> Reply:
    return depot.put(place(ident, depth), by=by, json={"message": "Too old"} | said)


@pytest.mark.parametrize(("depth", "below"), [(1, ""), (2, "/1.0"), (3, None)])
def test_what_is_said_is_shown_to_everybody(depot: Depot, ident: PackageIdent, depth: int, below: str | None) -> None:
    assert depot.get(place(ident, depth)).status == 404

    said = deprecate(depot, ident, depth, by="mystique", replacement="acme/other")

    for by in (None, "wesker", "hank"):
        shown = depot.get(place(ident, depth), by=by)
        assert (shown.status, shown.json()) == (200, said.json())
    applies_to = str(ident) if below is None else f"{ident.origin}/{ident.name}{below}"
    assert said.json() | {"deprecated_at": ""} == {
        "applies_to": applies_to,
        "message": "Too old",
        "replacement": "acme/other",
        "deprecated_at": "",
    }
    assert said.headers["Cache-Control"] == "private, no-cache, no-store"


def test_the_most_specific_one_applies(depot: Depot, ident: PackageIdent) -> None:
    for depth in (1, 2, 3):
        deprecate(depot, ident, depth, message=f"At {depth}")
    other = a_release(depot, ident.origin, ident.name, "2.0")

    def message(of: PackageIdent, depth: int) -> str:
        said: str = depot.get(place(of, depth)).json()["message"]
        return said

    assert [message(ident, depth) for depth in (1, 2, 3)] == ["At 1", "At 2", "At 3"]
    assert [message(other, depth) for depth in (1, 2, 3)] == ["At 1"] * 3
    assert depot.delete(place(ident, 2), by="bobo").status == 204
    assert message(ident, 2) == "At 1"


def test_saying_it_again_replaces_it_and_taking_it_back_repeats(depot: Depot, ident: PackageIdent) -> None:
    deprecate(depot, ident, replacement="acme/other")
    deprecate(depot, ident, message="Changed")

    assert depot.get(place(ident)).json()["message"] == "Changed"
    assert depot.get(place(ident)).json()["replacement"] is None
    assert [depot.delete(place(ident), by="mystique").status for _ in range(2)] == [204, 204]
    assert depot.get(place(ident)).status == 404


def test_what_is_private_is_deprecated_for_members_only(depot: Depot, ident: PackageIdent) -> None:
    seen_as(depot, ident, "private")
    for depth in (1, 2, 3):
        assert deprecate(depot, ident, depth).status == 200
        assert depot.get(place(ident, depth)).status == 404
        assert depot.get(place(ident, depth), by="wesker").status == 404
        assert depot.get(place(ident, depth), by="hank").status == 200
    public = a_release(depot, ident.origin, ident.name, "2.0")

    assert [depot.get(place(public, depth)).status for depth in (1, 2, 3)] == [200, 200, 200], "as said of the name"
    assert [depot.get(place(ident, depth)).status for depth in (2, 3)] == [404, 404]


def test_it_does_not_change_what_clients_get(depot: Depot, ident: PackageIdent) -> None:
    latest, shown = f"/depot/pkgs/{ident.origin}/{ident.name}/latest", f"/depot/pkgs/{ident}"
    paths = [latest, shown, f"{shown}/channels", f"{shown}/download", f"/depot/pkgs/{ident.origin}/{ident.name}"]
    paths.append(f"/depot/channels/{ident.origin}/unstable/pkgs/{ident.name}/latest")
    before = [(depot.get(path).status, depot.get(path).body) for path in paths]

    for depth in (1, 2, 3):
        deprecate(depot, ident, depth)

    assert [(depot.get(path).status, depot.get(path).body) for path in paths] == before


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_only_maintainers_deprecate(depot: Depot, ident: PackageIdent, depth: int) -> None:
    for by, status in ((None, 401), ("wesker", 403), ("hank", 403), ("lkennedy", 403)):
        assert deprecate(depot, ident, depth, by=by).status == status
        assert depot.delete(place(ident, depth), by=by).status == status


def test_only_what_there_is_can_be_deprecated(depot: Depot, ident: PackageIdent) -> None:
    nothing = PackageIdent(ident.origin, a_name("nothing"), "1.0", "20240101000000")
    other = PackageIdent(ident.origin, ident.name, "9.9", "20240101000000")

    assert [deprecate(depot, nothing, depth).status for depth in (1, 2, 3)] == [404, 404, 404]
    assert [deprecate(depot, other, depth).status for depth in (2, 3)] == [404, 404]
    assert depot.delete(f"/depot/pkgs/{ident}", by="bobo").status == 204
    assert [deprecate(depot, ident, depth).status for depth in (1, 2, 3)] == [404, 404, 404]


def test_a_slash_in_a_name_does_not_reach_a_version(depot: Depot, ident: PackageIdent) -> None:
    deprecate(depot, ident, 2)
    sly = f"/deprecations/{ident.origin}/{ident.name}%2F{ident.version}"

    assert depot.get(sly).status == depot.delete(sly, by="bobo").status == 404
    assert depot.put(sly, by="bobo", json={"message": "x"}).status == 404
    assert depot.get(place(ident, 2)).json()["message"] == "Too old"


UNREADABLE: list[Any] = [
    None,
    {},
    {"message": 1},
    {"message": None},
    {"message": "x", "replacement": 1},
    {"message": "\ud800"},
]
NONSENSE: list[dict[str, Any]] = [
    {"message": ""},
    {"message": " \n"},
    {"message": "x" * 2001},
    *({"replacement": text} for text in ("", "tool", "acme/", "a/b/c/d/e", "acme/to\nol", "acme/" + "x" * 450)),
]


@pytest.mark.parametrize("said", UNREADABLE, ids=ascii)
def test_what_cannot_be_read_is_400(depot: Depot, origin: str, said: Any) -> None:
    assert depot.put(f"/deprecations/{origin}/tool", by="bobo", json=said).status == 400


@pytest.mark.parametrize("said", NONSENSE, ids=lambda said: str(said)[:30])
def test_what_makes_no_sense_is_422(depot: Depot, ident: PackageIdent, said: dict[str, Any]) -> None:
    reply = deprecate(depot, ident, **said)

    assert reply.status == 422
    assert reply.text.startswith(f"`{next(iter(said))}` must")


def test_deprecations_go_with_their_origin(depot: Depot) -> None:
    origin = an_origin(depot)
    ident = a_release(depot, origin)
    deprecate(depot, ident, 1)
    assert depot.delete(f"/depot/pkgs/{ident}", by="bobo").status == 204
    assert depot.delete(f"/settings/{origin}/{ident.name}", by="bobo").status == 204
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    an_origin(depot, name=origin)
    a_release(depot, origin, ident.name)

    assert depot.get(place(ident, 1), by="bobo").status == 404
