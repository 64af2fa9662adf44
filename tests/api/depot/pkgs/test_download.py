"""GET /depot/pkgs/{origin}/{name}/{version}/{release}/download (packages.md 5.7, platform.md 4.3)."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
import requests
from msgspec.structs import replace

from chalicelib.packages import download, reads
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.packages import a_package, set_visibility, upload
from tests.builders.waiting import PATIENCE
from tests.perf.recording import recorded_calls

LINUX = "x86_64-linux"
WINDOWS = "x86_64-windows"
HAB_ON_WINDOWS = {"User-Agent": "hab/1.6.0/20230201 (x86_64-windows; 10.0)"}
CACHE_YEAR = "public, max-age=31536000"


def has_the_archive(reply: Reply, hart: Hart) -> None:
    """Check for the status, bytes and headers that hab requires."""
    assert reply.status == 200
    assert reply.body == hart.content
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Length"] == str(len(hart.content))
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{hart.archive_name}"'
    assert reply.headers["X-Filename"] == hart.archive_name


def a_hidden_package(depot: Depot, origin: str, name: str) -> Hart:
    """Publish a hidden package. Only the settings of its name can give it this visibility."""
    assert depot.post(f"/settings/{origin}/{name}", by="bobo").status == 201
    assert depot.put(f"/settings/{origin}/{name}", by="bobo", json={"visibility": "hidden"}).status == 200
    return a_package(depot, origin, name=name)


def set_mode(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    """Set how archives are served."""
    monkeypatch.setattr(download, "config", replace(config, download_mode=mode))


class TestAnswer:
    @pytest.mark.parametrize("mode", ["front", "auto"])
    def test_200_with_the_bytes_and_the_file_name(
        self, depot: Depot, origin: str, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name, payload=b"\x00\xff\r\n" * 100)
        set_mode(monkeypatch, mode)

        for by in (None, "mystique", "bobo"):
            reply = depot.get(f"{hart.url}/download", by=by, query={"target": LINUX})
            has_the_archive(reply, hart)
            assert reply.headers["Cache-Control"] == CACHE_YEAR

    @pytest.mark.parametrize("mode", ["front", "auto"])
    def test_an_archive_that_depends_on_the_user_agent_is_not_for_shared_caches(
        self, depot: Depot, origin: str, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        set_mode(monkeypatch, mode)

        assert depot.get(f"{hart.url}/download").headers["Cache-Control"] == "private, max-age=31536000"

    @pytest.mark.parametrize(
        ("mode", "expected"), [("front", "private, max-age=300"), ("redirect", "private, no-store")]
    )
    def test_where_downloads_need_licences_shared_caches_store_none(
        self, depot: Depot, origin: str, name: str, mode: str, expected: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        restricted = replace(config, download_mode=mode, restricted_if_present=("lts",))
        monkeypatch.setattr(download, "config", restricted)

        reply = depot.get(f"{hart.url}/download", query={"target": LINUX})

        assert reply.headers["Cache-Control"] == expected

    @pytest.mark.parametrize("mode", ["front", "auto"])
    def test_packages_that_are_not_public_are_cached_privately(
        self, depot: Depot, origin: str, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        set_visibility(depot, hart, "private")
        set_mode(monkeypatch, mode)

        reply = depot.get(f"{hart.url}/download", by="hank")

        has_the_archive(reply, hart)
        assert reply.headers["Cache-Control"] == "private, max-age=300"

    def test_file_names_may_have_unusual_characters(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hart(origin=origin, name=name, version="1.0~b+2%")
        assert upload(depot, hart, path=quote(hart.path)).status == 201

        has_the_archive(depot.get(f"/depot/pkgs/{quote(hart.path)}/download"), hart)

    @pytest.mark.parametrize(
        ("requested", "status", "part"),
        [("bytes=0-9", 206, slice(0, 10)), ("bytes=100-", 206, slice(100, None)), ("bytes=-7", 206, slice(-7, None))],
    )
    def test_a_range_of_the_bytes(
        self, depot: Depot, origin: str, name: str, requested: str, status: int, part: slice
    ) -> None:
        hart = a_package(depot, origin, name=name)

        reply = depot.get(f"{hart.url}/download", headers={"Range": requested})

        assert (reply.status, reply.body) == (status, hart.content[part])
        assert reply.headers["X-Filename"] == hart.archive_name
        assert reply.headers["Content-Range"].endswith(f"/{len(hart.content)}")

    def test_a_range_beyond_the_end_is_416(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        assert depot.get(f"{hart.url}/download", headers={"Range": "bytes=999999-"}).status == 416


class TestRedirect:
    def test_large_archives_are_redirected(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        monkeypatch.setattr(download, "INLINE_BYTES", len(hart.content))
        set_mode(monkeypatch, "auto")
        assert depot.get(f"{hart.url}/download").status == 200

        monkeypatch.setattr(download, "INLINE_BYTES", len(hart.content) - 1)
        self.is_redirected(depot.get(f"{hart.url}/download"), hart)

    def test_in_redirect_mode_all_archives_are_redirected(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        set_mode(monkeypatch, "redirect")

        self.is_redirected(depot.get(f"{hart.url}/download"), hart)
        named = depot.get(f"{hart.url}/download", query={"target": LINUX})
        assert named.headers["Cache-Control"] == "public, max-age=0, s-maxage=5"

    def test_redirect_s3_gives_a_presigned_url(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        self.is_redirected(depot.get(f"{hart.url}/download?redirect=s3"), hart)

    def is_redirected(self, reply: Reply, hart: Hart) -> None:
        assert (reply.status, reply.body) == (302, b"")
        assert reply.headers["Cache-Control"] == "private, no-store"
        location = urlsplit(reply.headers["Location"])
        assert location.path.endswith(f"/{hart.archive_name}")
        assert "X-Amz-Signature" in parse_qs(location.query) or "Signature" in parse_qs(location.query)


class TestTarget:
    def test_the_target_selects_the_package(self, depot: Depot, origin: str, name: str) -> None:
        linux = a_package(depot, origin, name=name)
        windows = a_package(depot, origin, name=name, target=WINDOWS)

        has_the_archive(depot.get(f"{linux.url}/download"), linux)
        has_the_archive(depot.get(f"{linux.url}/download", query={"target": WINDOWS}), windows)
        has_the_archive(depot.get(f"{linux.url}/download", headers=HAB_ON_WINDOWS), windows)
        reply = depot.get(f"{linux.url}/download", query={"target": "aarch64-linux"})
        assert (reply.status, reply.body) == (404, b"")

    @pytest.mark.parametrize("target", ["", "mips-linux", "X86_64-linux", "x86_64-darwin", "aarch64-windows"])
    def test_an_invalid_or_unsupported_target_is_422_even_for_an_unknown_package(
        self, depot: Depot, origin: str, name: str, target: str
    ) -> None:
        for url in (a_package(depot, origin, name=name).url, f"/depot/pkgs/{origin}/{name}/9/9"):
            reply = depot.get(f"{url}/download", query={"target": target})
            assert (reply.status, reply.text) == (422, f"Invalid package target '{target}'")

    def test_supported_targets_are_configured(
        self, depot: Depot, origin: str, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hart = a_package(depot, origin, name=name)
        monkeypatch.setattr(reads, "config", replace(config, targets=()))

        assert depot.get(f"{hart.url}/download").status == 422
        assert depot.get(hart.url).status == 200


class TestPermission:
    def test_private_packages_are_served_to_members_only(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)
        set_visibility(depot, hart, "private")

        for stranger in (None, "mystique"):
            reply = depot.get(f"{hart.url}/download", by=stranger)
            assert (reply.status, reply.body) == (404, b"")
        for member in ("bobo", "lkennedy", "hank"):
            has_the_archive(depot.get(f"{hart.url}/download", by=member), hart)

    def test_hidden_packages_are_served_to_everyone(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_hidden_package(depot, origin, name)

        for by in (None, "mystique", "hank"):
            has_the_archive(depot.get(f"{hart.url}/download", by=by), hart)
        assert depot.get(hart.url).status == 404

    def test_a_bad_token_is_401_for_hidden_packages_too(self, depot: Depot, origin: str, name: str) -> None:
        hart = a_package(depot, origin, name=name)

        for query in ("", "?target=nonsense"):
            reply = depot.get(f"{hart.url}/download{query}", by="nonsense")
            assert (reply.status, reply.body) == (401, b"")


@pytest.mark.parametrize("path", ["{o}/{n}/1.2.3/2", "{o}/{n}/9/20240301123456", "nowhere/{n}/1.2.3/20240301123456"])
def test_an_unknown_package_is_404(depot: Depot, origin: str, name: str, path: str) -> None:
    a_package(depot, origin, name=name)

    reply = depot.get(f"/depot/pkgs/{path.format(o=origin, n=name)}/download")

    assert (reply.status, reply.body) == (404, b"")


@pytest.mark.parametrize("mode", ["front", "auto"])
def test_a_missing_object_is_404(
    depot: Depot, origin: str, name: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hart = a_package(depot, origin, name=name)
    remove_object(hart)
    set_mode(monkeypatch, mode)

    reply = depot.get(f"{hart.url}/download")

    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(hart.url).status == 200


@pytest.mark.parametrize(("mode", "query"), [("redirect", ""), ("auto", "?redirect=s3")])
def test_the_signed_url_of_a_missing_object_is_404(
    depot: Depot, origin: str, name: str, mode: str, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hart = a_package(depot, origin, name=name)
    remove_object(hart)
    set_mode(monkeypatch, mode)

    reply = depot.get(f"{hart.url}/download{query}")

    assert reply.status == 302
    assert requests.get(reply.headers["Location"], timeout=PATIENCE).status_code == 404


def test_a_redirect_makes_no_call_to_the_object_store(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)

    with recorded_calls() as recorder:
        assert depot.get(f"{hart.url}/download?redirect=s3").status == 302

    assert {exchange.service for exchange in recorder.exchanges} == {"dynamodb"}


def remove_object(hart: Hart) -> None:
    """Delete the object of an archive directly in the bucket."""
    s3 = client("s3")
    [stored] = s3.list_objects_v2(Bucket=config.bucket, Prefix=f"{hart.path}/")["Contents"]
    s3.delete_object(Bucket=config.bucket, Key=stored["Key"])


def test_a_forced_upload_restores_a_missing_object(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    remove_object(hart)

    assert upload(depot, hart, forced=True).status == 201

    has_the_archive(depot.get(f"{hart.url}/download"), hart)


def test_signed_urls_stay_valid_after_a_forced_upload(depot: Depot, origin: str, name: str) -> None:
    hart = a_package(depot, origin, name=name)
    link = depot.get(f"{hart.url}/download?redirect=s3").headers["Location"]

    assert upload(depot, hart, forced=True).status == 201

    assert requests.get(link, timeout=PATIENCE).content == hart.content


def test_the_file_name_has_no_path_separator(depot: Depot, origin: str, name: str) -> None:
    hart = a_hart(origin=origin, name=name, version="..\\..\\evil")
    path = "/".join(quote(part, safe="") for part in hart.path.split("/"))
    assert upload(depot, hart, path=path).status == 201

    reply = depot.get(f"/depot/pkgs/{path}/download")

    assert (reply.status, reply.body) == (200, hart.content)
    assert reply.headers["X-Filename"] == hart.archive_name.replace("\\", "%5C")
    assert "\\" not in reply.headers["Content-Disposition"]
