"""Validators and lifetimes of answers to GET (platform.md 1.7)."""

from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from app import app
from chalicelib.catalog.package_rows import ident_key
from chalicelib.core.ident import PackageIdent
from chalicelib.http import caching, validators
from chalicelib.http.answer import Answer
from chalicelib.http.caching import Cached
from chalicelib.identity.caller import Caller
from chalicelib.packages import artifacts
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.table import read
from tests.api.authorisation.matrix import MATRIX, Cell
from tests.api.client import Depot, Reply
from tests.builders.accounts import an_account
from tests.builders.lifetimes import NO_CACHE, SHARED
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, a_package, delete, promote, set_visibility, upload

LINUX = {"target": "x86_64-linux"}
READS = [cell for cell in MATRIX if cell.method == "GET"]
SECRET = {
    "/authenticate/{code}",
    "/depot/origins/{origin}/secret",
    "/depot/origins/{origin}/secret_keys/latest",
    "/depot/uploads/{id}",
}


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    """An origin with a package in `stable`, owned by bobo."""
    origin = an_origin(depot)
    promote(depot, a_package(depot, origin, name="web"), "stable")
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
    return origin


@pytest.mark.parametrize("cell", READS, ids=lambda cell: cell.request)
def test_every_answer_has_a_validator_that_makes_a_repeat_304(depot: Depot, origin: str, cell: Cell) -> None:
    path = cell.path.format(origin=origin)
    reply = depot.get(path, by="bobo")
    if reply.status not in (200, 206) or reply.body == b"":
        return
    assert ("ETag" in reply.headers) is cell.route.is_revalidated
    if cell.route.is_revalidated:
        again = depot.get(path, by="bobo", headers={"If-None-Match": reply.headers["ETag"]})
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", reply.headers["ETag"])
        assert again.headers.get("Cache-Control") == reply.headers.get("Cache-Control")


def test_only_answers_with_secrets_have_no_validator() -> None:
    without = {route.path for route in app.declared if route.method == "GET" and route.cached is Cached.NEVER}

    assert without == SECRET


def paths_of(origin: str) -> list[tuple[str, dict[str, str]]]:
    """Reads that show the same to everyone without a role in the origin."""
    channel = f"/depot/channels/{origin}/stable/pkgs"
    return [
        (f"/depot/pkgs/{origin}", {}),
        (f"/depot/pkgs/{origin}/web/versions", {}),
        (f"/depot/pkgs/{origin}/web/latest", LINUX),
        (channel, {}),
        (f"{channel}/_latest", LINUX),
        (f"{channel}/web/latest", LINUX),
        (f"/depot/{origin}/pkgs", {}),
        (f"/depot/origins/{origin}", {}),
        (f"/depot/channels/{origin}", {}),
        (f"/depot/origins/{origin}/keys", {}),
        (f"/depot/origins/{origin}/keys/latest", {}),
    ]


def test_shared_caches_may_store_what_everyone_may_see(depot: Depot, origin: str) -> None:
    outsider = an_account().token
    for path, query in paths_of(origin):
        for by in (None, outsider):
            reply = depot.get(path, by=by, query=query)
            assert (reply.headers["Cache-Control"], reply.headers["Vary"]) == (SHARED, "Authorization"), path


def test_answers_for_members_are_not_stored(depot: Depot, origin: str) -> None:
    for path, query in paths_of(origin):
        reply = depot.get(path, by="bobo", query=query)
        assert (reply.headers["Cache-Control"], "Vary" in reply.headers) == (NO_CACHE, False), path
        again = depot.get(path, by="bobo", query=query, headers={"If-None-Match": reply.headers["ETag"]})
        assert (again.status, again.headers["Cache-Control"]) == (304, NO_CACHE), path


def test_the_settings_of_an_origin_with_a_path_of_its_own_are_shared_without_a_token_only(depot: Depot) -> None:
    assert depot.get("/depot/uploads/pkgs").headers["Cache-Control"] == SHARED

    reply = depot.get("/depot/uploads/pkgs", by=an_account().token)
    assert (reply.status, reply.headers["Cache-Control"]) == (200, NO_CACHE)


def test_a_page_that_more_pages_follow_is_not_shared() -> None:
    """Its status is that of a part of a body, and shared caches treat those in different ways."""
    call: Any = SimpleNamespace(caller=Caller(None), path={}, etag=None, header=lambda _: None)
    whole, part = (
        caching.finished(Cached.ANONYMOUS, None, call, Answer(status, b"[]", headers={"Cache-Control": NO_CACHE}))
        for status in (200, 206)
    )

    assert (whole.headers["Cache-Control"], part.headers["Cache-Control"]) == (SHARED, NO_CACHE)
    assert whole.headers["ETag"] == part.headers["ETag"]


def test_answers_that_depend_on_the_client_s_target_are_not_shared(depot: Depot, origin: str) -> None:
    assert depot.get(f"/depot/pkgs/{origin}/web/latest").headers["Cache-Control"] == NO_CACHE


@pytest.mark.parametrize(
    "path", ["/depot/pkgs/search/web", "/depot/events?from_date=2020-01-01&to_date=2020-01-02", "/rdeps/core/web"]
)
def test_answers_about_many_origins_are_shared_without_a_token_only(depot: Depot, path: str) -> None:
    query = {"target": "x86_64-linux"} if "rdeps" in path else {}

    assert depot.get(path, query=query).headers["Cache-Control"] == SHARED
    assert depot.get(path, by=an_account().token, query=query).headers.get("Cache-Control") in (None, NO_CACHE)


def test_a_key_by_its_revision_is_stored_for_a_day_and_the_newest_for_seconds(depot: Depot, origin: str) -> None:
    assert depot.post(f"/depot/origins/{origin}/keys", by="bobo").status == 201
    newest = depot.get(f"/depot/origins/{origin}/keys/latest")
    revision = newest.headers["X-Filename"].split("-")[-1].removesuffix(".pub")

    assert newest.headers["Cache-Control"] == SHARED
    fixed = depot.get(f"/depot/origins/{origin}/keys/{revision}", by="bobo")
    assert (fixed.headers["Cache-Control"], fixed.text) == ("public, max-age=86400", newest.text)


def test_errors_have_neither_a_validator_nor_a_lifetime(depot: Depot, origin: str) -> None:
    reply = depot.get(f"/depot/pkgs/{origin}/nothing/latest", query=LINUX)

    assert (reply.status, "ETag" in reply.headers, "Cache-Control" in reply.headers) == (404, False, False)


def test_a_deployment_can_have_shared_caches_ask_each_time(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caching, "config", replace(config, public_seconds=0))

    assert depot.get(f"/depot/pkgs/{origin}").headers["Cache-Control"] == "public, no-cache"


class TestChanges:
    def etag(self, depot: Depot, path: str, by: str | None = None) -> str:
        return str(depot.get(path, by=by, query=LINUX).headers["ETag"])

    def is_unchanged(self, depot: Depot, path: str, etag: str, by: str | None = None) -> bool:
        reply = depot.get(path, by=by, query=LINUX, headers={"If-None-Match": etag})
        assert reply.status in (200, 304)
        return reply.status == 304

    @pytest.mark.parametrize("path", ["/depot/pkgs/{o}/web/latest", "/depot/channels/{o}/unstable/pkgs/web/latest"])
    def test_a_promotion_changes_the_package(self, depot: Depot, path: str) -> None:
        origin = an_origin(depot)
        hart = a_package(depot, origin, name="web")
        path = path.format(o=origin)
        before = self.etag(depot, path)

        promote(depot, hart, "stable")

        assert not self.is_unchanged(depot, path, before)

    def test_a_package_that_was_deleted_and_uploaded_again_is_another_one(self, depot: Depot) -> None:
        origin = an_origin(depot)
        hart = a_package(depot, origin, name="web")
        before = self.etag(depot, hart.url)

        delete(depot, hart)
        assert upload(depot, hart).status == 201

        assert not self.is_unchanged(depot, hart.url, before)

    def test_the_newest_packages_of_a_channel_change_with_a_promotion_and_not_with_a_repeat(self, depot: Depot) -> None:
        origin, channel = an_origin(depot), "ready"
        a_channel(depot, origin, channel)
        path = f"/depot/channels/{origin}/{channel}/pkgs/_latest"
        promote(depot, a_package(depot, origin, name="web"), channel)
        before = self.etag(depot, path)

        assert self.is_unchanged(depot, path, before)
        promote(depot, a_package(depot, origin, name="db"), channel)
        assert not self.is_unchanged(depot, path, before)

    def test_what_members_see_has_another_validator(self, depot: Depot) -> None:
        origin = an_origin(depot)
        set_visibility(depot, a_package(depot, origin, name="web"), "private")

        assert self.etag(depot, f"/depot/pkgs/{origin}") != self.etag(depot, f"/depot/pkgs/{origin}", by="bobo")

    def test_other_code_has_other_validators(self, depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        path = f"/depot/pkgs/{origin}/web/latest"
        before = self.etag(depot, path)

        monkeypatch.setattr(validators, "config", replace(config, code_digest="other"))

        assert not self.is_unchanged(depot, path, before)

    def test_the_number_of_steps_since_does_not_identify_a_package(self, depot: Depot) -> None:
        """A restored table repeats the same number of steps, perhaps to other channels."""
        origin = an_origin(depot)
        hart = a_package(depot, origin, name="web")
        key = ident_key(PackageIdent.parse(hart.path))
        past = read(key)
        assert past is not None
        promote(depot, hart, "stable")
        before = self.etag(depot, hart.url)

        with Change() as change:
            change.put(past)
        a_channel(depot, origin, "other")
        promote(depot, hart, "other")

        assert not self.is_unchanged(depot, hart.url, before)

    def test_an_unchanged_archive_is_not_read(self, depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
        path = f"{a_package(depot, origin, name='inline').url}/download"
        first: Reply = depot.get(path, query=LINUX)
        read: list[Any] = []
        monkeypatch.setattr(artifacts, "read", read.append)

        assert "ETag" in first.headers
        assert self.is_unchanged(depot, path, first.headers["ETag"])
        assert read == []
