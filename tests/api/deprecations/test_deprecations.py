"""GET, PUT, DELETE /deprecations/{origin}/{name}[/{version}[/{release}]] (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.core.ident import PackageIdent
from tests.api.client import Depot, Reply
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, with_visibility


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    return an_origin_with_members(depot, hank="readonly_member", lkennedy="member", mystique="maintainer")


@pytest.fixture
def ident(depot: Depot, origin: str) -> PackageIdent:
    return a_release(depot, origin, a_name("tool"), "1.0")


def path_of(ident: PackageIdent, depth: int = 3) -> str:
    """Return the path of a name (depth 1), a version (2) or a release (3)."""
    parts = [ident.name, ident.version, ident.release][:depth]
    return "/".join(["/deprecations", ident.origin, *parts])


def deprecate(depot: Depot, ident: PackageIdent, depth: int = 3, by: str | None = "bobo", **fields: Any) -> Reply:
    return depot.put(path_of(ident, depth), by=by, json={"message": "Too old"} | fields)


@pytest.mark.parametrize(("depth", "below"), [(1, ""), (2, "/1.0"), (3, None)])
def test_a_deprecation_is_shown_to_everyone(depot: Depot, ident: PackageIdent, depth: int, below: str | None) -> None:
    assert depot.get(path_of(ident, depth)).status == 404

    reply = deprecate(depot, ident, depth, by="mystique", replacement="acme/other")

    for by in (None, "wesker", "hank"):
        shown = depot.get(path_of(ident, depth), by=by)
        assert (shown.status, shown.json()) == (200, reply.json())
    applies_to = str(ident) if below is None else f"{ident.origin}/{ident.name}{below}"
    assert reply.json() | {"deprecated_at": ""} == {
        "applies_to": applies_to,
        "message": "Too old",
        "replacement": "acme/other",
        "deprecated_at": "",
    }
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"


def test_the_most_specific_deprecation_applies(depot: Depot, ident: PackageIdent) -> None:
    for depth in (1, 2, 3):
        deprecate(depot, ident, depth, message=f"At {depth}")
    other = a_release(depot, ident.origin, ident.name, "2.0")

    def message_of(of: PackageIdent, depth: int) -> str:
        message: str = depot.get(path_of(of, depth)).json()["message"]
        return message

    assert [message_of(ident, depth) for depth in (1, 2, 3)] == ["At 1", "At 2", "At 3"]
    assert [message_of(other, depth) for depth in (1, 2, 3)] == ["At 1"] * 3
    assert depot.delete(path_of(ident, 2), by="bobo").status == 204
    assert message_of(ident, 2) == "At 1"


def test_a_deprecation_can_be_replaced_and_deleted_twice(depot: Depot, ident: PackageIdent) -> None:
    deprecate(depot, ident, replacement="acme/other")
    deprecate(depot, ident, message="Changed")

    assert depot.get(path_of(ident)).json()["message"] == "Changed"
    assert depot.get(path_of(ident)).json()["replacement"] is None
    assert [depot.delete(path_of(ident), by="mystique").status for _ in range(2)] == [204, 204]
    assert depot.get(path_of(ident)).status == 404


def test_deprecations_of_private_packages_are_shown_to_members_only(depot: Depot, ident: PackageIdent) -> None:
    with_visibility(depot, ident, "private")
    for depth in (1, 2, 3):
        assert deprecate(depot, ident, depth).status == 200
        assert depot.get(path_of(ident, depth)).status == 404
        assert depot.get(path_of(ident, depth), by="wesker").status == 404
        assert depot.get(path_of(ident, depth), by="hank").status == 200
    public = a_release(depot, ident.origin, ident.name, "2.0")

    # The deprecation of the name applies to the public release.
    assert [depot.get(path_of(public, depth)).status for depth in (1, 2, 3)] == [200, 200, 200]
    assert [depot.get(path_of(ident, depth)).status for depth in (2, 3)] == [404, 404]


def test_a_deprecation_does_not_change_other_answers(depot: Depot, ident: PackageIdent) -> None:
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
        assert depot.delete(path_of(ident, depth), by=by).status == status


def test_only_existing_packages_can_be_deprecated(depot: Depot, ident: PackageIdent) -> None:
    nothing = PackageIdent(ident.origin, a_name("nothing"), "1.0", "20240101000000")
    other = PackageIdent(ident.origin, ident.name, "9.9", "20240101000000")

    assert [deprecate(depot, nothing, depth).status for depth in (1, 2, 3)] == [404, 404, 404]
    assert [deprecate(depot, other, depth).status for depth in (2, 3)] == [404, 404]
    assert depot.delete(f"/depot/pkgs/{ident}", by="bobo").status == 204
    assert [deprecate(depot, ident, depth).status for depth in (1, 2, 3)] == [404, 404, 404]


def test_a_slash_in_a_name_does_not_address_a_version(depot: Depot, ident: PackageIdent) -> None:
    deprecate(depot, ident, 2)
    sly = f"/deprecations/{ident.origin}/{ident.name}%2F{ident.version}"

    assert depot.get(sly).status == depot.delete(sly, by="bobo").status == 404
    assert depot.put(sly, by="bobo", json={"message": "x"}).status == 404
    assert depot.get(path_of(ident, 2)).json()["message"] == "Too old"


UNREADABLE: list[Any] = [
    None,
    {},
    {"message": 1},
    {"message": None},
    {"message": "x", "replacement": 1},
    {"message": "\ud800"},
]
INVALID: list[dict[str, Any]] = [
    {"message": ""},
    {"message": " \n"},
    {"message": "x" * 2001},
    *({"message": f"a{character}b"} for character in "\0\n\r\t\x1b\x7f\x85\u2028\u202e"),
    *({"message": f"See {link}"} for link in ("http://example.com", "javascript:alert(1)", "data:text/html,x")),
    *({"replacement": text} for text in ("javascript:alert(1)/x", "https:/evil", "http://a.example/b", "https://a/b")),
    *({"replacement": text} for text in ("Acme/tool", "acme/to ol", "acme/tool/1\u202e", "acme/tool/1\x85/1")),
    *({"replacement": text} for text in ("", "tool", "acme/", "a/b/c/d/e", "acme/to\nol", "acme/" + "x" * 450)),
]


@pytest.mark.parametrize("body", UNREADABLE, ids=ascii)
def test_an_unreadable_body_is_400(depot: Depot, origin: str, body: Any) -> None:
    assert depot.put(f"/deprecations/{origin}/tool", by="bobo", json=body).status == 400


@pytest.mark.parametrize("fields", INVALID, ids=lambda fields: str(fields)[:30])
def test_an_invalid_field_is_422(depot: Depot, ident: PackageIdent, fields: dict[str, Any]) -> None:
    reply = deprecate(depot, ident, **fields)

    assert reply.status == 422
    assert reply.text.startswith(f"`{next(iter(fields))}` must")


def test_a_message_may_have_a_link_with_https(depot: Depot, ident: PackageIdent) -> None:
    reply = deprecate(depot, ident, message="Sicherheitslücke 🔓: https://example.com/CVE?id=1")

    assert reply.status == 200


def test_deprecations_are_deleted_with_their_origin(depot: Depot) -> None:
    origin = an_origin(depot)
    ident = a_release(depot, origin)
    deprecate(depot, ident, 1)
    assert depot.delete(f"/depot/pkgs/{ident}", by="bobo").status == 204
    assert depot.delete(f"/settings/{origin}/{ident.name}", by="bobo").status == 204
    assert depot.delete(f"/depot/origins/{origin}", by="bobo").status == 204

    an_origin(depot, name=origin)
    a_release(depot, origin, ident.name)

    assert depot.get(path_of(ident, 1), by="bobo").status == 404
