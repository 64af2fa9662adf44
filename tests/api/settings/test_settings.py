"""GET, POST, PUT, DELETE /settings/{origin}/{name} (packages.md section 10, platform.md 2.5)."""

import re
from typing import Any

import pytest

from chalicelib.packages import upload as publication
from chalicelib.packages.errors import SettingsNeeded
from chalicelib.packages.settings import service as settings
from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.races import run_after_first_read
from tests.builders.releases import WINDOWS, a_release
from tests.builders.shelf import stored_totals

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")


def counted(origin: str) -> tuple[int, int]:
    """Return the totals of all settings and of public settings of an origin."""
    return stored_totals(origin).get("settings", (0, 0))


def test_new_settings_have_the_default_of_the_origin_and_belong_to_the_caller(depot: Depot) -> None:
    origin = an_origin(depot, visibility="private")

    reply = depot.post(f"/settings/{origin}/tool", by="bobo")

    assert reply.status == 201
    created = reply.json()
    assert created == {
        "id": created["id"],
        "origin": origin,
        "name": "tool",
        "visibility": "private",
        "owner_id": depot.get("/profile", by="bobo").json()["id"],
        "hidden": False,
        "created_at": created["created_at"],
        "updated_at": created["created_at"],
    }
    assert re.fullmatch(r"\d+", created["id"])
    assert TIME.fullmatch(created["created_at"])
    assert "Cache-Control" not in reply.headers
    assert depot.get(f"/settings/{origin}/tool", by="bobo").json() == created
    assert depot.get(f"/depot/{origin}/pkgs", by="bobo").json()["data"] == [created]
    assert counted(origin) == (1, 0)


def test_a_json_content_type_without_a_body_is_accepted(depot: Depot) -> None:
    origin = an_origin(depot)

    reply = depot.post(f"/settings/{origin}/tool", by="bobo", headers={"Content-Type": "application/json"})

    assert (reply.status, reply.json()["visibility"]) == (201, "public")


def test_existing_settings_are_409(depot: Depot) -> None:
    origin = an_origin(depot)
    assert depot.post(f"/settings/{origin}/tool", by="bobo").status == 201

    reply = depot.post(f"/settings/{origin}/tool", by="bobo")

    assert (reply.status, reply.body) == (409, b"")
    assert counted(origin) == (1, 1)


@pytest.mark.parametrize("name", ["a%0Ab", "a%00", "%1B[2J", "a%E2%80%A8b", "%E2%80%AEa"])
def test_a_name_with_control_characters_is_422(depot: Depot, name: str) -> None:
    origin = an_origin(depot)

    reply = depot.post(f"/settings/{origin}/{name}", by="bobo")

    assert (reply.status, reply.text) == (
        422,
        "The name of a package must not be `.` or `..` or have invisible characters",
    )
    assert depot.get(f"/depot/{origin}/pkgs").json()["total_count"] == 0


def test_the_first_upload_creates_settings(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot))

    reply = depot.get(f"/settings/{release.origin}/{release.name}", by="bobo")

    assert (reply.status, reply.json()["visibility"]) == (200, "public")
    assert depot.post(f"/settings/{release.origin}/{release.name}", by="bobo").status == 409


def test_reading_and_changing_missing_settings_is_404(depot: Depot) -> None:
    origin = an_origin(depot)

    shown = depot.get(f"/settings/{origin}/tool", by="bobo")
    changed = depot.put(f"/settings/{origin}/tool", by="bobo", json={"visibility": "private"})

    assert (shown.status, shown.body) == (404, b"")
    assert (changed.status, changed.body) == (404, b"")


ROLES = ("readonly_member", "member", "maintainer")


@pytest.mark.parametrize("role", [None, *ROLES])
def test_reading_needs_a_member_and_writing_a_maintainer(depot: Depot, role: str | None) -> None:
    origin = an_origin(depot)
    path = f"/settings/{origin}/tool"
    assert depot.post(path, by="bobo").status == 201
    if role:
        a_member(depot, origin, "mystique", role)
    reads = 200 if role else 403
    writes = (201, 200, 204) if role == "maintainer" else (403, 403, 403)

    assert depot.get(path, by="mystique").status == reads
    created = depot.post(f"/settings/{origin}/other", by="mystique")
    changed = depot.put(path, by="mystique", json={"visibility": "private"})
    removed = depot.delete(path, by="mystique")

    assert (created.status, changed.status, removed.status) == writes
    if role != "maintainer":
        assert created.body == changed.body == removed.body == b""


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_anonymous_callers_are_401_and_non_members_403(depot: Depot, method: str) -> None:
    origin = an_origin(depot)
    json = {"visibility": "public"} if method == "PUT" else None

    anonymous = depot.request(method, f"/settings/{origin}/tool", json=json)
    unknown = depot.request(method, f"/settings/{a_name('nowhere')}/tool", by="bobo", json=json)

    assert (anonymous.status, anonymous.body) == (401, b"")
    assert (unknown.status, unknown.body) == (403, b"")


@pytest.mark.parametrize("visibility", ["public", "private", "hidden"])
def test_a_change_makes_the_caller_the_owner(depot: Depot, visibility: str) -> None:
    origin = an_origin(depot)
    a_member(depot, origin, "mystique", "maintainer")
    created = depot.post(f"/settings/{origin}/tool", by="bobo").json()

    reply = depot.put(f"/settings/{origin}/tool", by="mystique", json={"visibility": visibility})

    assert reply.status == 200
    changed = reply.json()
    assert changed["visibility"] == visibility
    assert changed["owner_id"] == depot.get("/profile", by="mystique").json()["id"]
    assert changed["updated_at"] > created["updated_at"]
    same = ("id", "origin", "name", "created_at", "hidden")
    assert [changed[key] for key in same] == [created[key] for key in same]
    assert depot.get(f"/settings/{origin}/tool", by="bobo").json() == changed
    assert counted(origin) == (1, int(visibility == "public"))


def test_changes_keep_the_counts_of_the_origin_correct(depot: Depot) -> None:
    origin = an_origin(depot)
    depot.post(f"/settings/{origin}/tool", by="bobo")

    for visibility in ("private", "hidden", "public", "public", "private"):
        depot.put(f"/settings/{origin}/tool", by="bobo", json={"visibility": visibility})

    assert counted(origin) == (1, 0)
    assert depot.get(f"/depot/{origin}/pkgs").json()["total_count"] == 0


def test_a_change_affects_the_next_upload_only(depot: Depot) -> None:
    first = a_release(depot, an_origin(depot))
    depot.put(f"/settings/{first.origin}/{first.name}", by="bobo", json={"visibility": "private"})

    second = a_release(depot, first.origin, first.name)

    assert depot.get(f"/depot/pkgs/{first}").json()["visibility"] == "public"
    assert depot.get(f"/depot/pkgs/{second}").status == 404
    assert depot.get(f"/depot/pkgs/{second}", by="bobo").json()["visibility"] == "private"


UNREADABLE = {
    "no JSON": {"body": b"{", "headers": {"Content-Type": "application/json"}},
    "no object": {"json": ["public"]},
    "another content type": {"body": b'{"visibility":"public"}', "headers": {"Content-Type": "text/plain"}},
    "no content type": {"body": b'{"visibility":"public"}'},
    "not a text": {"json": {"visibility": 1}},
}


@pytest.mark.parametrize("sent", UNREADABLE.values(), ids=list(UNREADABLE))
def test_an_unreadable_body_is_400_before_authentication(depot: Depot, sent: dict[str, Any]) -> None:
    origin = an_origin(depot)

    assert depot.put(f"/settings/{origin}/tool", by="bobo", **sent).status == 400
    assert depot.put(f"/settings/{origin}/tool", **sent).status == 400


@pytest.mark.parametrize("sent", [{}, {"visibility": ""}, {"visibility": None}, {"other": "public"}])
def test_a_missing_visibility_is_422_after_the_role(depot: Depot, sent: dict[str, Any]) -> None:
    origin = an_origin(depot)

    reply = depot.put(f"/settings/{origin}/tool", by="bobo", json=sent)

    assert (reply.status, reply.text) == (422, "Missing required package visibility")
    assert depot.put(f"/settings/{origin}/tool", json=sent).status == 401
    assert depot.put(f"/settings/{origin}/tool", by="hank", json=sent).status == 403


@pytest.mark.parametrize("word", ["Public", "secret", " public"])
def test_an_unknown_visibility_is_400_after_the_role_and_before_the_settings(depot: Depot, word: str) -> None:
    origin = an_origin(depot)

    reply = depot.put(f"/settings/{origin}/tool", by="bobo", json={"visibility": word})

    assert (reply.status, reply.body) == (400, b"")
    assert depot.put(f"/settings/{origin}/tool", by="hank", json={"visibility": word}).status == 403


def test_settings_without_packages_can_be_deleted_twice(depot: Depot) -> None:
    origin = an_origin(depot)
    depot.post(f"/settings/{origin}/tool", by="bobo")

    for _ in range(2):
        reply = depot.delete(f"/settings/{origin}/tool", by="bobo")
        assert (reply.status, reply.body) == (204, b"")

    assert depot.get(f"/settings/{origin}/tool", by="bobo").status == 404
    assert depot.get(f"/depot/{origin}/pkgs", by="bobo").json()["data"] == []
    assert counted(origin) == (0, 0)
    assert depot.post(f"/settings/{origin}/tool", by="bobo").status == 201


def test_settings_of_a_name_with_packages_are_409(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot))
    a_release(depot, release.origin, release.name, release.version, release.release, WINDOWS)
    path = f"/settings/{release.origin}/{release.name}"
    left = f"packages remaining for setting {release.origin}/{release.name}. Must be zero."

    both = depot.delete(path, by="bobo")
    assert (both.status, both.text) == (409, f"There are 2 {left}")
    assert depot.delete(f"/depot/pkgs/{release}", by="bobo", query={"target": WINDOWS}).status == 204
    one = depot.delete(path, by="bobo")
    assert (one.status, one.text) == (409, f"There are 1 {left}")
    assert depot.delete(f"/depot/pkgs/{release}", by="bobo").status == 204

    assert depot.get(path, by="bobo").status == 200
    assert depot.delete(path, by="bobo").status == 204
    assert counted(release.origin) == (0, 0)


def test_settings_are_not_deleted_if_an_upload_commits_first(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first release is published after the deletion has found no packages."""
    origin = an_origin(depot)
    depot.post(f"/settings/{origin}/tool", by="bobo")
    run_after_first_read(monkeypatch, settings, lambda: a_release(depot, origin, "tool"))

    with pytest.raises(SettingsNeeded):
        settings.delete(origin, "tool", UPLOADER)

    assert depot.get(f"/settings/{origin}/tool", by="bobo").status == 200
    assert counted(origin) == (1, 1)


def test_an_upload_creates_settings_again_if_they_were_deleted_first(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings are deleted after the upload has read them."""
    origin = an_origin(depot)
    depot.post(f"/settings/{origin}/tool", by="bobo")
    run_after_first_read(monkeypatch, publication, lambda: settings.delete(origin, "tool", UPLOADER))

    a_release(depot, origin, "tool")

    assert depot.get(f"/settings/{origin}/tool", by="bobo").status == 200
    assert counted(origin) == (1, 1)


def test_settings_that_an_upload_creates_first_are_counted_once(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first upload creates the settings after the request has found none."""
    origin = an_origin(depot)
    run_after_first_read(monkeypatch, settings, lambda: a_release(depot, origin, "tool"))

    reply = depot.post(f"/settings/{origin}/tool", by="bobo")

    assert (reply.status, reply.body) == (409, b"")
    assert counted(origin) == (1, 1)
