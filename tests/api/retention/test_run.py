"""What a retention policy removes, and what it never does; our own paths (docs/OPERATING.md)."""

from typing import Any

import pytest

from chalicelib.catalog.audit_rows import AuditRow, origin_book
from chalicelib.catalog.package_rows import package_key
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import artifacts
from chalicelib.platform import table
from chalicelib.platform.object_store import ObjectMissing, ObjectStoreFailed
from chalicelib.retention import removal
from tests.api.client import Depot
from tests.api.retention.conftest import KEEP_ONE, Publish, put_policy, reasons, removed, run, there
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import LINUX, WINDOWS, change_channel, promoted


def artifact_of(ident: PackageIdent) -> str:
    row = table.read(package_key(ident, Target(LINUX)))
    assert row is not None
    return row.artifact


def test_a_dry_run_says_what_would_go_and_why_the_others_stay(
    depot: Depot, origin: str, tool: list[PackageIdent]
) -> None:
    oldest, old, unordered, newest = map(str, tool)
    put_policy(depot, origin)
    before = there(depot, origin)

    reply = run(depot, origin, dry_run="true")

    assert removed(reply) == [old, oldest]
    assert reasons(reply) == {newest: "newest", unordered: "unordered"}
    assert (reply.json()["dry_run"], reply.json()["complete"], reply.json()["next_after"]) == (True, True, None)
    assert there(depot, origin) == before


def test_a_policy_can_be_tried_before_it_is_set(depot: Depot, origin: str, tool: list[PackageIdent]) -> None:
    tried = depot.post(f"/retention/{origin}/run?dry_run=true", by="bobo", json=KEEP_ONE | {"keep_per_name": 2})

    assert removed(tried) == [str(tool[0])]
    assert reasons(tried)[str(tool[1])] == "keep_per_name"
    assert depot.get(f"/retention/{origin}", by="bobo").status == 404
    assert depot.post(f"/retention/{origin}/run", by="bobo", json=KEEP_ONE).status == 400
    assert run(depot, origin).status == run(depot, origin, dry_run="true").status == 404
    assert run(depot, origin, dry_run="yes").status == 400


def test_a_run_removes_packages_with_all_that_belongs_to_them(
    depot: Depot, origin: str, tool: list[PackageIdent]
) -> None:
    oldest, old, unordered, newest = tool
    objects = [artifact_of(ident) for ident in (oldest, old)]
    put_policy(depot, origin, by="mystique")

    reply = run(depot, origin)

    assert removed(reply) == [str(old), str(oldest)]
    assert reply.json()["dry_run"] is False
    assert there(depot, origin) == sorted([str(newest), str(unordered)])
    assert depot.get(f"/depot/pkgs/{old}").status == 404
    assert depot.get(f"/depot/pkgs/{old}/download").status == 404
    assert depot.get(f"/depot/pkgs/{origin}/{old.name}/latest").json()["ident"] == newest.as_json()
    unstable = depot.get(f"/depot/channels/{origin}/unstable/pkgs").json()
    assert unstable["total_count"] == len(unstable["data"]) == 2
    for key in objects:
        with pytest.raises(ObjectMissing):
            artifacts.demand(key)
    book = [row for row in table.rows(AuditRow, origin_book(origin)) if row.operation == "package_retire"]
    assert [(row.target, row.requester_name) for row in book] == [
        (f"{old} {LINUX}", "bobo"),
        (f"{oldest} {LINUX}", "bobo"),
    ]


def test_a_repeat_removes_nothing_more(depot: Depot, origin: str, tool: list[PackageIdent]) -> None:
    put_policy(depot, origin)
    run(depot, origin)
    left = there(depot, origin)

    assert removed(run(depot, origin)) == []
    assert there(depot, origin) == left


def test_a_removed_release_can_be_published_again(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    put_policy(depot, origin)
    run(depot, origin)

    publish(tool[0].name, tool[0].version)

    assert depot.get(f"/depot/pkgs/{tool[0]}/download").status == 200


def test_what_is_in_another_channel_stays_unless_the_policy_names_it(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    more = publish(tool[0].name, "1.7")
    for ident in (*tool[:2], more):
        promoted(depot, ident, "dev")
    promoted(depot, more, "stable")
    put_policy(depot, origin)

    held = run(depot, origin, dry_run="true")
    put_policy(depot, origin, channels=["dev"])
    named = run(depot, origin)

    assert removed(held) == []
    assert [each["detail"] for each in held.json()["kept"] if each["reason"] == "in_channel"] == ["dev"] * 3
    assert removed(named) == [str(tool[0])]
    assert reasons(named)[str(tool[1])] == "keep_per_channel"
    assert reasons(named)[str(more)] == "in_channel"
    dev = depot.get(f"/depot/channels/{origin}/dev/pkgs").json()
    assert [row["version"] for row in dev["data"]] == ["1.7", "1.9"]
    assert dev["total_count"] == 2


def test_what_is_young_stays(depot: Depot, origin: str, tool: list[PackageIdent]) -> None:
    put_policy(depot, origin, older_than_days=1)

    reply = run(depot, origin)

    assert removed(reply) == []
    assert reasons(reply)[str(tool[0])] == "older_than_days"


def test_exactly_the_releases_that_others_need_stay(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    elsewhere = an_origin(depot, visibility="private")
    dependent = publish(a_name("needy"), origin=elsewhere, tdeps=[str(tool[0])])
    put_policy(depot, origin)

    reply = run(depot, origin)

    assert removed(reply) == [str(tool[1])]
    kept = {"/".join(each["ident"].values()): each for each in reply.json()["kept"]}
    assert (kept[str(tool[0])]["reason"], kept[str(tool[0])]["detail"]) == ("needed", str(dependent))

    assert depot.delete(f"/depot/pkgs/{dependent}", by="bobo").status == 204
    assert removed(run(depot, origin)) == [str(tool[0])]


def test_a_release_that_another_of_its_name_needs_stays(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    later = publish(tool[0].name, "1.11", tdeps=[str(tool[0])])
    put_policy(depot, origin)

    reply = run(depot, origin)

    assert removed(reply) == [str(tool[3]), str(tool[1])]
    assert reasons(reply)[str(tool[0])] == "needed"
    assert str(later) in there(depot, origin)


def test_each_target_is_judged_for_itself(depot: Depot, origin: str, publish: Publish) -> None:
    name = a_name("tool")
    both = publish(name, "1.0")
    publish(name, "1.0", target=WINDOWS)
    publish(name, "1.1")
    publish(a_name("needy"), tdeps=[str(both)], target=WINDOWS)
    put_policy(depot, origin)

    reply = run(depot, origin)

    assert [(each["ident"]["version"], each["target"]) for each in reply.json()["removed"]] == [("1.0", LINUX)]
    assert depot.get(f"/depot/pkgs/{both}").json()["target"] == WINDOWS


def test_a_long_run_is_done_in_portions(
    depot: Depot, origin: str, publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(a_name("tool") for _ in range(3))
    for name in names:
        publish(name, "1.0")
        publish(name, "1.1")
    put_policy(depot, origin)
    monkeypatch.setattr(removal, "PACKAGES_PER_REQUEST", 1)

    replies, after = [], ""
    for _ in range(4):
        replies.append(run(depot, origin, after=after))
        after = replies[-1].json()["next_after"]
        if after is None:
            break

    assert [reply.json()["next_after"] for reply in replies] == [*names, None]
    assert [reply.json()["complete"] for reply in replies] == [False, False, False, True]
    assert [len(removed(reply)) for reply in replies] == [1, 1, 1, 0]


class Interrupted(Exception):
    """The function died."""


@pytest.mark.parametrize("where", ["before_the_first", "between", "before_the_object"])
def test_what_was_interrupted_is_completed_by_a_repeat(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    put_policy(depot, origin)
    whole = there(depot, origin)
    left = {"before_the_first": 4, "between": 3, "before_the_object": 3}[where]
    real, alive = removal._remove, iter(range(1 if where == "between" else 0))

    def remove(*arguments: Any) -> None:
        if next(alive, None) is None:
            raise Interrupted
        real(*arguments)

    def discard(key: str) -> None:
        raise Interrupted

    with monkeypatch.context() as fault:
        if where == "before_the_object":
            fault.setattr(artifacts, "discard", discard)
        else:
            fault.setattr(removal, "_remove", remove)
        assert run(depot, origin).status == 500

    after = there(depot, origin)
    assert len(after) == left
    assert set(after) <= set(whole)
    assert len(removed(run(depot, origin))) == left - 2
    assert there(depot, origin) == sorted(map(str, tool[2:]))


def test_nothing_goes_while_the_object_store_is_down(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)

    def down() -> None:
        raise ObjectStoreFailed

    with monkeypatch.context() as fault:
        fault.setattr(artifacts, "demand_store", down)
        assert run(depot, origin).status == 502

    assert len(there(depot, origin)) == 4


def between(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Let something happen after the judgement and before the first removal."""
    waiting = [act]
    real = artifacts.demand_store

    def demand() -> None:
        real()
        if waiting:
            waiting.pop()()

    monkeypatch.setattr(artifacts, "demand_store", demand)


def test_what_was_promoted_meanwhile_stays(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    between(monkeypatch, lambda: change_channel(depot, tool[1], "stable", "promote"))

    reply = run(depot, origin)

    assert removed(reply) == [str(tool[0])]
    assert reasons(reply)[str(tool[1])] == "changed"
    assert depot.get(f"/depot/channels/{origin}/stable/pkgs/{tool[1].name}/latest").status == 200


def test_the_newest_stays_when_a_newer_one_is_deleted_meanwhile(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    between(monkeypatch, lambda: depot.delete(f"/depot/pkgs/{tool[3]}", by="bobo"))

    reply = run(depot, origin)

    assert removed(reply) == []
    assert {reasons(reply)[str(ident)] for ident in tool[:2]} == {"changed"}
    assert depot.get(f"/depot/pkgs/{origin}/{tool[0].name}/latest").json()["ident"] == tool[1].as_json()


def test_what_was_uploaded_anew_meanwhile_stays(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.builders.hart import a_hart
    from tests.builders.packages import upload

    hart = a_hart(origin=origin, name=tool[0].name, version=tool[0].version)
    put_policy(depot, origin)
    between(monkeypatch, lambda: upload(depot, hart, forced=True))

    assert removed(run(depot, origin)) == [str(tool[1])]
    assert depot.get(f"/depot/pkgs/{tool[0]}/download").status == 200


@pytest.mark.parametrize("change", ["withdrawn", "replaced"])
def test_nothing_goes_under_a_policy_that_is_no_more(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    put_policy(depot, origin)

    def act() -> None:
        if change == "withdrawn":
            assert depot.delete(f"/retention/{origin}", by="bobo").status == 204
        else:
            put_policy(depot, origin, keep_per_name=9)

    between(monkeypatch, act)

    assert run(depot, origin).status == 409
    assert len(there(depot, origin)) == 4
