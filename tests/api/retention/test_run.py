"""POST /retention/{origin}/run: which packages are removed and which are kept (docs/ORIGINS.md)."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from chalicelib.catalog.audit_rows import AuditRow, origin_audit_partition
from chalicelib.catalog.package_rows import PackageRow, package_key
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, dependents
from chalicelib.platform import table
from chalicelib.platform.object_store import ObjectMissing, ObjectStoreFailed
from chalicelib.retention import removal
from tests.api.client import Depot, Reply
from tests.api.retention.conftest import KEEP_ONE, Publish, published, put_policy, reasons, removed, run
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package, set_visibility, upload
from tests.builders.releases import LINUX, WINDOWS, change_channel, promoted
from tests.perf.calls import counted_calls


def artifact_of(ident: PackageIdent) -> str:
    row = table.read(package_key(ident, Target(LINUX)))
    assert row is not None
    return row.artifact


def test_a_dry_run_reports_what_would_be_removed_and_why_the_rest_is_kept(
    depot: Depot, origin: str, tool: list[PackageIdent]
) -> None:
    oldest, old, unordered, newest = map(str, tool)
    put_policy(depot, origin)
    before = published(depot, origin)

    reply = run(depot, origin, dry_run="true")

    assert removed(reply) == [old, oldest]
    assert reasons(reply) == {newest: "newest", unordered: "unordered"}
    assert (reply.json()["dry_run"], reply.json()["complete"], reply.json()["next_after"]) == (True, True, None)
    assert published(depot, origin) == before


def test_a_policy_can_be_tried_in_a_dry_run_before_it_is_set(
    depot: Depot, origin: str, tool: list[PackageIdent]
) -> None:
    tried = depot.post(f"/retention/{origin}/run?dry_run=true", by="bobo", json=KEEP_ONE | {"keep_per_name": 2})

    assert removed(tried) == [str(tool[0])]
    assert reasons(tried)[str(tool[1])] == "keep_per_name"
    assert depot.get(f"/retention/{origin}", by="bobo").status == 404
    assert depot.post(f"/retention/{origin}/run", by="bobo", json=KEEP_ONE).status == 400
    assert run(depot, origin).status == run(depot, origin, dry_run="true").status == 404
    assert run(depot, origin, dry_run="yes").status == 400


def test_packages_are_removed_with_their_objects_and_memberships(
    depot: Depot, origin: str, tool: list[PackageIdent]
) -> None:
    oldest, old, unordered, newest = tool
    objects = [artifact_of(ident) for ident in (oldest, old)]
    put_policy(depot, origin, by="mystique")

    reply = run(depot, origin)

    assert removed(reply) == [str(old), str(oldest)]
    assert reply.json()["dry_run"] is False
    assert published(depot, origin) == sorted([str(newest), str(unordered)])
    assert depot.get(f"/depot/pkgs/{old}").status == 404
    assert depot.get(f"/depot/pkgs/{old}/download").status == 404
    assert depot.get(f"/depot/pkgs/{origin}/{old.name}/latest").json()["ident"] == newest.as_json()
    unstable = depot.get(f"/depot/channels/{origin}/unstable/pkgs").json()
    assert unstable["total_count"] == len(unstable["data"]) == 2
    for key in objects:
        with pytest.raises(ObjectMissing):
            artifacts.read(key)
    book = [row for row in table.rows(AuditRow, origin_audit_partition(origin)) if row.operation == "package_retire"]
    assert [(row.target, row.requester_name) for row in book] == [
        (f"{old} {LINUX}", "bobo"),
        (f"{oldest} {LINUX}", "bobo"),
    ]


def test_a_repeat_removes_nothing_more(depot: Depot, origin: str, tool: list[PackageIdent]) -> None:
    put_policy(depot, origin)
    run(depot, origin)
    left = published(depot, origin)

    assert removed(run(depot, origin)) == []
    assert published(depot, origin) == left


def test_a_removed_release_can_be_published_again(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    put_policy(depot, origin)
    run(depot, origin)

    publish(tool[0].name, tool[0].version)

    assert depot.get(f"/depot/pkgs/{tool[0]}/download").status == 200


def test_packages_in_other_channels_are_kept_unless_the_policy_cleans_the_channel(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    more = publish(tool[0].name, "1.7")
    for ident in (*tool[:2], more):
        promoted(depot, ident, "dev")
    promoted(depot, more, "stable")
    put_policy(depot, origin)

    uncleaned = run(depot, origin, dry_run="true")
    put_policy(depot, origin, channels=["dev"])
    cleaned = run(depot, origin)

    assert removed(uncleaned) == []
    assert [each["detail"] for each in uncleaned.json()["kept"] if each["reason"] == "in_channel"] == ["dev"] * 3
    assert removed(cleaned) == [str(tool[0])]
    assert reasons(cleaned)[str(tool[1])] == "keep_per_channel"
    assert reasons(cleaned)[str(more)] == "in_channel"
    dev = depot.get(f"/depot/channels/{origin}/dev/pkgs").json()
    assert [row["version"] for row in dev["data"]] == ["1.7", "1.9"]
    assert dev["total_count"] == 2


def test_recently_uploaded_packages_are_kept(depot: Depot, origin: str, tool: list[PackageIdent]) -> None:
    put_policy(depot, origin, older_than_days=1)

    reply = run(depot, origin)

    assert removed(reply) == []
    assert reasons(reply)[str(tool[0])] == "older_than_days"


def test_exactly_the_releases_that_others_depend_on_are_kept(
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


def test_a_dependent_that_the_caller_may_not_see_is_not_named(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    strangers = an_origin(depot, owner="wesker", visibility="private")
    secret = a_package(depot, strangers, by="wesker", name=a_name("secret"), tdeps=[str(tool[0])])
    put_policy(depot, origin)

    hidden = run(depot, origin, dry_run="true")
    set_visibility(depot, secret, "public", by="wesker")
    shown = run(depot, origin, dry_run="true")

    assert strangers not in hidden.text
    assert secret.ident.name not in hidden.text
    assert details(hidden)[str(tool[0])] == ("needed", "1 package that you may not see")
    assert details(shown)[str(tool[0])] == ("needed", secret.path)


def test_a_run_without_time_continues_with_the_same_name(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    monkeypatch.setattr(removal, "SECONDS", -1.0)

    first = run(depot, origin)
    second = run(depot, origin, after=first.json()["next_after"])

    assert [removed(first), removed(second)] == [[str(tool[1])], [str(tool[0])]]
    assert first.json()["next_after"] == ""
    assert first.json()["complete"] is False


def test_a_name_with_more_dependents_than_the_time_allows_is_kept_and_passed_over(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = an_origin(depot)
    for _ in range(20):
        publish(a_name("needy"), origin=elsewhere, tdeps=[str(tool[3])])
    put_policy(depot, origin)
    monkeypatch.setattr(removal, "SECONDS", -1.0)

    with counted_calls() as calls:
        reply = run(depot, origin)

    assert removed(reply) == []
    assert {reasons(reply)[str(ident)] for ident in (tool[0], tool[1])} == {"undecided"}
    assert reply.json()["next_after"] == tool[0].name
    assert calls["Query"] < 20

    monkeypatch.undo()
    assert set(removed(run(depot, origin))) == {str(tool[0]), str(tool[1])}


def test_a_name_for_which_the_time_left_is_too_short_is_the_first_of_the_next_request(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = publish("a-first-name", "1.0")
    for _ in range(2):
        publish(a_name("needy"), origin=an_origin(depot), tdeps=[str(tool[3])])
    put_policy(depot, origin)
    clock = [0.0]

    def slow_releases(*arguments: Any) -> Iterator[PackageRow]:
        for row in dependents.releases(*arguments):
            clock[0] += removal.SECONDS + 1
            yield row

    monkeypatch.setattr(removal, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    monkeypatch.setattr(
        removal, "dependents", SimpleNamespace(releases=slow_releases, release_seen_by=dependents.release_seen_by)
    )

    reply = run(depot, origin)

    assert (reply.json()["complete"], reply.json()["next_after"]) == (False, "a-first-name")
    assert set(reasons(reply)) == {str(first)}


def test_a_release_that_another_release_of_its_name_depends_on_is_kept(
    depot: Depot, origin: str, tool: list[PackageIdent], publish: Publish
) -> None:
    later = publish(tool[0].name, "1.11", tdeps=[str(tool[0])])
    put_policy(depot, origin)

    reply = run(depot, origin)

    assert removed(reply) == [str(tool[3]), str(tool[1])]
    assert reasons(reply)[str(tool[0])] == "needed"
    assert str(later) in published(depot, origin)


def test_targets_are_judged_separately(depot: Depot, origin: str, publish: Publish) -> None:
    name = a_name("tool")
    both = publish(name, "1.0")
    publish(name, "1.0", target=WINDOWS)
    publish(name, "1.1")
    publish(a_name("needy"), tdeps=[str(both)], target=WINDOWS)
    put_policy(depot, origin)

    reply = run(depot, origin)

    assert [(each["ident"]["version"], each["target"]) for each in reply.json()["removed"]] == [("1.0", LINUX)]
    assert depot.get(f"/depot/pkgs/{both}").json()["target"] == WINDOWS


def test_a_long_run_is_divided_into_several_requests(
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


def details(reply: Reply) -> dict[str, tuple[str, str]]:
    """The reasons and details of the packages that are kept, by ident."""
    return {"/".join(each["ident"].values()): (each["reason"], each["detail"]) for each in reply.json()["kept"]}


class Interrupted(Exception):
    """The process ended."""


@pytest.mark.parametrize("where", ["before_the_first", "between", "before_the_object"])
def test_an_interrupted_run_is_completed_by_a_repeat(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    put_policy(depot, origin)
    before = published(depot, origin)
    left = {"before_the_first": 4, "between": 3, "before_the_object": 3}[where]
    real, allowed = removal._remove, iter(range(1 if where == "between" else 0))

    def remove(*arguments: Any) -> None:
        if next(allowed, None) is None:
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

    after = published(depot, origin)
    assert len(after) == left
    assert set(after) <= set(before)
    assert len(removed(run(depot, origin))) == left - 2
    assert published(depot, origin) == sorted(map(str, tool[2:]))


def test_nothing_is_removed_while_the_object_store_is_unavailable(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)

    def down() -> None:
        raise ObjectStoreFailed

    with monkeypatch.context() as fault:
        fault.setattr(artifacts, "demand_store", down)
        assert run(depot, origin).status == 502

    assert len(published(depot, origin)) == 4


def before_removal(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Call a function once, after the packages are judged and before the first one is removed."""
    waiting = [act]
    real = artifacts.demand_store

    def demand() -> None:
        real()
        if waiting:
            waiting.pop()()

    monkeypatch.setattr(artifacts, "demand_store", demand)


def test_a_package_that_is_promoted_concurrently_is_kept(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    before_removal(monkeypatch, lambda: change_channel(depot, tool[1], "stable", "promote"))

    reply = run(depot, origin)

    assert removed(reply) == [str(tool[0])]
    assert reasons(reply)[str(tool[1])] == "changed"
    assert depot.get(f"/depot/channels/{origin}/stable/pkgs/{tool[1].name}/latest").status == 200


def test_nothing_is_removed_when_the_newest_release_is_deleted_concurrently(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_policy(depot, origin)
    before_removal(monkeypatch, lambda: depot.delete(f"/depot/pkgs/{tool[3]}", by="bobo"))

    reply = run(depot, origin)

    assert removed(reply) == []
    assert {reasons(reply)[str(ident)] for ident in tool[:2]} == {"changed"}
    assert depot.get(f"/depot/pkgs/{origin}/{tool[0].name}/latest").json()["ident"] == tool[1].as_json()


def test_a_package_that_is_uploaded_again_concurrently_is_kept(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch
) -> None:
    hart = a_hart(origin=origin, name=tool[0].name, version=tool[0].version)
    put_policy(depot, origin)
    before_removal(monkeypatch, lambda: upload(depot, hart, forced=True))

    assert removed(run(depot, origin)) == [str(tool[1])]
    assert depot.get(f"/depot/pkgs/{tool[0]}/download").status == 200


@pytest.mark.parametrize("change", ["deleted", "replaced"])
def test_nothing_is_removed_under_a_policy_that_was_deleted_or_replaced(
    depot: Depot, origin: str, tool: list[PackageIdent], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    put_policy(depot, origin)

    def act() -> None:
        if change == "deleted":
            assert depot.delete(f"/retention/{origin}", by="bobo").status == 204
        else:
            put_policy(depot, origin, keep_per_name=9)

    before_removal(monkeypatch, act)

    assert run(depot, origin).status == 409
    assert len(published(depot, origin)) == 4
