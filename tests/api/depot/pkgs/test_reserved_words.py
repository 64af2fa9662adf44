"""Origins whose names are fixed words of paths below /depot/pkgs (packages.md 1.5)."""

import pytest

from tests.api.client import Depot
from tests.builders.origins import an_origin, the_origin
from tests.builders.releases import a_release


@pytest.mark.parametrize("by", [None, "bobo"])
@pytest.mark.parametrize("path", ["1234567890", "acme/tool", "acme/versions", "acme/latest"])
def test_a_path_of_the_build_service_does_not_list_packages(depot: Depot, path: str, by: str | None) -> None:
    for _ in range(2):
        reply = depot.get(f"/depot/pkgs/schedule/{path}", by=by)
        assert (reply.status, reply.body) == (404, b"")
        the_origin(depot, "schedule")


def test_a_bad_token_is_401_there_as_well(depot: Depot) -> None:
    for path in ("1", "acme/status"):
        assert depot.get(f"/depot/pkgs/schedule/{path}", by="nonsense").status == 401


@pytest.mark.parametrize("word", ["uploads", "schedule", "search", "pkgs", "origins", "channels", "events"])
def test_an_origin_may_be_called_like_a_fixed_word(depot: Depot, word: str) -> None:
    ident = a_release(depot, the_origin(depot, word))

    assert depot.get(f"/depot/origins/{word}").json()["name"] == word
    assert depot.get(f"/depot/pkgs/{ident}").status == depot.get(f"/depot/pkgs/{ident}/download").status == 200
    assert depot.get(f"/depot/channels/{word}/unstable/pkgs/{ident.name}/latest").json()["ident"] == ident.as_json()
    assert ident.as_json().items() <= depot.get(f"/depot/pkgs/{word}").json()["data"][-1].items()


def test_the_settings_of_an_origin_called_uploads_are_listed(depot: Depot) -> None:
    ident = a_release(depot, the_origin(depot, "uploads"))

    for by in (None, "bobo", "hank"):
        reply = depot.get("/depot/uploads/pkgs", by=by)
        assert (reply.status, {row["origin"] for row in reply.json()["data"]}) == (200, {"uploads"})
        assert ident.name in [row["name"] for row in reply.json()["data"]]


@pytest.mark.parametrize("by", [None, "hank", "bobo"])
def test_a_release_called_latest_cannot_be_deleted(depot: Depot, by: str | None) -> None:
    ident = a_release(depot, an_origin(depot))

    reply = depot.delete(f"/depot/pkgs/{ident.origin}/{ident.name}/{ident.version}/latest", by=by)

    assert (reply.status, reply.body) == (404, b"")
    assert depot.get(f"/depot/pkgs/{ident}").status == 200
