"""POST /depot/pkgs/{origin}/{name}/{version}/{release}: publishing archives (packages.md section 7)."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

import pytest
from msgspec import structs

from chalicelib.core import answer_size
from chalicelib.core.harts.hart_limits import LIST_ENTRIES
from chalicelib.packages import artifacts, upload_checks
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed
from tests.api.client import Depot, Reply
from tests.builders.client_hart import client_harts, corrupt_harts
from tests.builders.hart import Hart, a_hart, packed, signed
from tests.builders.names import a_name
from tests.builders.origins import an_origin, the_origin
from tests.builders.packages import a_channel, a_package, delete, promote, set_visibility, upload

WINDOWS = "x86_64-windows"
ONE_PER_IDENT = {(hart.ident, hart.target): hart for hart in reversed(client_harts())}
"""Archives of the client, without those that share their ident and target with an earlier one."""

HAB_ON_WINDOWS = {"User-Agent": "hab/1.6.618/20230201 (x86_64-windows; 10.0.19045)"}


def refused(reply: Reply) -> tuple[int, str]:
    """Return the status and the text of a refusal."""
    return reply.status, reply.text


class TestAnswer:
    def test_201_with_path_and_location(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hart(origin=origin, name=name)

        reply = depot.post(
            f"{hart.url}?checksum={hart.checksum}&target=x86_64-linux&forced=false", by="bobo", body=hart.content
        )

        assert reply.status == 201
        assert reply.text == f"/pkgs/{hart.path}/download"
        assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
        sent = f"?checksum={hart.checksum}&target=x86_64-linux&forced=false"
        assert reply.headers["Location"] == f"/v1{hart.url}{sent}"
        assert "Cache-Control" not in reply.headers

    @pytest.mark.parametrize(
        "content_type", [None, "application/octet-stream", "application/json", "application/x-www-form-urlencoded"]
    )
    def test_any_content_type_or_none_is_accepted(
        self, depot: Depot, origin: str, name: str, content_type: str | None
    ) -> None:
        hart = a_hart(origin=origin, name=name)
        headers = {} if content_type is None else {"Content-Type": content_type}

        assert upload(depot, hart, headers=headers).status == 201
        assert depot.get(f"{hart.url}/download").body == hart.content

    def test_the_local_front_takes_a_body_larger_than_the_gateway_does(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        hart = a_hart(origin=origin, name=name, payload=_incompressible(7 * 1024 * 1024))
        assert len(hart.content) > 6 * 1024 * 1024

        assert upload(depot, hart).status == 201
        assert depot.get(f"{hart.url}/download").body == hart.content
        assert depot.get(hart.url).json()["size"] == len(hart.content)

    def test_the_signer_is_not_checked(self, depot: Depot, origin: str, name: str) -> None:
        assert upload(depot, a_hart(origin=origin, name=name, signer="some-body-else-20230101000000")).status == 201

    @pytest.mark.parametrize("version", ["0.0~b1", "2.1.", "1.0+build", "main", "ä 1", "100%"])
    def test_versions_are_not_validated(self, depot: Depot, origin: str, name: str, version: str) -> None:
        hart = a_hart(origin=origin, name=name, version=version)
        path = quote(hart.path)

        reply = upload(depot, hart, path=path)

        assert (reply.status, reply.text) == (201, f"/pkgs/{hart.path}/download")
        assert depot.get(f"/depot/pkgs/{path}").json()["ident"] == hart.ident.as_json()
        assert depot.get(f"/depot/pkgs/{path}/download").body == hart.content


def _incompressible(size: int) -> bytes:
    return random.Random(7).randbytes(size)


@dataclass(frozen=True)
class Wrong:
    """A request that fails a check, and the answer that the check gives."""

    status: int
    text: str
    hart: dict[str, Any] | None = None
    content: Callable[[Hart], bytes] | None = None
    checksum: str | None = None


def _unreadable(content: Callable[[Hart], bytes]) -> Wrong:
    return Wrong(422, "ds:up:0, err=", content=content)


ARCHIVE_CHECKS = {
    "4 an empty body": _unreadable(lambda _: b""),
    "4 another format": _unreadable(lambda hart: hart.content.replace(b"HART-1", b"HART-2", 1)),
    "4 a bad key name": _unreadable(lambda hart: hart.content.replace(b"acme-20240101120000", b"acme-nonsense!", 1)),
    "4 a bad signature": _unreadable(lambda hart: hart.content.replace(b"BLAKE2b\n", b"BLAKE2b\n*", 1)),
    "4 no blank line": _unreadable(lambda hart: hart.content.replace(b"\n\n", b"\n", 1)),
    "4 not xz": _unreadable(lambda hart: signed(b"not xz at all")),
    "4 cut off": _unreadable(lambda hart: hart.content[:-20]),
    "4 a damaged tar": _unreadable(lambda hart: signed(packed("x", {}))[:-1]),
    "4 not UTF-8": Wrong(422, "ds:up:0, err=", {"extra_files": {"DEPS": b"\xff\xfe"}}),
    "5 package type": Wrong(422, "ds:up:0, err=", {"package_type": "portable"}),
    "6 no target": Wrong(422, "ds:up:1, err=", {"omit": ["TARGET"]}),
    "6 an unknown target": Wrong(422, "ds:up:1, err=", {"extra_files": {"TARGET": b"mips-linux\n"}}),
    "7 a target not enabled": Wrong(501, "", {"extra_files": {"TARGET": b"x86_64-darwin\n"}}),
    "9 no checksum": Wrong(422, "ds:up:3", checksum=""),
    "9 another checksum": Wrong(422, "ds:up:3", checksum="0" * 64),
    "13 no IDENT": Wrong(422, "IDENT is missing", {"omit": ["IDENT"]}),
    "13 no MANIFEST": Wrong(422, "MANIFEST is missing", {"omit": ["MANIFEST"]}),
    "13 DEPS": Wrong(422, "DEPS ", {"deps": ["acme/lib/1.0"]}),
    "13 TDEPS": Wrong(422, "TDEPS ", {"tdeps": ["acme/lib/1.0/2/3"]}),
    "13 BUILD_DEPS": Wrong(422, "BUILD_DEPS ", {"build_deps": ["acme/lib"]}),
    "13 BUILD_TDEPS": Wrong(422, "BUILD_TDEPS ", {"build_tdeps": ["acme//1/2"]}),
    "13 EXPOSES": Wrong(422, "EXPOSES ", {"exposes": [80, 65536]}),
    "14 another ident": Wrong(422, "ds:up:6", {"extra_files": {"IDENT": b"acme/other/1/2\n"}}),
}


class TestChecks:
    @pytest.mark.parametrize("package", ["wid.get", "wid%20get", "w%C3%AFdget", "a%2Fb", "a%0A"])
    def test_1_a_bad_name_is_422_before_authentication(self, depot: Depot, origin: str, package: str) -> None:
        for user in (None, "bobo", "mystique"):
            reply = depot.post(f"/depot/pkgs/{origin}/{package}/1/2", by=user, body=b"")
            ident = f"{origin}/{unquote(package)}/1/2"
            assert refused(reply) == (422, f"Invalid or not fully qualified package identifier '{ident}'")

    @pytest.mark.parametrize("value", ["yes", "", "1", "True"])
    def test_a_flag_that_is_not_a_boolean_is_400_before_the_other_checks(
        self, depot: Depot, origin: str, value: str
    ) -> None:
        for path, user in ((f"{origin}/wid.get/1/2", None), (f"{origin}/widget/1/2", "bobo")):
            reply = depot.post(f"/depot/pkgs/{path}?forced={value}", by=user, body=b"")
            assert reply.status == 400
            assert reply.text.startswith("Query deserialize error:")

    def test_2_an_anonymous_caller_is_401(self, depot: Depot, origin: str, name: str) -> None:
        assert refused(upload(depot, a_hart(origin=origin, name=name), by=None)) == (401, "")

    def test_2_non_members_and_read_only_members_are_403(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hart(origin=origin, name=name)

        assert refused(upload(depot, hart, by="mystique")) == (403, "")
        assert refused(upload(depot, hart, by="hank")) == (403, "")
        assert upload(depot, hart, by="lkennedy").status == 201

    def test_2_an_unknown_origin_is_403(self, depot: Depot, name: str) -> None:
        assert refused(upload(depot, a_hart(origin=a_name("origin"), name=name))) == (403, "")

    def test_2_comes_before_3(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        assert upload(depot, hart, by=None).status == 401
        assert upload(depot, hart, by="mystique").status == 403

    def test_3_an_existing_package_is_409_whatever_the_body(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        set_visibility(depot, hart, "private")

        for forced in (None, False):
            assert refused(upload(depot, hart, forced=forced)) == (409, "")
        assert refused(upload(depot, replace(hart, content=b"nonsense"))) == (409, "")

    def test_3_the_target_of_the_request_counts(self, depot: Depot, origin: str, name: str) -> None:
        a_package(depot, origin, name=name)
        windows = a_hart(origin=origin, name=name, target=WINDOWS)

        with_user_agent = depot.post(
            f"{windows.url}?checksum={windows.checksum}", by="bobo", body=windows.content, headers=HAB_ON_WINDOWS
        )
        without_target = depot.post(f"{windows.url}?checksum={windows.checksum}", by="bobo", body=windows.content)

        assert with_user_agent.status == 201
        assert without_target.status == 409  # the default target is Linux, for which the package exists

    @pytest.mark.parametrize("check", ARCHIVE_CHECKS)
    def test_an_archive_that_fails_a_check_is_refused(self, depot: Depot, origin: str, name: str, check: str) -> None:
        wrong = ARCHIVE_CHECKS[check]
        hart = a_hart(origin=origin, name=name, **(wrong.hart or {}))
        if wrong.content:
            hart = replace(hart, content=wrong.content(hart))

        reply = upload(depot, hart, checksum=wrong.checksum)

        assert reply.status == wrong.status
        assert reply.text.startswith(wrong.text) if wrong.text else reply.body == b""
        assert "\n" not in reply.text
        assert depot.get(hart.url, by="bobo").status == 404
        assert depot.get(f"/depot/pkgs/{origin}/{name}", by="bobo").json()["total_count"] == 0
        assert _stored_objects(hart) == []

    def test_the_checks_are_in_the_order_of_the_contract(self, depot: Depot, origin: str, name: str) -> None:
        """An archive that fails all checks is corrected one check at a time."""
        older = a_package(depot, origin, name=name, version="1.0.0", package_type="native")
        wrong: dict[str, Any] = {
            "extra_files": {"DEPS": b"\xff", "IDENT": b"a/b/c/d\n", "TARGET": b"mips-linux\n"},
            "package_type": "portable",
            "build_deps": ["nonsense"],
        }
        refusals = []

        def next_answer(**right: Any) -> None:
            wrong.update(right)
            checksum = wrong.pop("checksum", "0" * 64)
            hart = a_hart(origin=origin, name=name, **wrong)
            reply = upload(depot, hart, checksum=hart.checksum if checksum == "right" else checksum, forced=True)
            refusals.append((reply.status, reply.text.partition("err=")[0]))

        next_answer()
        next_answer(extra_files={"IDENT": b"a/b/c/d\n", "TARGET": b"mips-linux\n"})
        next_answer(package_type="standard")
        next_answer(extra_files={"IDENT": b"a/b/c/d\n", "TARGET": b"x86_64-darwin\n"})
        next_answer(extra_files={"IDENT": b"a/b/c/d\n"})
        next_answer(checksum="right")
        delete(depot, older)
        next_answer(checksum="right")
        next_answer(checksum="right", build_deps=[])
        next_answer(checksum="right", extra_files={})
        assert refusals == [
            (422, "ds:up:0, "),
            (422, "ds:up:0, "),
            (422, "ds:up:1, "),
            (501, ""),
            (422, "ds:up:3"),
            (422, "Package type mismatch; expected 'native', found 'standard'"),
            (422, "BUILD_DEPS contains 'nonsense', which is not a full ident"),
            (422, "ds:up:6"),
            (201, f"/pkgs/{origin}/{name}/1.2.3/20240301123456/download"),
        ]

    def test_10_only_the_newest_of_the_archives_target_counts(self, depot: Depot, origin: str, name: str) -> None:
        a_package(depot, origin, name=name, version="2.0", package_type="native")
        a_package(depot, origin, name=name, version="3.0", target=WINDOWS)

        standard = upload(depot, a_hart(origin=origin, name=name, version="1.0"))
        on_windows = upload(depot, a_hart(origin=origin, name=name, version="1.0", target=WINDOWS))
        native_on_windows = a_hart(origin=origin, name=name, version="9", target=WINDOWS, package_type="native")

        assert refused(standard) == (422, "Package type mismatch; expected 'native', found 'standard'")
        assert on_windows.status == 201
        expected = (422, "Package type mismatch; expected 'standard', found 'native'")
        assert refused(upload(depot, native_on_windows)) == expected

    def test_11_a_forced_upload_of_other_bytes_is_422(self, depot: Depot, origin: str, name: str) -> None:
        first = a_package(depot, origin, name=name)

        other = a_hart(origin=origin, name=name, payload=b"other bytes")

        assert refused(upload(depot, other, forced=True)) == (422, "ds:up:4")
        assert depot.get(first.url).json()["checksum"] == first.checksum
        assert depot.get(f"{first.url}/download").body == first.content

    def test_11_comes_after_10_and_before_13(self, depot: Depot, origin: str, name: str) -> None:
        a_package(depot, origin, name=name)
        native = a_hart(origin=origin, name=name, package_type="native")
        broken = a_hart(origin=origin, name=name, omit=["MANIFEST"])

        assert upload(depot, native, forced=True).text.startswith("Package type mismatch")
        assert refused(upload(depot, broken, forced=True)) == (422, "ds:up:4")

    def test_15_a_failure_of_the_store_is_502_and_nothing_is_published(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_hart(origin=origin, name=name)

        def fail(*_: Any) -> None:
            raise ObjectStoreFailed

        monkeypatch.setattr(artifacts, "put", fail)
        assert refused(upload(depot, hart)) == (502, "")
        monkeypatch.undo()

        assert depot.get(hart.url).status == 404
        assert upload(depot, hart).status == 201


def _stored_objects(hart: Hart) -> list[str]:
    listing = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=f"{hart.path}/")
    return [stored["Key"] for stored in listing.get("Contents", [])]


class TestStoredPackage:
    def test_all_metafiles_of_the_archive_are_stored(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hart(
            origin=origin,
            name=name,
            deps=["core/b/1/1", "core/a/2/2"],
            tdeps=["core/b/1/1", "core/a/2/2", "core/c/3/3"],
            build_deps=["core/make/4/4"],
            build_tdeps=["core/make/4/4", "core/sh/5/5"],
            exposes=[8080, 0, 65535],
            manifest="# {ident}\n\npkg_exposes is mentioned\n",
            config="port = 8080\n",
        )
        assert upload(depot, hart, by="lkennedy").status == 201

        shown = depot.get(hart.in_channel("unstable")).json()

        def ident(text: str) -> dict[str, str]:
            return dict(zip(("origin", "name", "version", "release"), text.split("/"), strict=True))

        assert shown == {
            "id": shown["id"],
            "owner_id": depot.get("/profile", by="lkennedy").json()["id"],
            "origin": origin,
            "name": name,
            "ident": hart.ident.as_json(),
            "ident_array": [origin, name, "1.2.3", "20240301123456"],
            "checksum": hart.checksum,
            "manifest": f"# {hart.path}\n\npkg_exposes is mentioned",
            "config": "port = 8080",
            "target": "x86_64-linux",
            "deps": [ident("core/b/1/1"), ident("core/a/2/2")],
            "tdeps": [ident("core/b/1/1"), ident("core/a/2/2"), ident("core/c/3/3")],
            "build_deps": [ident("core/make/4/4")],
            "build_tdeps": [ident("core/make/4/4"), ident("core/sh/5/5")],
            "exposes": [8080, 0, 65535],
            "visibility": "public",
            "created_at": shown["created_at"],
            "updated_at": shown["created_at"],
            "package_type": "Standard",
            "channels": ["unstable"],
            "is_a_service": True,
        }

    @pytest.mark.parametrize(
        ("manifest", "service"),
        [("pkg_binds", True), ("pkg_exports", True), ("x pkg_exposes=(port)", True), ("pkg_export", False)],
    )
    def test_the_manifest_says_whether_a_package_is_a_service(
        self, depot: Depot, origin: str, name: str, manifest: str, service: bool
    ) -> None:
        hart = a_package(depot, origin, name=name, manifest=manifest)

        assert depot.get(hart.url).json()["is_a_service"] is service

    def test_missing_metafiles_are_empty(self, depot: Depot, origin: str, name: str) -> None:
        shown = depot.get(a_package(depot, origin, name=name).in_channel("unstable")).json()

        lists = ("deps", "tdeps", "build_deps", "build_tdeps", "exposes")
        assert [shown[key] for key in lists] == [[], [], [], [], []]
        assert shown["config"] == ""

    def test_a_manifest_may_be_too_large_for_a_row(self, depot: Depot, origin: str, name: str) -> None:
        manifest = _incompressible(700_000).hex()

        hart = a_package(depot, origin, name=name, manifest=manifest)

        assert depot.get(hart.in_channel("unstable")).json()["manifest"] == manifest

    def test_more_dependencies_than_a_row_holds_are_422_with_a_text(self, depot: Depot, origin: str, name: str) -> None:
        long = [f"core/{'x' * 200}-{number}/1.0/20240101000000" for number in range(1800)]

        reply = upload(depot, a_hart(origin=origin, name=name, tdeps=long))

        assert reply.status == 422
        assert "too long" in reply.text

    @pytest.mark.parametrize(
        "manifest", ["\x01" * 900_000, "x" * 4_900_000, "é" * 900_000, '"' * 1_500_000], ids=lambda text: repr(text[:1])
    )
    def test_a_manifest_that_no_answer_could_hold_is_422_with_a_text(
        self, depot: Depot, origin: str, name: str, manifest: str
    ) -> None:
        hart = a_hart(origin=origin, name=name, manifest=manifest)

        reply = upload(depot, hart)

        assert (reply.status, reply.text.partition(":")[0]) == (
            422,
            "MANIFEST, default.toml and the dependencies are too long",
        )
        assert depot.get(hart.url).status == 404

    def test_the_largest_package_has_answers_that_a_function_can_return(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        deps = [f"core/dependency-{number}/1.0/2" for number in range(LIST_ENTRIES)]
        hart = a_package(depot, origin, name=name, manifest="\x01" * 500_000, tdeps=deps, build_tdeps=deps)

        for url in (hart.url, hart.in_channel("unstable"), f"/depot/channels/{origin}/unstable/pkgs/{name}/latest"):
            reply = depot.get(url)
            assert reply.status == 200
            assert answer_size.fits(reply.body, is_text=True)

    def test_an_older_package_with_a_larger_manifest_can_still_be_installed(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as before:
            before.setattr(answer_size, "is_planned", lambda _: True)  # as if it was uploaded before the limit
            hart = a_package(depot, origin, name=name, manifest="pkg_exposes" + "\x01" * 1_000_000)

        reply = depot.get(hart.in_channel("unstable"))

        assert (reply.status, reply.json()["manifest"], reply.json()["is_a_service"]) == (200, "", True)

    def test_thousands_of_dependencies_keep_their_order(self, depot: Depot, origin: str, name: str) -> None:
        tdeps = [f"core/dependency-{number}/1.0/20240101000000" for number in range(2000, 0, -1)]

        hart = a_package(depot, origin, name=name, tdeps=tdeps)

        shown = depot.get(hart.url).json()["tdeps"]
        assert ["/".join(dep.values()) for dep in shown] == tdeps

    def test_the_package_is_in_unstable_only(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        assert [channel["name"] for channel in depot.get(f"{hart.url}/channels").json()] == ["unstable"]
        assert depot.get(hart.in_channel("stable")).status == 404

    def test_the_target_of_the_archive_counts(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hart(origin=origin, name=name, target=WINDOWS)

        assert upload(depot, hart, target="x86_64-linux").status == 201

        assert depot.get(hart.url, query={"target": "x86_64-linux"}).json()["target"] == WINDOWS
        assert depot.get(hart.in_channel("unstable"), query={"target": "x86_64-linux"}).status == 404
        assert depot.get(hart.in_channel("unstable"), query={"target": WINDOWS}).status == 200

    def test_an_invalid_target_is_422(self, depot: Depot, origin: str, name: str) -> None:
        reply = upload(depot, a_hart(origin=origin, name=name), target="mips-linux")

        assert refused(reply) == (422, "Invalid package target 'mips-linux'")


@pytest.mark.parametrize(
    "separator", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f", "\x85", "\u2028", "\u2029", "\x7f", "\x9f"]
)
class TestSeparators:
    def test_a_dependency_with_a_line_separator_or_control_character_is_422(
        self, depot: Depot, origin: str, name: str, separator: str
    ) -> None:
        for metafile in ("DEPS", "TDEPS", "BUILD_DEPS", "BUILD_TDEPS"):
            text = f"core/a/1.0{separator}core/b/1/20240101000000\n"
            hart = a_hart(origin=origin, name=name, extra_files={metafile: text.encode()})
            assert refused(upload(depot, hart))[0] == 422
            text = f"core/a/1.0{separator}x/20240101000000\ncore/b/1/20240101000000\n"
            hart = a_hart(origin=origin, name=name, extra_files={metafile: text.encode()})
            assert refused(upload(depot, hart))[0] == 422

    def test_an_ident_with_one_is_422_in_the_path_and_in_the_archive(
        self, depot: Depot, origin: str, name: str, separator: str
    ) -> None:
        for version, release in ((f"1{separator}2", "1"), ("1", f"2024{separator}1")):
            hart = a_hart(origin=origin, name=name, version=version, release=release)
            path = "/".join(quote(part, safe="") for part in hart.path.split("/"))
            assert upload(depot, hart, path=path).status == 422
            plain = a_hart(origin=origin, name=name, extra_files={"IDENT": hart.path.encode()})
            assert upload(depot, plain).status == 422


def test_a_release_called_latest_is_422_before_authentication(depot: Depot, origin: str, name: str) -> None:
    hart = a_hart(origin=origin, name=name, release="latest")
    announced = {"ident": hart.path, "checksum": hart.checksum, "size": len(hart.content)}

    for by in (None, "bobo"):
        for reply in (
            depot.post(hart.url, by=by, body=hart.content, query={"checksum": hart.checksum}),
            depot.post("/depot/uploads", by=by, json=announced),
        ):
            assert refused(reply) == (422, f"Invalid or not fully qualified package identifier '{hart.path}'")


def test_other_fixed_words_of_paths_may_be_names_versions_and_releases(depot: Depot, origin: str) -> None:
    for parts in (
        {"name": "latest"},
        {"name": "_latest"},
        {"name": "promote"},
        {"version": "latest"},
        {"version": "versions"},
        {"release": "versions"},
        {"release": "download"},
    ):
        hart = a_package(depot, origin, **parts)
        for url in (hart.url, f"{hart.url}/download", hart.in_channel("unstable")):
            assert depot.get(url).status == 200, url


class TestRepeatedUpload:
    def test_a_forced_upload_keeps_id_creation_time_and_channels(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, "stable")
        before = depot.get(hart.url).json()

        assert upload(depot, hart, by="lkennedy", forced=True).status == 201

        after = depot.get(hart.url).json()
        assert after["owner_id"] == depot.get("/profile", by="lkennedy").json()["id"] != before["owner_id"]
        assert after["updated_at"] > before["updated_at"]
        assert after == before | {"owner_id": after["owner_id"], "updated_at": after["updated_at"]}
        assert after["channels"] == ["unstable", "stable"]
        assert depot.get(f"/depot/pkgs/{origin}/{name}").json()["total_count"] == 1

    def test_a_forced_upload_of_a_new_package_is_201(self, depot: Depot, origin: str, name: str) -> None:
        assert upload(depot, a_hart(origin=origin, name=name), forced=True).status == 201

    def test_a_forced_upload_applies_the_settings_again(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, "stable")
        set_visibility(depot, hart, "private")
        assert depot.get(hart.in_channel("stable")).status == 404

        assert upload(depot, hart, forced=True).status == 201

        assert depot.get(hart.in_channel("stable")).json()["visibility"] == "public"
        listed = depot.get(f"/depot/channels/{origin}/stable/pkgs/{name}").json()
        assert listed["data"] == [hart.ident.as_json()]

    def test_without_a_target_an_existing_windows_package_is_replaced(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        first = a_package(depot, origin, name=name, target=WINDOWS)
        promote(depot, first, "stable")
        born = depot.get(first.url).json()
        second = a_hart(origin=origin, name=name, target=WINDOWS, payload=b"other bytes")

        reply = depot.post(f"{second.url}?checksum={second.checksum}", by="bobo", body=second.content)

        assert reply.status == 201
        shown = depot.get(first.url).json()
        assert (shown["id"], shown["created_at"]) == (born["id"], born["created_at"])
        assert (shown["checksum"], shown["channels"]) == (second.checksum, ["unstable", "stable"])
        assert depot.get(f"{first.url}/download", query={"target": WINDOWS}).body == second.content

    def test_an_ident_for_two_targets_is_two_packages(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)

        shown = {target: depot.get(linux.url, query={"target": target}).json() for target in ("x86_64-linux", WINDOWS)}

        assert shown["x86_64-linux"]["id"] != shown[WINDOWS]["id"]
        assert [shown[hart.target]["checksum"] for hart in (linux, windows)] == [linux.checksum, windows.checksum]

    def test_other_bytes_may_be_uploaded_after_a_deletion(self, depot: Depot, origin: str, name: str) -> None:
        delete(depot, a_package(depot, origin, name=name))

        other = a_package(depot, origin, name=name, payload=b"other bytes")

        assert depot.get(f"{other.url}/download").body == other.content


class TestVisibility:
    def test_the_first_upload_creates_settings_with_the_default_of_the_origin(self, depot: Depot, name: str) -> None:
        origin = an_origin(depot, visibility="private")

        hart = a_package(depot, origin, name=name)

        assert depot.get(hart.url).status == 404
        assert depot.get(hart.url, by="bobo").json()["visibility"] == "private"
        [made] = depot.get(f"/depot/{origin}/pkgs", by="bobo").json()["data"]
        assert (made["name"], made["visibility"], made["hidden"]) == (name, "private", False)
        assert made["owner_id"] == depot.get("/profile", by="bobo").json()["id"]

    def test_settings_take_precedence_over_the_origin_even_after_the_package_was_deleted(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        assert depot.post(f"/settings/{origin}/{name}", by="bobo").status == 201
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "hidden"}).status == 200

        first = a_package(depot, origin, name=name)
        delete(depot, first)
        second = a_package(depot, origin, name=name, version="2.0")

        assert depot.get(second.url, by="bobo").json()["visibility"] == "hidden"
        assert depot.get(f"{second.url}/download").body == second.content

    def test_a_change_of_the_settings_does_not_change_existing_packages(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        old = a_package(depot, origin, name=name, version="1.0")
        assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "private"}).status == 200

        new = a_package(depot, origin, name=name, version="2.0")

        assert [depot.get(hart.url).status for hart in (old, new)] == [200, 404]
        assert depot.get(f"/depot/pkgs/{origin}/{name}/latest").json()["ident"] == old.ident.as_json()


class TestNative:
    def allow(self, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
        monkeypatch.setattr(upload_checks, "config", structs.replace(config, native_packages=who))

    def test_native_packages_are_accepted_by_default(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name, package_type="native")

        assert depot.get(hart.url).json()["package_type"] == "Native"

    def test_native_packages_can_be_refused(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.allow(monkeypatch, "off")

        reply = upload(depot, a_hart(origin=origin, name=name, package_type="native"))

        assert refused(reply) == (422, "Uploading 'native' package is not supported")
        assert upload(depot, a_hart(origin=origin, name=name)).status == 201

    def test_native_packages_can_be_allowed_for_some_origins(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        native = a_hart(origin=origin, name=name, package_type="native")
        self.allow(monkeypatch, "core, chef")
        expected = (422, f"Native Package upload for the origin '{origin}' is not supported")
        assert refused(upload(depot, native)) == expected

        self.allow(monkeypatch, f"core, {origin}")
        assert upload(depot, native).status == 201

    def test_the_check_comes_between_5_and_6(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.allow(monkeypatch, "off")
        without_target = a_hart(origin=origin, name=name, package_type="native", omit=["TARGET"])
        unknown_type = a_hart(origin=origin, name=name, package_type="portable", omit=["TARGET"])

        assert upload(depot, without_target).text == "Uploading 'native' package is not supported"
        assert upload(depot, unknown_type).text.startswith("ds:up:0, err=")


class TestHab:
    """The requests of `hab pkg upload` (hab-observed.md)."""

    def test_an_upload_with_dependencies_and_a_channel(self, depot: Depot, origin: str, name: str) -> None:
        agent = {"User-Agent": "hab/1.6.618/20230201 (x86_64-linux; 5.15.0)"}
        library = a_hart(origin=origin, name=f"{name}-lib")
        hart = a_hart(origin=origin, name=name, deps=[library.path], tdeps=[library.path])

        for archive in (library, hart):
            query = {"target": archive.target}
            assert depot.get(archive.in_channel("unstable"), query=query, headers=agent).status == 404
            assert upload(depot, archive, forced=False, headers=agent).status == 201
            assert depot.get(archive.in_channel("unstable"), query=query, headers=agent).status == 200
            assert upload(depot, archive, forced=False, headers=agent).status == 409
        assert depot.post(f"/depot/channels/{origin}/{name}", by="bobo", headers=agent).status == 201
        assert depot.post(f"/depot/channels/{origin}/{name}", by="bobo", headers=agent).status == 409
        promote(depot, hart, name)

        latest = depot.get(f"/depot/channels/{origin}/{name}/pkgs/{name}/latest", query={"target": hart.target})
        assert latest.json()["deps"] == [library.ident.as_json()]
        fetched = depot.get(f"{hart.url}/download", query={"target": hart.target})
        assert (fetched.headers["X-Filename"], fetched.body) == (hart.archive_name, hart.content)

    @pytest.mark.parametrize("hart", ONE_PER_IDENT.values(), ids=lambda hart: hart.archive_name)
    def test_archives_of_the_client_are_served_unchanged(self, depot: Depot, hart: Hart) -> None:
        the_origin(depot, hart.ident.origin)

        assert upload(depot, hart, forced=False).status == 201

        fetched = depot.get(f"{hart.url}/download", query={"target": hart.target})
        assert (fetched.headers["X-Filename"], fetched.body) == (hart.archive_name, hart.content)
        shown = depot.get(hart.url, query={"target": hart.target}).json()
        assert (shown["checksum"], shown["target"]) == (hart.checksum, hart.target)

    @pytest.mark.parametrize("content", corrupt_harts())
    def test_corrupt_archives_are_refused(self, depot: Depot, origin: str, content: bytes) -> None:
        assert upload(depot, replace(a_hart(origin=origin), content=content)).text.startswith("ds:up:0, err=")


def test_a_package_can_be_in_thirty_channels_at_most(depot: Depot) -> None:
    """A change of a package must fit one transaction of 100 rows."""
    origin = an_origin(depot)
    hart = a_package(depot, origin)
    for number in range(29):
        promote(depot, hart, a_channel(depot, origin, f"c{number:02}"))
    one_more = a_channel(depot, origin, "one-more")

    reply = depot.put(f"{hart.in_channel(one_more)}/promote", by="bobo")
    assert refused(reply) == (422, "A package can be in 30 channels at most")

    set_visibility(depot, hart, "private")
    assert upload(depot, hart, forced=True).status == 201
    assert len(depot.get(f"{hart.url}/channels").json()) == 30
    delete(depot, hart)
    assert depot.get(f"/depot/channels/{origin}/c00/pkgs").json()["total_count"] == 0
