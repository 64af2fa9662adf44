"""DELETE /depot/pkgs/{origin}/{name}/{version}/{release} (packages.md 8.1)."""

import random
from typing import Any

import pytest

from chalicelib.platform import object_store
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed
from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, delete, demote, promote, set_visibility, upload

WINDOWS = "x86_64-windows"


class TestDeletion:
    def test_204_and_only_the_settings_remain(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        promote(depot, hart, a_channel(depot, origin, name))

        reply = depot.delete(hart.url, by="bobo", query={"target": hart.target})

        assert (reply.status, reply.body) == (204, b"")
        assert "Content-Type" not in reply.headers
        for path in (
            hart.url,
            f"{hart.url}/download",
            f"/depot/pkgs/{origin}/{name}/latest",
            f"/depot/pkgs/{origin}/{name}/{hart.ident.version}/latest",
            hart.in_channel("unstable"),
            hart.in_channel(name),
            f"/depot/channels/{origin}/{name}/pkgs/{name}/latest",
        ):
            reply = depot.get(path, by="bobo")
            assert (path, reply.status, reply.body) == (path, 404, b"")
        for path in (f"/depot/pkgs/{origin}/{name}", f"/depot/channels/{origin}/{name}/pkgs"):
            assert depot.get(path, by="bobo").json()["total_count"] == 0
        assert depot.get(f"{hart.url}/channels", by="bobo").text == "[]"
        assert depot.get(f"/settings/{origin}/{name}", by="bobo").status == 200
        assert self.objects(hart.path) == 0

    def objects(self, prefix: str) -> int:
        count: int = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=f"{prefix}/")["KeyCount"]
        return count

    def test_long_texts_in_the_object_store_are_deleted_too(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name, manifest=random.Random(3).randbytes(700_000).hex())
        assert self.objects(f"texts/{hart.path}") == 1

        delete(depot, hart)

        assert self.objects(f"texts/{hart.path}") == 0

    def test_latest_is_the_next_lower_release(self, depot: Depot, origin: str, name: str) -> None:
        older, newer = (a_package(depot, origin, name=name, version=version) for version in ("1.9", "1.10"))

        delete(depot, newer)

        for path in (f"/depot/pkgs/{origin}/{name}/latest", f"/depot/channels/{origin}/unstable/pkgs/{name}/latest"):
            assert depot.get(path).json()["ident"] == older.ident.as_json()

    def test_the_package_can_be_uploaded_again(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        before = depot.get(hart.url).json()
        delete(depot, hart)

        assert upload(depot, hart).status == 201

        after = depot.get(hart.url).json()
        assert after["id"] != before["id"]
        assert after["created_at"] > before["created_at"]
        assert depot.get(f"{hart.url}/download").body == hart.content

    def test_only_the_package_for_the_resolved_target_is_deleted(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)

        assert depot.delete(linux.url, by="bobo").status == 204

        assert depot.get(linux.url).json()["target"] == WINDOWS
        assert depot.get(f"{linux.url}/download", query={"target": WINDOWS}).body == windows.content
        assert depot.delete(linux.url, by="bobo").status == 404
        agent = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}
        assert depot.delete(linux.url, by="bobo", headers=agent).status == 204
        assert depot.get(linux.url).status == 404


class TestChecks:
    def test_1_the_session_and_the_role_come_first(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for by, status in ((None, 401), ("nonsense", 401), ("mystique", 403), ("hank", 403)):
            for url in (hart.url, f"{hart.url}?target=nonsense", f"/depot/pkgs/{origin}/{name}/9/9"):
                reply = depot.delete(url, by=by)
                assert (reply.status, reply.body) == (status, b"")
        assert depot.delete("/depot/pkgs/nowhere/x/1/2", by="bobo").status == 403
        assert depot.get(hart.url).status == 200
        delete(depot, hart, by="lkennedy")

    def test_2_an_invalid_target_is_422(self, depot: Depot, origin: str, name: str) -> None:
        for url in (a_package(depot, origin, name=name).url, f"/depot/pkgs/{origin}/{name}/9/9"):
            reply = depot.delete(url, by="bobo", query={"target": "mips-linux"})
            assert (reply.status, reply.text) == (422, "Invalid package target 'mips-linux'")

    def test_3_a_package_in_stable_is_422(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)
        promote(depot, hart, "stable")

        reply = depot.delete(hart.url, by="bobo")

        expected = f"Deleting package in stable channel not allowed '{hart.path}'"
        assert (reply.status, reply.text) == (422, expected)
        assert depot.get(hart.in_channel("stable")).status == 200
        delete(depot, windows)
        demote(depot, hart, "stable")
        delete(depot, hart)

    def test_3_other_channels_do_not_protect_a_package(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        for channel in (f"base-{name}", f"LTS-{name}", f"stable-{name}"):
            promote(depot, hart, a_channel(depot, origin, channel))

        delete(depot, hart)

    def test_4_any_release_of_a_name_that_others_need_is_422(self, depot: Depot, origin: str, name: str) -> None:
        library = a_package(depot, origin, name=name, version="1.0")
        unneeded = a_package(depot, origin, name=name, version="2.0")
        windows = a_package(depot, origin, name=name, version="2.0", target=WINDOWS)
        elsewhere = an_origin(depot, owner="wesker")
        user = a_package(depot, elsewhere, by="wesker", name="user", tdeps=[f"{origin}/{name}/1.0/20200101000000"])

        for hart in (library, unneeded):
            reply = depot.delete(hart.url, by="bobo")
            assert reply.status == 422
            assert reply.text == f"Deleting package with rdeps not allowed '{hart.path}'"
        delete(depot, windows)
        delete(depot, user, by="wesker")
        delete(depot, library)

    def test_4_deps_and_build_dependencies_do_not_count(self, depot: Depot, origin: str, name: str) -> None:
        library = a_package(depot, origin, name=name)
        a_package(
            depot,
            origin,
            name=f"{name}-user",
            deps=[library.path],
            build_deps=[library.path],
            build_tdeps=[library.path],
            tdeps=[f"{origin}/{name}-else/1/2"],
        )

        delete(depot, library)

    def test_4_dependents_for_other_targets_and_of_the_same_name_do_not_count(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        old = a_package(depot, origin, name=name, version="1.0")
        a_package(depot, origin, name=name, version="2.0", tdeps=[old.path])
        a_package(depot, origin, name=f"{name}-user", target=WINDOWS, tdeps=[old.path])

        delete(depot, old)

    def test_4_private_dependents_and_older_releases_count(self, depot: Depot, origin: str, name: str) -> None:
        library = a_package(depot, origin, name=name)
        user = a_package(depot, origin, name=f"{name}-user", version="1.0", tdeps=[library.path])
        a_package(depot, origin, name=f"{name}-user", version="2.0")
        set_visibility(depot, user, "private")

        assert depot.delete(library.url, by="bobo").status == 422
        delete(depot, user)
        delete(depot, library)

    def test_4_a_new_release_counts_after_older_dependents_were_deleted(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        library = a_package(depot, origin, name=name)
        for version in ("1.0", "2.0", "3.0"):
            user = a_package(depot, origin, name=f"{name}-user", version=version, tdeps=[library.path])
            assert depot.delete(library.url, by="bobo").status == 422
            delete(depot, user)
        delete(depot, library)

    def test_3_comes_before_4_and_4_before_5(self, depot: Depot, origin: str, name: str) -> None:
        library = a_package(depot, origin, name=name)
        a_package(depot, origin, name=f"{name}-user", tdeps=[library.path])
        promote(depot, library, "stable")

        assert depot.delete(library.url, by="bobo").text.startswith("Deleting package in stable channel")
        missing = depot.delete(f"/depot/pkgs/{origin}/{name}/9/9", by="bobo")
        assert missing.status == 422
        assert missing.text == f"Deleting package with rdeps not allowed '{origin}/{name}/9/9'"

    @pytest.mark.parametrize("path", ["{n}/9/9", "{n}/20240301123456/1.2.3", "other/1.2.3/20240301123456"])
    def test_5_an_unknown_package_is_404(self, depot: Depot, origin: str, name: str, path: str) -> None:
        a_package(depot, origin, name=name)

        reply = depot.delete(f"/depot/pkgs/{origin}/{path.format(n=name)}", by="bobo")

        assert (reply.status, reply.body) == (404, b"")


def test_nothing_is_deleted_while_the_object_store_is_down(
    depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hart = a_package(depot, origin, name=name)

    def fail(*_: Any) -> None:
        raise ObjectStoreFailed

    monkeypatch.setattr(object_store, "call", fail)
    reply = depot.delete(hart.url, by="bobo")
    monkeypatch.undo()

    assert (reply.status, reply.body) == (502, b"")
    assert depot.get(hart.in_channel("unstable")).status == 200
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_a_member_of_another_origin_is_403(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    elsewhere = an_origin(depot, owner="mystique")
    a_member(depot, elsewhere, "wesker", "maintainer", owner="mystique")

    assert depot.delete(hart.url, by="wesker").status == 403
