"""POST /jobs/group/{id}/promote/{channel} and /demote/{channel} (builds.md 4.3)."""

from typing import Any

import pytest

from chalicelib.builds.groups import promotion
from chalicelib.catalog.events.event_rows import GroupEventRow, group_events_partition
from chalicelib.core.builds.build_states import EntryState
from chalicelib.core.ident import PackageIdent
from chalicelib.platform import table
from tests.api.builds.test_groups import MALFORMED, a_group
from tests.api.client import Depot, Reply
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import set_entries
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import events_of
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine
from tests.builders.releases import a_release


@pytest.fixture
def idents(depot: Depot, origin: str) -> list[PackageIdent]:
    return [a_release(depot, origin, name) for name in ("base", "left", "top")]


@pytest.fixture
def group(depot: Depot, engine: RecordingEngine, origin: str, idents: list[PackageIdent]) -> str:
    """A group that has built `base` and `left`; `top` failed."""
    return group_of(depot, engine, idents, {f"{origin}/top": EntryState.FAILED})


def group_of(depot: Depot, engine: RecordingEngine, idents: list[PackageIdent], states: dict[str, EntryState]) -> str:
    names = [f"{ident.origin}/{ident.name}" for ident in idents]
    engine.graph = a_graph_of({names[0]: (), **dict.fromkeys(names[1:], names[:1])})
    for name in names:
        a_stored_project(name)
    group = a_group(depot, names[0])
    set_entries(group, {name: str(ident) for name, ident in zip(names, idents, strict=True)} | states)
    return group


def move(depot: Depot, group: str, channel: str, *idents: Any, verb: str = "promote", by: str | None = "hank") -> Reply:
    return depot.post(f"/jobs/group/{group}/{verb}/{channel}", by=by, json={"idents": [str(ident) for ident in idents]})


def members(depot: Depot, origin: str, channel: str) -> list[str]:
    return [row["name"] for row in depot.get(f"/depot/channels/{origin}/{channel}/pkgs", by="bobo").json()["data"]]


def test_what_was_built_joins_a_channel_that_is_created(
    depot: Depot, group: str, origin: str, idents: list[PackageIdent]
) -> None:
    reply = move(depot, group, "new")

    assert (reply.status, reply.body) == (204, b"")
    assert members(depot, origin, "new") == ["base", "left"]
    assert [event for event in events_of(depot, "base") if event[1] == "new"] == []
    (audited,) = [row for row in table.rows(GroupEventRow, group_events_partition(origin)) if row.target == "new"]
    assert (audited.source, audited.requester, audited.state) == (f"bldr-{group}", "hank", "done")
    assert audited.idents == f"{idents[0]} {idents[1]}"


def test_named_idents_are_compared_exactly_and_others_ignored(
    depot: Depot, group: str, origin: str, idents: list[PackageIdent]
) -> None:
    assert move(depot, group, "stable", f"{origin}/left", f"{origin}/base/1/2", "core/x/1/2").status == 204
    assert members(depot, origin, "stable") == []

    assert move(depot, group, "stable", idents[1], idents[2]).status == 204
    assert members(depot, origin, "stable") == ["left"]


def test_a_repeat_changes_nothing(depot: Depot, group: str, origin: str) -> None:
    channel = a_name("dev")

    assert [move(depot, group, channel).status for _ in range(2)] == [204, 204]

    audited = [row for row in table.rows(GroupEventRow, group_events_partition(origin)) if row.target == channel]
    assert len(audited) == 1


def test_demotion_removes_packages_also_from_unstable(depot: Depot, group: str, origin: str) -> None:
    move(depot, group, "dev")

    assert [move(depot, group, channel, verb="demote").status for channel in ("dev", "unstable", "dev")] == [204] * 3

    assert members(depot, origin, "dev") == []
    assert members(depot, origin, "unstable") == ["top"]


def test_a_package_that_was_deleted_is_404_and_nothing_moves(
    depot: Depot, group: str, origin: str, idents: list[PackageIdent]
) -> None:
    assert depot.delete(f"/depot/pkgs/{idents[1]}", by="bobo").status == 204

    assert move(depot, group, "dev").status == 404

    assert members(depot, origin, "dev") == []


def test_the_role_is_needed_in_every_origin_before_anything_moves(
    depot: Depot, engine: RecordingEngine, origin: str, idents: list[PackageIdent]
) -> None:
    other = an_origin(depot)
    foreign = a_release(depot, other, "needs-base")
    group = group_of(depot, engine, [*idents[:2], foreign], {})

    assert move(depot, group, "dev").status == 403
    assert members(depot, origin, "dev") == []

    a_member(depot, other, "hank", "maintainer")
    assert move(depot, group, "dev").status == 204
    assert (members(depot, origin, "dev"), members(depot, other, "dev")) == (["base", "left"], ["needs-base"])


def test_a_member_of_another_origin_may_move_what_was_built_in_its_own(
    depot: Depot, engine: RecordingEngine, origin: str, idents: list[PackageIdent]
) -> None:
    other = an_origin(depot, owner="wesker")
    foreign = a_release(depot, other, "needs-base", by="wesker")
    group = group_of(depot, engine, [*idents[:2], foreign], {})

    assert move(depot, group, "dev", foreign, by="wesker").status == 204


def test_more_packages_than_fit_one_transaction_move(
    depot: Depot, engine: RecordingEngine, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(promotion, "IN_ONE_TRANSACTION", 2)
    released = [a_release(depot, origin, f"many{number}") for number in range(5)]
    group = group_of(depot, engine, released, {})

    assert move(depot, group, "dev").status == 204

    assert len(members(depot, origin, "dev")) == 5


def test_a_move_that_takes_too_long_is_503_and_a_repeat_moves_the_rest(
    depot: Depot, group: str, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as slow:
        slow.setattr(promotion, "SECONDS", -1.0)
        assert move(depot, group, "dev").status == 503

    assert move(depot, group, "dev").status == 204
    assert members(depot, origin, "dev") == ["base", "left"]


def test_nothing_selected_is_204(depot: Depot, engine: RecordingEngine, origin: str) -> None:
    assert move(depot, a_group(depot, f"{origin}/tool"), "dev", by="wesker").status == 204


def test_refusals_come_in_the_order_of_the_contract(depot: Depot, group: str) -> None:
    def status(group_id: str, by: str | None, body: bytes) -> int:
        path, headers = f"/jobs/group/{group_id}/promote/dev", {"Content-Type": "application/json"}
        return depot.post(path, by=by, body=body, headers=headers).status

    assert status("x", None, b"") == status("x", None, b"no json") == status(group, "hank", b'{"idents": 1}') == 400
    assert status("x", None, b"{}") == status("123456", None, b"{}") == 401
    assert status("x", "hank", b"{}") == 400
    assert status("123456", "hank", b"{}") == 404
    assert [status(group, by, b"{}") for by in ("wesker", "lkennedy", "hank")] == [403, 403, 204]


@pytest.mark.parametrize("group_id", MALFORMED)
def test_a_malformed_id_is_400(depot: Depot, group_id: str) -> None:
    assert move(depot, group_id, "dev", verb="demote").status == 400
