"""GET /depot/channels/{origin}/{channel}/pkgs/{name}[/{version}]/latest, and the exact form (packages.md 9.6)."""

import random
from urllib.parse import quote

import pytest

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.packages import a_channel, a_package, delete, demote, latest_release, promote, set_visibility

WINDOWS = "x86_64-windows"
ON_WINDOWS = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}
NO_CACHE = "private, no-cache, no-store"


def latest(depot: Depot, base: str, by: str | None = None, **query: str) -> str | int:
    return latest_release(depot, f"channels/{base}", by, **query)


class TestAnswer:
    def test_the_answer_is_the_full_package_with_texts_and_without_size(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        hart = a_package(depot, origin, name=name, manifest="# pkg_binds", config="port = 1")
        promote(depot, hart, "stable")

        for path in (
            f"/depot/channels/{origin}/stable/pkgs/{name}/latest",
            f"/depot/channels/{origin}/stable/pkgs/{name}/{hart.ident.version}/latest",
            hart.in_channel("stable"),
        ):
            reply = depot.get(path)
            assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
            assert reply.headers["Cache-Control"] == NO_CACHE
            shown = depot.get(hart.url).json()
            del shown["size"]
            assert reply.json() == shown | {"manifest": "# pkg_binds", "config": "port = 1"}
            assert reply.json()["channels"] == ["unstable", "stable"]
            assert reply.json()["is_a_service"] is True

    @pytest.mark.parametrize("channel", ["LTS-2024", "a b", "ä", "a/b"])
    def test_channels_may_have_any_name(self, depot: Depot, origin: str, name: str, channel: str) -> None:
        hart = a_package(depot, origin, name=name)
        segment = quote(channel, safe="")
        assert depot.post(f"/depot/channels/{origin}/{segment}", by="bobo").status in (201, 409)

        promote(depot, hart, segment)

        assert latest(depot, f"{origin}/{segment}/pkgs/{name}") == f"{hart.ident.version}/{hart.ident.release}"

    def test_a_package_whose_long_texts_are_lost_is_shown_without_them(
        self, depot: Depot, origin: str, name: str
    ) -> None:
        hart = a_package(depot, origin, name=name, manifest=random.Random(3).randbytes(700_000).hex())
        s3 = client("s3")
        [texts] = s3.list_objects_v2(Bucket=config.bucket, Prefix=f"texts/{hart.path}/")["Contents"]
        s3.delete_object(Bucket=config.bucket, Key=texts["Key"])

        shown = depot.get(hart.in_channel("unstable"))

        assert (shown.status, shown.json()["manifest"], shown.json()["checksum"]) == (200, "", hart.checksum)


class TestOrder:
    @pytest.mark.parametrize(
        "ascending",
        [
            ["1.9.0", "1.10.0", "1.10.0.1"],
            ["3.0.1-rc1", "3.0.1k", "3.0.1"],
            ["r9z-1", "r12b03-2", "8888888888888888888888888888888"],
        ],
    )
    def test_the_newest_version_in_the_order_of_versions(
        self, depot: Depot, origin: str, name: str, ascending: list[str]
    ) -> None:
        a_channel(depot, origin, name)
        harts = {version: a_package(depot, origin, name=name, version=version) for version in ascending}
        for version in random.Random(1).sample(ascending, len(ascending)):
            promote(depot, harts[version], name)

        for version in reversed(ascending):
            assert latest(depot, f"{origin}/{name}/pkgs/{name}") == f"{version}/20240301123456"
            demote(depot, harts[version], name)
        assert latest(depot, f"{origin}/{name}/pkgs/{name}") == 404
        assert latest(depot, f"{origin}/unstable/pkgs/{name}") == f"{ascending[-1]}/20240301123456"

    def test_the_largest_release_of_exactly_that_version_text(self, depot: Depot, origin: str, name: str) -> None:
        for version, release in (("1.2", "1"), ("1.2", "3"), ("01.2", "9"), ("1.2.0", "9"), ("v1.2", "5")):
            a_package(depot, origin, name=name, version=version, release=release)

        base = f"{origin}/unstable/pkgs/{name}"
        assert [latest(depot, f"{base}/{version}") for version in ("1.2", "01.2", "v1.2", "1")] == [
            "1.2/3",
            "01.2/9",
            "v1.2/5",
            404,
        ]

    def test_a_version_without_a_digit_is_never_the_newest(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name, version="main")

        assert latest(depot, f"{origin}/unstable/pkgs/{name}") == 404
        assert latest(depot, f"{origin}/unstable/pkgs/{name}/main") == 404
        assert depot.get(hart.in_channel("unstable")).status == 200


class TestTarget:
    def test_the_target_selects_the_package_in_the_exact_form_too(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name, target=WINDOWS)
        base = f"/depot/channels/{origin}/unstable/pkgs/{name}"

        for path in (f"{base}/latest", f"{base}/{hart.ident.version}/latest", hart.in_channel("unstable")):
            assert depot.get(path).status == 404
            assert depot.get(path, headers=ON_WINDOWS).json()["target"] == WINDOWS
            assert depot.get(path, query={"target": WINDOWS}).json()["target"] == WINDOWS
            assert depot.get(path, query={"target": "x86_64-linux"}, headers=ON_WINDOWS).status == 404
            reply = depot.get(path, query={"target": "nonsense"})
            assert (reply.status, reply.text) == (422, "Invalid package target 'nonsense'")

    def test_targets_of_an_ident_may_be_in_different_channels(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)
        promote(depot, windows, "stable")

        assert depot.get(linux.in_channel("stable")).status == 404
        assert depot.get(linux.in_channel("stable"), query={"target": WINDOWS}).status == 200
        assert latest(depot, f"{origin}/stable/pkgs/{name}") == 404


class TestVisibility:
    def test_callers_get_the_newest_release_that_they_may_see(self, depot: Depot, origin: str, name: str) -> None:
        old, new = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0"))
        for hart in (old, new):
            promote(depot, hart, "stable")
        set_visibility(depot, new, "private")

        base = f"{origin}/stable/pkgs/{name}"
        for other in (None, "mystique"):
            assert latest(depot, base, by=other) == "1.0/20240301123456"
            assert latest(depot, f"{base}/2.0", by=other) == 404
            reply = depot.get(new.in_channel("stable"), by=other)
            assert (reply.status, reply.body) == (404, b"")
        for member in ("bobo", "hank"):
            assert latest(depot, base, by=member) == latest(depot, f"{base}/2.0", by=member) == "2.0/20240301123456"
            assert depot.get(new.in_channel("stable"), by=member).status == 200
        demote(depot, old, "stable")
        assert latest(depot, base) == 404


class TestMissing:
    @pytest.mark.parametrize(
        "path",
        [
            "{o}/unstable/pkgs/nothing/latest",
            "{o}/unstable/pkgs/{n}/9/latest",
            "{o}/unstable/pkgs/1.2.3/{n}/latest",
            "{o}/unstable/pkgs/{n}%2F1.2.3/latest",
            "{o}/stable/pkgs/{n}/latest",
            "{o}/missing/pkgs/{n}/latest",
            "nowhere/unstable/pkgs/{n}/latest",
            "{o}/unstable/pkgs/{n}/1.2.3/2",
            "{o}/unstable/pkgs/{n}/20240301123456/1.2.3",
            "{o}/stable/pkgs/{n}/1.2.3/20240301123456",
            "{o}/missing/pkgs/{n}/1.2.3/20240301123456",
            "{o}/UNSTABLE/pkgs/{n}/1.2.3/20240301123456",
            "nowhere/unstable/pkgs/{n}/1.2.3/20240301123456",
        ],
    )
    def test_a_missing_package_channel_or_origin_is_404(self, depot: Depot, origin: str, name: str, path: str) -> None:
        a_package(depot, origin, name=name)

        reply = depot.get(f"/depot/channels/{path.format(o=origin, n=name)}", by="bobo")

        assert (reply.status, reply.body) == (404, b"")

    def test_after_a_deletion_the_next_lower_release_is_the_newest(self, depot: Depot, origin: str, name: str) -> None:
        a_channel(depot, origin, name)
        old, new = (a_package(depot, origin, name=name, version=version) for version in ("1.0", "2.0"))
        for hart in (old, new):
            promote(depot, hart, name)

        delete(depot, new)

        assert latest(depot, f"{origin}/{name}/pkgs/{name}") == "1.0/20240301123456"
