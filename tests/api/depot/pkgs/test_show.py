"""GET /depot/pkgs/{origin}/{name}/{version}/{release}: one package by its ident (packages.md 4.1, 5.5)."""

import re
from urllib.parse import quote

import pytest

from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.packages import a_channel, a_package, demote, promote, set_visibility, upload

WINDOWS = "x86_64-windows"
KERNEL2 = "x86_64-linux-kernel2"
NO_CACHE = "private, no-cache, no-store"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def test_the_answer_is_the_full_package(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name, exposes=[80], config="x = 1", deps=["core/lib/1.0/20240101000000"])

    reply = depot.get(hart.url)

    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert reply.headers["Cache-Control"] == NO_CACHE
    shown = reply.json()
    assert shown == {
        "id": shown["id"],
        "owner_id": depot.get("/profile", by="bobo").json()["id"],
        "origin": origin,
        "name": name,
        "ident": {"origin": origin, "name": name, "version": "1.2.3", "release": "20240301123456"},
        "ident_array": [origin, name, "1.2.3", "20240301123456"],
        "checksum": hart.checksum,
        "manifest": "",
        "config": "",
        "target": "x86_64-linux",
        "deps": [{"origin": "core", "name": "lib", "version": "1.0", "release": "20240101000000"}],
        "tdeps": [],
        "build_deps": [],
        "build_tdeps": [],
        "exposes": [80],
        "visibility": "public",
        "created_at": shown["created_at"],
        "updated_at": shown["updated_at"],
        "package_type": "Standard",
        "channels": ["unstable"],
        "is_a_service": False,
        "size": len(hart.content),
    }
    assert re.fullmatch(r"[0-9]{15,19}", shown["id"])
    assert TIME.fullmatch(shown["created_at"])
    assert TIME.fullmatch(shown["updated_at"])


def test_channels_are_listed_descending_by_bytes(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    channels = [f"{prefix}{name}" for prefix in ("a", "LTS-", "bldr-", "Z", "z", "9")]
    for channel in channels:
        promote(depot, hart, a_channel(depot, origin, channel))
    promote(depot, hart, "stable")
    demote(depot, hart, f"z{name}")

    assert depot.get(hart.url).json()["channels"] == [
        "unstable",
        "stable",
        f"bldr-{name}",
        f"a{name}",
        f"Z{name}",
        f"LTS-{name}",
        f"9{name}",
    ]


class TestValidator:
    def test_an_unchanged_package_is_304_without_a_body(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        etag = depot.get(hart.url).headers["ETag"]

        for known in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            reply = depot.get(hart.url, headers={"If-None-Match": known})
            assert (reply.status, reply.body, reply.headers["ETag"]) == (304, b"", etag)
            assert reply.headers["Cache-Control"] == NO_CACHE

    @pytest.mark.parametrize("other", ['"other"', "nonsense", "", ","])
    def test_another_validator_gets_the_package(self, depot: Depot, origin: str, name: str, other: str) -> None:
        hart = a_package(depot, origin, name=name)

        assert depot.get(hart.url, headers={"If-None-Match": other}).status == 200

    def test_a_changed_package_has_another_validator(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        before = {"If-None-Match": depot.get(hart.url).headers["ETag"]}

        promote(depot, hart, "stable")

        reply = depot.get(hart.url, headers=before)
        assert (reply.status, reply.json()["channels"]) == (200, ["unstable", "stable"])

    def test_a_package_that_became_private_is_404_for_those_who_have_stored_it(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        hart = a_package(depot, origin, name=name)
        before = {"If-None-Match": depot.get(hart.url).headers["ETag"]}

        set_visibility(depot, hart, "private")

        assert depot.get(hart.url, headers=before).status == 404
        reply = depot.get(hart.url, by="bobo", headers=before)
        assert (reply.status, reply.headers["Cache-Control"], "ETag" in reply.headers) == (200, NO_CACHE, True)


class TestTarget:
    def test_a_release_for_another_target_is_found(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name, target=WINDOWS)

        for query in ({}, {"target": "x86_64-linux"}, {"target": "aarch64-darwin"}):
            assert depot.get(hart.url, query=query).json()["target"] == WINDOWS

    @pytest.mark.parametrize(
        ("query", "agent", "target"),
        [
            ({}, "", "x86_64-linux"),
            ({}, "hab/1.6.0/20230201 (x86_64-windows; 10.0)", WINDOWS),
            ({}, "hab/1.6.0/20230201 (x86_64-linux-kernel2; 2.6.32)", "x86_64-linux"),
            ({}, "hab/1.6.0/20230201 (mips-linux; 5)", "x86_64-linux"),
            ({}, "Mozilla/5.0 (x86_64-windows; 10.0)", WINDOWS),
            ({"target": KERNEL2}, "hab/1.6.0/20230201 (x86_64-windows; 10.0)", KERNEL2),
            ({"target": WINDOWS}, "", WINDOWS),
        ],
    )
    def test_the_resolved_target_is_preferred(
        self, depot: Depot, origin: str, query: dict[str, str], agent: str, target: str
    ) -> None:
        hart = a_hart(origin=origin, name="of-three")
        for each in ("x86_64-linux", WINDOWS, KERNEL2):
            upload(depot, a_hart(origin=origin, name="of-three", target=each))

        shown = depot.get(hart.url, query=query, headers={"User-Agent": agent} if agent else {}).json()

        assert shown["target"] == target

    def test_another_target_is_shown_if_the_resolved_one_is_private(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        set_visibility(depot, linux, "private")
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "public"}).status == 200
        a_package(depot, origin, name=name, target=WINDOWS)

        assert depot.get(linux.url).json()["target"] == WINDOWS
        assert depot.get(linux.url, by="hank").json()["target"] == "x86_64-linux"

    @pytest.mark.parametrize("target", ["", "X86_64-linux", "x86_64-linux ", "mips-linux"])
    def test_an_invalid_target_is_422(self, depot: Depot, origin: str, name: str, target: str) -> None:
        hart = a_package(depot, origin, name=name)

        reply = depot.get(hart.url, query={"target": target})

        assert (reply.status, reply.text) == (422, f"Invalid package target '{target}'")


class TestVisibility:
    @pytest.mark.parametrize("visibility", ["private", "hidden"])
    def test_packages_that_are_not_public_are_shown_to_members_only(
        self, depot: Depot, origin: str, name: str, visibility: str
    ) -> None:
        assert depot.post(f"/settings/{origin}/{name}", by="bobo").status == 201
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": visibility}).status == 200
        hart = a_package(depot, origin, name=name)

        for user in ("bobo", "lkennedy", "hank"):
            reply = depot.get(hart.url, by=user)
            assert (reply.status, reply.json()["visibility"]) == (200, visibility)
            assert reply.headers["Cache-Control"] == NO_CACHE
        for stranger in (None, "mystique"):
            reply = depot.get(hart.url, by=stranger)
            assert (reply.status, reply.body) == (404, b"")

    def test_a_bad_token_is_401_for_existing_and_unknown_packages(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for url in (hart.url, f"/depot/pkgs/{origin}/{name}/9/9", f"{hart.url}?target=nonsense"):
            reply = depot.get(url, by="nobody-knows-me")
            assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize(
    "path",
    [
        "{o}/{n}/1.2.3/2",
        "{o}/{n}/20240301123456/1.2.3",
        "{o}/1.2.3/{n}/20240301123456",
        "{n}/{o}/1.2.3/20240301123456",
        "{o}/{n}/1.2/20240301123456",
        "{o}/{n}/1.2.3/2024030112345",
        "{o}/{n}%2F1.2.3/20240301123456/x",
        "{o}/{n}/%00/%0A",
        "{o}/{n}/1.2.3/" + "9" * 2000,
    ],
)
def test_an_unknown_package_is_404(depot: Depot, origin: str, path: str) -> None:
    upload(depot, a_hart(origin=origin, name="alone"))

    reply = depot.get("/depot/pkgs/" + path.format(o=origin, n="alone"))

    assert (reply.status, reply.body) == (404, b"")


def test_path_segments_are_decoded_once(depot: Depot, origin: str, name: str) -> None:
    odd = a_hart(origin=origin, name=name, version="1.0+b%2B 1~é.", release="r%20l")
    path = "/".join(quote(part, safe="") for part in odd.path.split("/"))
    assert upload(depot, odd, path=path).status == 201

    assert depot.get(f"/depot/pkgs/{path}").json()["ident"] == odd.ident.as_json()
    assert depot.get(f"/depot/pkgs/{path.replace('1.0%2B', '1.0+')}").status == 200
    assert depot.get(f"/depot/pkgs/{quote(path)}").status == 404


def test_other_methods_and_longer_paths_are_404(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)

    for method in ("PUT", "PATCH", "HEAD", "OPTIONS"):
        assert (depot.request(method, hart.url, by="bobo").status) == 404
    assert depot.get(f"{hart.url}/more").status == 404
