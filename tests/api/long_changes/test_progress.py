"""GET /long-changes/{origin} and /{id}; our own paths (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.catalog.long_changes import long_change_states
from chalicelib.channels import deletion
from chalicelib.channels.bulk import moves
from chalicelib.channels.bulk import service as bulk
from chalicelib.long_changes import service
from chalicelib.platform.table import StoreRefused
from tests.api.client import Depot
from tests.builders.members import a_member
from tests.builders.releases import an_origin_with_promoted


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin of bobo with three packages in the channel `from`."""
    return an_origin_with_promoted(depot, 3, "from")


def listed(depot: Depot, origin: str) -> list[dict[str, Any]]:
    reply = depot.get(f"/long-changes/{origin}", by="bobo")
    assert reply.status == 200
    changes: list[dict[str, Any]] = reply.json()["changes"]
    return changes


def promote_slowly(depot: Depot, origin: str, patch: pytest.MonkeyPatch) -> int:
    """Begin a promotion of one package at a time, whose request moves the first one."""
    with patch.context() as slow:
        slow.setattr(bulk, "SECONDS", -1.0)
        slow.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 3)
        query = {"channel": "to"}
        return depot.put(f"/depot/channels/{origin}/from/pkgs/promote", by="bobo", query=query).status


def test_a_bulk_change_is_shown_with_its_progress(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert listed(depot, origin) == []

    assert promote_slowly(depot, origin, monkeypatch) == 503

    [change] = listed(depot, origin)
    assert depot.get(f"/long-changes/{origin}/{change['id']}", by="bobo").json() == change
    assert change.pop("created_at") > "2024"
    assert change.pop("id").isdecimal()
    assert change == {
        "origin": origin,
        "kind": "promotion",
        "source": "from",
        "target": "to",
        "state": "running",
        "moved": 1,
        "total": 3,
        "requested_by": "bobo",
        "ended_at": None,
        "why": None,
    }


def test_a_repeat_completes_it(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    promote_slowly(depot, origin, monkeypatch)

    assert depot.put(f"/depot/channels/{origin}/from/pkgs/promote", by="bobo", query={"channel": "to"}).status == 200

    [change] = listed(depot, origin)
    assert (change["state"], change["moved"]) == ("done", 3)
    assert change["ended_at"] > change["created_at"]


def test_the_deletion_of_a_channel_is_shown(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "REQUEST_SECONDS", -1.0)
    monkeypatch.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 3)

    assert depot.delete(f"/depot/channels/{origin}/from", by="bobo").status == 200

    [change] = listed(depot, origin)
    shown = {name: change[name] for name in ("kind", "source", "target", "state", "moved", "total")}
    assert shown == {
        "kind": "channel-deletion",
        "source": "from",
        "target": None,
        "state": "running",
        "moved": 1,
        "total": 3,
    }


def test_a_deletion_that_has_failed_is_shown_and_can_be_repeated(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 2)

    def refuse(*_: Any) -> None:
        raise StoreRefused

    with monkeypatch.context() as broken:
        broken.setattr(deletion, "_leave", refuse)
        replies = [depot.delete(f"/depot/channels/{origin}/from", by="bobo") for _ in range(2)]

    assert [reply.status for reply in replies] == [500, 500]
    [change] = listed(depot, origin)
    assert (change["state"], change["why"], change["moved"]) == ("failed", "StoreRefused", 0)
    assert change["ended_at"] is not None
    assert depot.delete(f"/depot/channels/{origin}/from", by="bobo").status == 200
    assert [(change["state"], change["why"]) for change in listed(depot, origin)] == [("done", None)]
    assert depot.post(f"/depot/channels/{origin}/from", by="bobo").status == 201


def test_a_channel_whose_packages_are_leaving_cannot_be_created_yet(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deletion, "REQUEST_SECONDS", -1.0)
    monkeypatch.setattr(deletion, "CREATION_SECONDS", -1.0)
    monkeypatch.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 3)
    depot.delete(f"/depot/channels/{origin}/from", by="bobo")

    replies = [depot.post(f"/depot/channels/{origin}/from", by="bobo") for _ in range(3)]

    assert [reply.status for reply in replies] == [503, 201, 409]
    assert replies[0].headers["Retry-After"] == "1"


def test_the_newest_changes_are_first_and_limited(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "LISTED", 2)
    for channel in ("one", "two", "three"):
        assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
        assert depot.delete(f"/depot/channels/{origin}/{channel}", by="bobo").status == 200

    assert [change["source"] for change in listed(depot, origin)] == ["three", "two"]


@pytest.mark.parametrize("identifier", ["1", "0", "nothing", "9" * 20, "-1", "1.0"])
def test_an_unknown_change_is_404(depot: Depot, origin: str, identifier: str) -> None:
    assert depot.get(f"/long-changes/{origin}/{identifier}", by="bobo").status == 404


def test_only_maintainers_see_changes(depot: Depot, origin: str) -> None:
    a_member(depot, origin, "mystique", "member")
    a_member(depot, origin, "hank", "maintainer")

    for path in (f"/long-changes/{origin}", f"/long-changes/{origin}/1"):
        assert depot.get(path).status == 401
        assert depot.get(path, by="mystique").status == 403
        assert depot.get(path, by="hank").status in (200, 404)
