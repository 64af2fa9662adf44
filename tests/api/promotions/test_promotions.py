"""Promotion and demotion of package sets, all or nothing; our own paths (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.catalog import steps
from chalicelib.catalog.channel_rows import MembershipRow, membership_key
from chalicelib.catalog.events.event_rows import GroupEventRow, group_events_partition
from chalicelib.catalog.lists.list_rows import channel_list
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform import table
from chalicelib.platform.change import Change
from chalicelib.promotions import service as promotions
from tests.api.client import Depot, Reply
from tests.builders.events import all_events
from tests.builders.members import an_origin_with_members
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_channel, events_of
from tests.builders.races import run_after_first_read
from tests.builders.releases import LINUX, WINDOWS, a_release, change_channel, promoted, with_visibility
from tests.builders.shelf import stored_totals

MISSING = "no-such/1.0/20240101000000"


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    return an_origin_with_members(depot, lkennedy="member", hank="maintainer")


@pytest.fixture(scope="module")
def packages(depot: Depot, origin: str) -> tuple[PackageIdent, PackageIdent]:
    """A package for Linux, and one for Linux and Windows."""
    one, both = a_release(depot, origin), a_release(depot, origin)
    a_release(depot, origin, both.name, both.version, both.release, WINDOWS)
    return one, both


@pytest.fixture
def channel(depot: Depot, origin: str) -> str:
    return a_channel(depot, origin, a_name("channel"))


def move(depot: Depot, origin: str, channel: str, *idents: Any, verb: str = "promotions", **more: Any) -> Reply:
    by = more.pop("by", "bobo")
    named = [str(ident) if isinstance(ident, PackageIdent) else ident for ident in idents]
    return depot.post(f"/{verb}/{origin}", by=by, json={"channel": channel, "idents": named, **more})


def outcomes(reply: Reply) -> list[tuple[str, str | None, str]]:
    return [(each["ident"]["name"], each["target"], each["outcome"]) for each in reply.json()["packages"]]


def members(depot: Depot, origin: str, channel: str) -> list[str]:
    listed = depot.get(f"/depot/channels/{origin}/{channel}/pkgs", by="bobo").json()
    assert listed["total_count"] == len(listed["data"])
    return [row["name"] for row in listed["data"]]


def groups(origin: str) -> list[GroupEventRow]:
    return list(table.rows(GroupEventRow, group_events_partition(origin)))


def test_a_dry_run_returns_the_plan_and_moves_nothing(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    one, both = packages
    assert change_channel(depot, both, channel, "promote", WINDOWS) == 200

    reply = move(depot, origin, channel, one, both, f"{origin}/{MISSING}", dry_run=True)

    assert reply.status == 200
    assert outcomes(reply) == [
        (one.name, LINUX, "added"),
        (both.name, LINUX, "added"),
        (both.name, WINDOWS, "already_there"),
        ("no-such", None, "missing"),
    ]
    shown = reply.json()
    assert (shown["possible"], shown["applied"], shown["group"]) == (False, False, None)
    assert shown["counts"] == {"added": 2, "already_there": 1, "missing": 1}
    assert members(depot, origin, channel) == [both.name]


def test_a_missing_package_blocks_the_whole_set(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    reply = move(depot, origin, channel, packages[0], {"ident": str(packages[0]), "target": WINDOWS})

    assert (reply.status, reply.json()["applied"]) == (422, False)
    assert outcomes(reply) == [(packages[0].name, LINUX, "added"), (packages[0].name, WINDOWS, "missing")]
    assert members(depot, origin, channel) == []


def test_a_set_moves_as_one_group_of_events(depot: Depot, origin: str, channel: str) -> None:
    one, private = a_release(depot, origin), a_release(depot, origin)
    with_visibility(depot, private, "private")

    reply = move(depot, origin, channel, one, private, by="hank")

    shown = reply.json()
    assert (reply.status, shown["applied"], shown["possible"]) == (200, True, True)
    assert members(depot, origin, channel) == sorted([one.name, private.name])
    assert stored_totals(origin)[channel_list(channel)] == (2, 1)
    assert depot.get(f"/depot/channels/{origin}/{channel}/pkgs/{one.name}/latest").status == 200
    assert channel in depot.get(f"/depot/pkgs/{one}").json()["channels"]
    assert events_of(depot, one.name) == [("Promote", channel, "1.0.0")]
    rows = [event for event in all_events() if event.channel == channel]
    assert [(row.ident, row.requester) for row in rows] == [(str(one), "hank"), (str(private), "hank")]
    assert {row.group for row in rows} == {shown["group"]}
    (group,) = [row for row in groups(origin) if row.target == channel]
    assert (group.id, group.state, group.operation) == (shown["group"], "done", "Promote")
    membership: MembershipRow | None = table.read(membership_key(channel, one, Target(LINUX)))
    assert membership is not None
    assert membership.by == "hank"


def test_a_repeat_moves_nothing_and_records_no_events(depot: Depot, origin: str, channel: str) -> None:
    one, two = a_release(depot, origin), a_release(depot, origin)
    move(depot, origin, channel, one)
    first = depot.get(f"/depot/pkgs/{one}/channels").json()
    move(depot, origin, channel, one, two)
    recorded = len(groups(origin))

    reply = move(depot, origin, channel, one, two)

    assert (reply.status, reply.json()["applied"], reply.json()["group"]) == (200, True, None)
    assert [outcome for _, _, outcome in outcomes(reply)] == ["already_there"] * 2
    assert len(groups(origin)) == recorded
    assert events_of(depot, two.name) == [("Promote", channel, "1.0.0")]
    assert depot.get(f"/depot/pkgs/{one}/channels").json() == first


def test_a_package_named_twice_moves_once(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    reply = move(depot, origin, channel, packages[1], {"ident": str(packages[1]), "target": LINUX}, packages[1])

    assert outcomes(reply) == [(packages[1].name, LINUX, "added"), (packages[1].name, WINDOWS, "added")]
    assert members(depot, origin, channel) == [packages[1].name] * 2


def test_a_target_selects_one_package_of_an_ident(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    reply = move(depot, origin, channel, {"ident": str(packages[1]), "target": WINDOWS})

    assert outcomes(reply) == [(packages[1].name, WINDOWS, "added")]
    assert members(depot, origin, channel) == [packages[1].name]


def test_only_packages_in_the_source_move(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    one, both = packages
    source = a_name("source")
    promoted(depot, both, source, WINDOWS)

    refused = move(depot, origin, channel, both, one, from_channel=source)
    accepted = move(depot, origin, channel, both, from_channel=source)

    assert refused.status == 422
    assert outcomes(refused) == [(both.name, WINDOWS, "added"), (one.name, None, "not_in_from_channel")]
    assert accepted.status == 200
    assert outcomes(accepted) == [(both.name, WINDOWS, "added")]
    assert [row.source for row in groups(origin) if row.target == channel] == [source]


def test_a_set_is_demoted_as_a_whole(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    one, both = packages
    move(depot, origin, channel, both)

    planned = move(depot, origin, channel, one, both, verb="demotions", dry_run=True)
    done = move(depot, origin, channel, one, both, verb="demotions")

    assert outcomes(planned) == outcomes(done)
    assert [outcome for _, _, outcome in outcomes(done)] == ["not_there", "removed", "removed"]
    assert done.json()["applied"] is True
    assert members(depot, origin, channel) == []
    assert events_of(depot, both.name)[0] == ("Demote", channel, "1.0.0")
    assert move(depot, origin, channel, both, verb="demotions").json()["counts"] == {"not_there": 2}


def test_a_missing_package_blocks_a_demotion_too(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    move(depot, origin, channel, packages[0])

    assert move(depot, origin, channel, packages[0], f"{origin}/{MISSING}", verb="demotions").status == 422

    assert members(depot, origin, channel) == [packages[0].name]


def test_demotions_from_unstable_are_403(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent]
) -> None:
    for dry_run in (True, False):
        assert move(depot, origin, "unstable", packages[0], verb="demotions", dry_run=dry_run).status == 403


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_missing_channel_is_404(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str, dry_run: bool
) -> None:
    unknown_target = move(depot, origin, "nowhere", packages[0], dry_run=dry_run)
    unknown_source = move(depot, origin, channel, packages[0], from_channel="nowhere", dry_run=dry_run)

    assert (unknown_target.status, unknown_target.text) == (404, "There is no channel 'nowhere'")
    assert unknown_source.status == 404


def test_callers_below_maintainer_are_refused(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent]
) -> None:
    for verb in ("promotions", "demotions"):
        for dry_run in (True, False):
            replies = [
                move(depot, origin, "stable", packages[0], verb=verb, dry_run=dry_run, by=by)
                for by in (None, "wesker", "lkennedy")
            ]
            assert [reply.status for reply in replies] == [401, 403, 403]
    assert members(depot, origin, "stable") == []


def test_a_named_token_needs_the_promote_scope(depot: Depot, origin: str, channel: str) -> None:
    one = a_release(depot, origin)
    tokens = {
        scope: depot.post(
            "/profile/tokens", by="bobo", json={"name": scope, "scopes": [scope], "origin": origin}
        ).json()
        for scope in ("promote", "upload")
    }

    assert move(depot, origin, channel, one, by=tokens["upload"]["token"]).status == 403
    assert move(depot, origin, channel, one, by=tokens["promote"]["token"]).status == 200


MALFORMED: list[Any] = [
    None,
    {},
    {"channel": "stable"},
    {"idents": []},
    {"channel": 1, "idents": []},
    {"channel": "stable", "idents": "acme/tool/1.0/1"},
    {"channel": "stable", "idents": ["acme/tool"]},
    {"channel": "stable", "idents": [7]},
    {"channel": "stable", "idents": ["acme/\ud800/1.0/1"]},
    {"channel": "stable", "idents": [{"target": LINUX}]},
    {"channel": "stable", "idents": [], "dry_run": "true"},
    {"channel": "stable", "idents": [], "from_channel": 1},
]


@pytest.mark.parametrize("body", MALFORMED, ids=ascii)
def test_an_unreadable_body_is_400_before_authentication(depot: Depot, origin: str, body: Any) -> None:
    assert depot.post(f"/promotions/{origin}", json=body).status == 400


def test_invalid_sets_are_422(
    depot: Depot, origin: str, packages: tuple[PackageIdent, PackageIdent], channel: str
) -> None:
    assert move(depot, origin, channel).status == 422
    assert move(depot, origin, channel, f"core/{MISSING}").text == f"'core/{MISSING}' is not in the origin '{origin}'"
    assert move(depot, origin, channel, packages[0], from_channel=channel).status == 422
    assert (
        move(depot, origin, channel, {"ident": str(packages[0]), "target": "vax"}).text
        == "Invalid package target 'vax'"
    )
    assert move(depot, origin, channel, *[f"{origin}/tool/1.0/{n}" for n in range(1001)]).status == 422


def test_as_many_packages_move_together_as_a_transaction_holds(depot: Depot) -> None:
    origin = an_origin(depot)
    idents = [a_release(depot, origin) for _ in range(25)]

    planned = move(depot, origin, "stable", *idents, dry_run=True)
    refused = move(depot, origin, "stable", *idents)

    assert planned.status == refused.status == 422
    assert refused.text.startswith("25 packages are too many to be moved all or nothing: they change 103 rows")
    assert members(depot, origin, "stable") == []
    assert move(depot, origin, "stable", *idents[1:]).status == 200
    assert len(members(depot, origin, "stable")) == 24
    assert move(depot, origin, "stable", *idents).json()["counts"] == {"added": 1, "already_there": 24}


def test_a_package_in_too_many_channels_blocks_the_whole_set(
    depot: Depot, origin: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = a_release(depot, origin), a_release(depot, origin)
    promoted(depot, two, "other")
    monkeypatch.setattr(steps, "CHANNELS_LIMIT", 2)

    assert move(depot, origin, channel, one, two).status == 422

    assert members(depot, origin, channel) == []


class Interrupted(Exception):
    """The process ended."""


def test_an_interruption_moves_and_records_nothing(
    depot: Depot, origin: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = a_release(depot, origin), a_release(depot, origin)
    recorded = len(groups(origin))

    def interrupt(_: Change) -> None:
        raise Interrupted

    with monkeypatch.context() as fault:
        fault.setattr(Change, "commit", interrupt)
        assert move(depot, origin, channel, one, two).status == 500

    assert members(depot, origin, channel) == []
    assert events_of(depot, one.name) == []
    assert len(groups(origin)) == recorded
    assert move(depot, origin, channel, one, two).json()["counts"] == {"added": 2}


def test_a_package_that_is_deleted_concurrently_blocks_the_set(
    depot: Depot, origin: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = a_release(depot, origin), a_release(depot, origin)
    run_after_first_read(monkeypatch, promotions, lambda: depot.delete(f"/depot/pkgs/{two}", by="bobo"))

    reply = move(depot, origin, channel, one, two)

    assert (reply.status, reply.json()["counts"]) == (422, {"added": 1, "missing": 1})
    assert members(depot, origin, channel) == []


def test_a_channel_that_is_deleted_concurrently_is_404(
    depot: Depot, origin: str, channel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = a_release(depot, origin)
    url = f"/depot/channels/{origin}/{channel}"
    run_after_first_read(monkeypatch, promotions, lambda: depot.delete(url, by="bobo"))

    assert move(depot, origin, channel, one).status == 404
    assert channel not in depot.get(f"/depot/pkgs/{one}").json()["channels"]


def test_the_idents_of_a_set_that_is_too_large_are_not_all_read(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    parse = PackageIdent.parse

    def counted(text: str) -> PackageIdent:
        read.append(text)
        return parse(text)

    monkeypatch.setattr(PackageIdent, "parse", counted)
    idents = [f"{origin}/tool/1.0/{number}" for number in range(20_000)]

    assert move(depot, origin, "stable", *idents, by=None).status == 401
    assert move(depot, origin, "stable", *idents).status == 422
    assert len(read) < 5_000
