"""Bulk changes of many packages, which continue after their request (packages.md 9.9)."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.catalog import fences, steps
from chalicelib.catalog.errors import ChannelMissing, RoleLost, TooManyChannels
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.catalog.long_changes.long_change_rows import OpenLongChangeRow
from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.channels import service
from chalicelib.channels.bulk import moves, progress
from chalicelib.channels.bulk import service as bulk
from chalicelib.channels.bulk.service import BulkChange
from chalicelib.channels.errors import BulkUnfinished
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.long_changes import steps as machine
from chalicelib.origins import deletion
from chalicelib.packages.settings import service as settings
from chalicelib.platform import table
from chalicelib.platform.change import Change
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreRefused
from tests.builders.bulk import add, an_origin_with, audit, changes, dying_before_call, members
from tests.builders.histories import Histories, Killed
from tests.builders.log_lines import log_lines
from tests.builders.package_requests import UPLOADER, PackageRequest
from tests.builders.shelf import assert_consistent

MANY = (*(("many", f"1.{number}", "1") for number in range(5)), ("a", "1", "1"), ("n", "1", "1"), ("z", "1", "1"))
OTHERS = tuple(f"{name}/{version}" for name, version, _ in sorted(MANY))

CALLS = 20
"""The calls of a promotion of five packages, two at once, including the creation of the target."""


@pytest.fixture(autouse=True)
def _two_packages_at_once(running: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "TRANSACTION_LIMIT", moves.SHARED_ROWS + 6)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and steps move one batch each."""
    monkeypatch.setattr(bulk, "SECONDS", -1.0)
    monkeypatch.setattr(machine, "SECONDS", -1.0)


def promotion(origin: str, target: str = "to", by: Session = UPLOADER) -> BulkChange:
    return BulkChange(ChannelOperation.PROMOTE, origin, "from", target, by)


def step(origin: str) -> str:
    """Carry out one step of the execution of the newest change, and return what comes next."""
    row = changes(origin)[-1]
    event = {"kind": row.kind, "origin": origin, "id": str(row.id), "generation": 1, "rounds": 0, "correlation_id": ""}
    return str(machine.run(event)["next"])


def finish(origin: str) -> None:
    """Carry out the steps of the newest change until it has ended."""
    for _ in range(20):
        if step(origin) == "end":
            return
    pytest.fail("the change does not end")


def begin(origin: str, by: Session = UPLOADER) -> None:
    """Begin a promotion in a request that moves one batch."""
    with pytest.raises(BulkUnfinished):
        bulk.apply(promotion(origin, by=by))


def an_origin_with_a_begun_promotion() -> str:
    """Return an origin with MANY in `from`, one batch of which a promotion to `to` has moved."""
    origin = an_origin_with(*MANY)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk, "SECONDS", -1.0)
        begin(origin)
    return origin


def open_changes(origin: str) -> list[OpenLongChangeRow]:
    return list(table.rows(OpenLongChangeRow, "OPEN-LONG-CHANGES#", begins=f"{origin}/"))


@pytest.mark.usefixtures("slow")
def test_a_slow_change_continues_without_its_request(started: list[tuple[Any, ...]]) -> None:
    origin = an_origin_with(*MANY)

    begin(origin)

    [change] = changes(origin)
    assert started == [("promotion", origin, str(change.id))]
    assert (change.state, int(change.moved), int(change.total or 0)) == ("running", 2, 8)
    assert audit(origin) == ["started"]
    finish(origin)

    assert members(origin, "to") == members(origin, "from")
    [change] = changes(origin)
    assert (change.state, int(change.moved)) == ("done", 8)
    assert change.why is None
    assert change.expires_at is not None
    assert open_changes(origin) == []
    assert audit(origin) == ["done"]
    assert_consistent(origin)


@pytest.mark.usefixtures("slow")
def test_a_demotion_continues_as_well() -> None:
    origin = an_origin_with(*MANY)
    service.create(origin, "to", UPLOADER)
    add(origin, ("other", "1", "1"), "to")
    for package in MANY:
        assert PackageRequest("promote", origin, package, channel="to").send() is None

    with pytest.raises(BulkUnfinished):
        bulk.apply(BulkChange(ChannelOperation.DEMOTE, origin, "from", "to", UPLOADER))
    finish(origin)

    assert members(origin, "to") == ["other/1"]
    assert len(members(origin, "from")) == len(MANY)
    assert (changes(origin)[-1].kind, changes(origin)[-1].state) == ("demotion", "done")


@pytest.mark.usefixtures("slow")
def test_a_repeat_joins_the_change_and_moves_what_was_added_since() -> None:
    origin = an_origin_with(*MANY)
    begin(origin)
    begin(origin)
    add(origin, ("a", "2", "1"), "from")  # before the position at which the change continues

    finish(origin)
    bulk.apply(promotion(origin))

    assert len(changes(origin)) == 1
    assert members(origin, "to") == members(origin, "from")


def test_a_repeat_waits_for_the_worker_that_holds_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin_with_a_begun_promotion()
    [change] = changes(origin)
    monkeypatch.setattr(long_change_states, "LEASE_SECONDS", 60.0)
    held = long_change_states._taken(change)
    assert held is not None
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            held.release()

    monkeypatch.setattr(long_change_states, "sleep", wait)
    moved = members(origin, "to")
    bulk.apply(promotion(origin))

    assert len(moved) == 2
    assert len(waits) == 3
    assert members(origin, "to") == members(origin, "from")
    assert len(changes(origin)) == 1


@pytest.mark.usefixtures("slow")
def test_a_step_reads_the_channels_from_the_position_on(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin_with(*((name, "1", "1") for name in "abcdef"))
    begin(origin)
    after: list[str | None] = []
    names = moves.names

    def note(of: BulkChange, position: str | None) -> Iterator[list[moves.Move]]:
        after.append(position)
        return names(of, position)

    monkeypatch.setattr(moves, "names", note)

    finish(origin)

    assert after == ["a0", "c0"]


@pytest.mark.parametrize("number", range(CALLS + 1))
def test_after_a_death_before_any_call_another_worker_completes_the_change(number: int) -> None:
    origin = an_origin_with(*MANY[2:7])
    fences.forget()
    with dying_before_call(number) as made, suppress(Killed):
        bulk.apply(promotion(origin))
        assert number == CALLS
    assert len(made) == number
    assert_consistent(origin)

    bulk.apply(promotion(origin))

    assert members(origin, "to") == members(origin, "from")
    assert audit(origin)[-1] == "done"
    assert "started" not in audit(origin)
    assert open_changes(origin) == []
    assert_consistent(origin)


@pytest.mark.parametrize("seed", range(12))
def test_several_workers_move_everything_once(running: Histories, seed: int) -> None:
    """Each takes the change from the others all the time, and some die."""
    origin = an_origin_with_a_begun_promotion()

    def work() -> None:
        with suppress(BulkUnfinished):
            bulk.apply(promotion(origin))

    def follow() -> None:
        while step(origin) != "end":
            pass

    running.run(random.Random(seed), [work, work, follow, follow], lambda: None, killed=0.3)
    bulk.apply(promotion(origin))

    assert members(origin, "to") == members(origin, "from")
    assert audit(origin)[0] == "done"
    assert [int(row.moved) for row in changes(origin)] == [len(MANY)]
    assert_consistent(origin)


def a_maintainer(origin: str, role: Role = Role.MAINTAINER) -> Session:
    """Return the session of a member that has passed the role check of a bulk change."""
    key = member_key(origin, 815)
    with Change() as change:
        change.put(MemberRow(key.pk, key.sk, role=str(role), name="hank"))
    caller = Caller(Credential(815, key=None, name="hank"), origin, changes=True)
    return caller.require_role(origin, Role.MAINTAINER, refused=401)


@pytest.mark.usefixtures("slow")
def test_a_change_ends_when_its_requester_loses_the_role() -> None:
    origin = an_origin_with(*MANY)
    begin(origin, by=a_maintainer(origin))
    assert step(origin) == "again"
    a_member = member_key(origin, 815)
    with Change() as change:
        change.put(MemberRow(a_member.pk, a_member.sk, role=str(Role.MEMBER), name="hank"))

    assert step(origin) == "end"

    [row] = changes(origin)
    assert (row.state, row.why, int(row.moved)) == ("refused", "RoleLost", 4)
    assert len(members(origin, "to")) == 4
    assert audit(origin) == ["refused"]
    assert open_changes(origin) == []
    assert_consistent(origin)


def test_a_role_that_is_lost_between_two_transactions_of_a_step_ends_the_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    origin = an_origin_with(*MANY)
    by, left = a_maintainer(origin), [2]
    key, together = member_key(origin, 815), steps.steps_together

    def lose_the_role(*arguments: Any, **more: Any) -> None:
        together(*arguments, **more)
        left[0] -= 1
        if left[0] == 0:
            table.delete_many([key])
            fences.remove_all(origin)

    monkeypatch.setattr(steps, "steps_together", lose_the_role)
    with pytest.raises(RoleLost):
        bulk.apply(promotion(origin, by=by))

    assert len(members(origin, "to")) == 2
    assert changes(origin)[-1].state == "refused"


@pytest.mark.usefixtures("slow")
def test_a_change_ends_when_its_target_is_another_channel() -> None:
    origin = an_origin_with(*MANY)
    begin(origin)
    service.delete(origin, "to", UPLOADER)
    while "to" in {row.source for row in changes(origin) if row.is_running}:
        service.delete(origin, "to", UPLOADER)
    service.create(origin, "to", UPLOADER)
    [row] = [row for row in changes(origin) if row.kind == "promotion"]

    assert progress.resume(origin, row.id, 5.0)

    [row] = [row for row in changes(origin) if row.kind == "promotion"]
    assert (row.state, row.why) == ("refused", "ChannelMissing")
    assert members(origin, "to") == []


@pytest.mark.usefixtures("slow")
def test_nothing_is_moved_from_another_channel_with_the_name_of_the_source() -> None:
    origin = an_origin_with(*MANY)
    begin(origin)
    service.delete(origin, "from", UPLOADER)
    while "from" in {row.source for row in changes(origin) if row.kind == "channel-deletion" and row.is_running}:
        service.delete(origin, "from", UPLOADER)
    service.create(origin, "from", UPLOADER)
    add(origin, ("zz", "1", "1"), "from")
    [row] = [row for row in changes(origin) if row.kind == "promotion"]

    assert progress.resume(origin, row.id, 5.0)

    [row] = [row for row in changes(origin) if row.kind == "promotion"]
    assert row.state == "done"
    assert "zz/1" not in members(origin, "to")


def test_too_many_channels_are_refused_before_anything_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    origin = an_origin_with(*MANY)
    service.create(origin, "third", UPLOADER)
    assert PackageRequest("promote", origin, ("z", "1", "1"), channel="third").send() is None
    monkeypatch.setattr(steps, "CHANNELS_LIMIT", 3)

    with pytest.raises(TooManyChannels):
        bulk.apply(promotion(origin))

    assert members(origin, "to") == []
    assert audit(origin) == []
    assert (changes(origin)[-1].state, changes(origin)[-1].why) == ("refused", "TooManyChannels")


@pytest.mark.usefixtures("slow")
def test_an_examination_that_takes_long_continues_at_its_position(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "EXAMINED_AT_ONCE", 1)
    origin = an_origin_with(*MANY)

    begin(origin)

    [row] = changes(origin)
    assert (row.phase, row.position, int(row.total or 0), int(row.moved)) == ("examining", "a0", 1, 0)
    finish(origin)
    [row] = changes(origin)
    assert (row.state, int(row.total or 0), int(row.moved)) == ("done", 8, 8)


def test_the_deletion_of_an_origin_ends_its_changes() -> None:
    origin = an_origin_with_a_begun_promotion()
    [row] = changes(origin)
    for channel in ("to", "from"):
        service.delete(origin, channel, UPLOADER)
    for package in MANY:
        assert PackageRequest("delete", origin, package).send() is None
    for name in {package[0] for package in MANY}:
        settings.delete(origin, name, UPLOADER)
    deletion.delete(origin, UPLOADER)

    assert changes(origin) == []
    assert open_changes(origin) == []
    assert progress.resume(origin, row.id, 1.0)


def steps_fail_with(problem: Exception, patch: pytest.MonkeyPatch, when: Callable[[str], bool]) -> None:
    """Let the transaction of a batch fail if it has an ident whose text fulfils a condition."""
    together = steps.steps_together

    def fail(change: Change, changed: progress.Planned, **more: Any) -> None:
        if any(when(str(before.ident)) for before, _ in changed):
            raise problem
        together(change, changed, **more)

    patch.setattr(steps, "steps_together", fail)


def attempt(origin: str, problem: type[Exception]) -> None:
    """Carry out a step of the newest change, which fails."""
    with pytest.raises(problem):
        step(origin)


UNFORESEEN = [ZeroDivisionError, StoreRefused, KeyTooLong]


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("problem", UNFORESEEN)
def test_a_change_that_always_fails_ends_and_can_be_begun_again(
    problem: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    origin, mended = an_origin_with(*MANY), [False]
    begin(origin)
    steps_fail_with(problem(), monkeypatch, lambda ident: not mended[0])

    with log_lines() as log:
        for _ in range(2):
            attempt(origin, problem)
            assert changes(origin)[0].is_running
        assert log.named("long change failed") == []
        attempt(origin, problem)

    [row] = changes(origin)
    assert (row.state, row.why, int(row.moved)) == ("failed", problem.__name__, 2)
    assert row.ended_at is not None
    assert row.expires_at is not None
    [line] = log.named("long change failed")
    assert line["change"] == {"kind": "promotion", "origin": origin, "id": str(row.id), "attempts": 3}
    assert line["problem"][0]["type"] == f"{problem.__module__}.{problem.__name__}"
    assert open_changes(origin) == []
    assert audit(origin) == ["failed"]
    assert step(origin) == "end"
    mended[0] = True
    begin(origin)
    finish(origin)
    assert [row.state for row in changes(origin)] == ["failed", "done"]
    assert members(origin, "to") == members(origin, "from")
    assert_consistent(origin)


@pytest.mark.usefixtures("slow")
def test_failed_attempts_of_requests_count_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    origin = an_origin_with(*MANY)
    steps_fail_with(ZeroDivisionError(), monkeypatch, lambda _: True)

    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            bulk.apply(promotion(origin))

    assert [row.state for row in changes(origin)] == ["failed"]


@pytest.mark.usefixtures("slow")
def test_progress_ends_the_count_of_failed_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    origin, fails = an_origin_with(*MANY), [False]
    begin(origin)
    steps_fail_with(ZeroDivisionError(), monkeypatch, lambda _: fails[0])

    for _ in range(2):
        fails[0] = True
        for _ in range(2):
            attempt(origin, ZeroDivisionError)
        assert int(changes(origin)[0].failures) == 2
        fails[0] = False
        assert step(origin) == "again"
        assert int(changes(origin)[0].failures) == 0


@pytest.mark.usefixtures("slow")
def test_an_attempt_that_moves_packages_before_it_fails_has_made_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    monkeypatch.setattr(machine, "SECONDS", 60.0)
    origin = an_origin_with(*MANY)
    begin(origin)
    steps_fail_with(ZeroDivisionError(), monkeypatch, lambda ident: "/z/" in ident)

    for _ in range(2):
        attempt(origin, ZeroDivisionError)
        assert changes(origin)[0].is_running
    attempt(origin, ZeroDivisionError)

    [row] = changes(origin)
    assert (row.state, int(row.failures)) == ("failed", 3)
    assert members(origin, "to") == [each for each in members(origin, "from") if not each.startswith(("n/", "z/"))]


@pytest.mark.usefixtures("slow")
def test_a_batch_without_changes_is_not_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "planned", lambda *_: [])
    held: list[bool] = []
    advance = long_change_states.Hold.advance

    def note(hold: long_change_states.Hold, change: Change, *actions: Any, ends_failures: bool = True) -> None:
        held.append(ends_failures)
        advance(hold, change, *actions, ends_failures=ends_failures)

    monkeypatch.setattr(long_change_states.Hold, "advance", note)
    begin(an_origin_with(*MANY))

    assert held == [True, False]  # the end of the examination, and a batch


@pytest.mark.usefixtures("slow")
def test_a_table_that_does_not_answer_is_tried_again_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    origin, fails = an_origin_with(*MANY), [True]
    steps_fail_with(table.StoreUnavailable(), monkeypatch, lambda _: fails[0])
    for _ in range(9):
        with pytest.raises(table.StoreUnavailable):
            bulk.apply(promotion(origin))

    [row] = changes(origin)
    assert (row.state, int(row.failures)) == ("running", 0)
    fails[0] = False
    finish(origin)
    assert changes(origin)[0].state == "done"


@pytest.mark.usefixtures("slow")
def test_a_change_that_fails_before_it_has_an_audit_row_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 1)
    origin = an_origin_with(*MANY)

    def refuse(*_: Any, **__: Any) -> None:
        raise StoreRefused

    with monkeypatch.context() as patch, pytest.raises(StoreRefused):
        patch.setattr(long_change_states.Hold, "advance", refuse)
        bulk.apply(promotion(origin))

    assert [row.state for row in changes(origin)] == ["failed"]
    assert audit(origin) == []


def test_a_small_change_is_one_transaction_without_a_long_change() -> None:
    origin = an_origin_with(*MANY[:1])
    service.create(origin, "to", UPLOADER)
    bulk.apply(promotion(origin, "other"))

    with dying_before_call(99) as calls:
        bulk.apply(promotion(origin))

    assert Counter(calls) == {"BatchGetItem": 2, "Query": 2, "TransactWriteItems": 1}
    assert changes(origin) == []


def test_a_missing_target_is_refused_when_the_change_begins() -> None:
    origin = an_origin_with(*MANY)
    channels = moves.Channels(1, 2)

    with pytest.raises(ChannelMissing):
        progress.begin(promotion(origin), channels)

    assert changes(origin) == []
