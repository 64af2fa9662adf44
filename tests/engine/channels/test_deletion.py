"""Deletion of a large channel: bounded requests, and what continues after them (packages.md 9.2, 9.3)."""

import random
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.catalog import fences
from chalicelib.catalog.long_changes import long_change_states
from chalicelib.channels import deletion, service
from chalicelib.channels.errors import ChannelExists, ChannelLeaving
from chalicelib.long_changes import steps as machine
from chalicelib.platform.table import StoreRefused, StoreUnavailable
from tests.builders.bulk import add, an_origin_with, changes, dying_before_call, members
from tests.builders.histories import Histories, Killed
from tests.builders.package_requests import UPLOADER
from tests.builders.shelf import assert_consistent

MANY = tuple(("tool", f"1.{number}", "1") for number in range(6))
CALLS = 12
"""The calls of the deletion of a channel with six packages, two at once."""


@pytest.fixture(autouse=True)
def _two_packages_at_once(running: Histories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "TRANSACTION_LIMIT", deletion.SHARED_ROWS + 6)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests and steps remove one batch each."""
    for module, name in ((deletion, "REQUEST_SECONDS"), (deletion, "CREATION_SECONDS"), (machine, "SECONDS")):
        monkeypatch.setattr(module, name, -1.0)


def an_origin_with_a_begun_deletion() -> str:
    """Return an origin with MANY in the channel `one`, whose deletion has removed one batch."""
    origin = an_origin_with(*MANY, channel="one")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(deletion, "REQUEST_SECONDS", -1.0)
        service.delete(origin, "one", UPLOADER)
    return origin


def finish(origin: str) -> int:
    """Carry out the steps of the execution of the newest change until it has ended, and return their number."""
    row = changes(origin)[-1]
    event = {"kind": row.kind, "origin": origin, "id": str(row.id), "generation": 1, "rounds": 0}
    for number in range(1, 20):
        if machine.run(event)["next"] == "end":
            return number
    pytest.fail("the change does not end")


@pytest.mark.usefixtures("slow")
def test_a_request_ends_before_all_packages_have_left(started: list[tuple[Any, ...]]) -> None:
    origin = an_origin_with(*MANY, channel="one")

    service.delete(origin, "one", UPLOADER)

    [row] = changes(origin)
    assert started == [("channel-deletion", origin, str(row.id))]
    assert (row.state, int(row.moved), int(row.total or 0)) == ("running", 2, 6)
    assert "one" not in service.names(origin, sandbox=False)
    assert_consistent(origin)
    assert finish(origin) == 2

    [row] = changes(origin)
    assert (row.state, int(row.moved)) == ("done", 6)
    assert members(origin, "one") == []
    assert_consistent(origin)


@pytest.mark.usefixtures("slow")
def test_a_repeat_continues_the_deletion(started: list[tuple[Any, ...]]) -> None:
    origin = an_origin_with(*MANY, channel="one")

    for _ in range(3):
        service.delete(origin, "one", UPLOADER)

    assert members(origin, "one") == []
    assert len(changes(origin)) == 1
    assert len(started) == 2


def test_a_channel_is_created_again_at_once_if_few_packages_are_left() -> None:
    origin = an_origin_with_a_begun_deletion()
    assert members(origin, "one") != []

    service.create(origin, "one", UPLOADER)

    assert members(origin, "one") == []
    assert changes(origin)[0].state == "done"
    add(origin, ("other", "1", "1"), "one")
    assert members(origin, "one") == ["other/1"]
    assert_consistent(origin)


@pytest.mark.usefixtures("slow")
def test_the_creation_of_a_channel_does_not_wait_for_many_packages(started: list[tuple[Any, ...]]) -> None:
    origin = an_origin_with(*MANY, channel="one")
    service.delete(origin, "one", UPLOADER)

    with pytest.raises(ChannelLeaving):
        service.create(origin, "one", UPLOADER)

    assert len(started) == 2
    assert "one" not in service.names(origin, sandbox=False)
    finish(origin)
    service.create(origin, "one", UPLOADER)
    assert_consistent(origin)


def a_failed_deletion(patch: pytest.MonkeyPatch) -> tuple[str, list[bool]]:
    """Return an origin with MANY in the channel `one`, whose deletion has failed. It fails until the flag is set."""
    patch.setattr(long_change_states, "ATTEMPTS", 2)
    origin, mended = an_origin_with_a_begun_deletion(), [False]
    leave = deletion._leave

    def fail(*arguments: Any) -> None:
        if not mended[0]:
            raise StoreRefused
        leave(*arguments)

    patch.setattr(deletion, "_leave", fail)
    for _ in range(2):
        with pytest.raises(StoreRefused):
            service.delete(origin, "one", UPLOADER)
    return origin, mended


def test_a_deletion_that_always_fails_ends_and_keeps_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, _ = a_failed_deletion(monkeypatch)

    [row] = changes(origin)
    assert (row.state, row.why, int(row.moved)) == ("failed", "StoreRefused", 2)
    assert row.ended_at is not None
    assert row.expires_at is None
    assert deletion.resume(origin, row.id, 5.0)
    assert "one" not in service.names(origin, sandbox=False)


def test_a_repeat_continues_a_deletion_that_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, mended = a_failed_deletion(monkeypatch)
    with pytest.raises(StoreRefused):
        service.delete(origin, "one", UPLOADER)
    [row] = changes(origin)
    assert (row.state, int(row.failures)) == ("running", 1)
    assert (row.ended_at or row.why) is None
    mended[0] = True

    service.delete(origin, "one", UPLOADER)

    [row] = changes(origin)
    assert (row.state, int(row.moved)) == ("done", 6)
    assert row.why is None
    assert row.expires_at is not None
    assert members(origin, "one") == []
    service.create(origin, "one", UPLOADER)
    assert_consistent(origin)


def test_the_creation_of_a_channel_continues_a_deletion_that_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, mended = a_failed_deletion(monkeypatch)
    with pytest.raises(StoreRefused):
        service.create(origin, "one", UPLOADER)
    assert "one" not in service.names(origin, sandbox=False)
    mended[0] = True

    service.create(origin, "one", UPLOADER)

    assert members(origin, "one") == []
    assert [row.state for row in changes(origin)] == ["done"]
    assert_consistent(origin)


def test_a_creation_that_waits_for_a_deletion_that_fails_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    origin, _ = a_failed_deletion(monkeypatch)
    monkeypatch.setattr(long_change_states, "begin_again", lambda _: None)  # it fails after this

    with pytest.raises(ChannelLeaving):
        service.create(origin, "one", UPLOADER)


def test_a_table_that_does_not_answer_is_tried_again_without_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 2)
    origin = an_origin_with_a_begun_deletion()

    def fail(*_: Any) -> None:
        raise StoreUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(deletion, "_leave", fail)
        for _ in range(9):
            with pytest.raises(StoreUnavailable):
                service.delete(origin, "one", UPLOADER)

    assert [(row.state, int(row.failures)) for row in changes(origin)] == [("running", 0)]
    service.delete(origin, "one", UPLOADER)
    assert changes(origin)[0].state == "done"


def test_a_late_worker_leaves_the_next_channel_of_that_name_alone() -> None:
    origin = an_origin_with(*MANY, channel="one")
    service.delete(origin, "one", UPLOADER)
    row = changes(origin)[0]
    service.create(origin, "one", UPLOADER)
    add(origin, ("other", "1", "1"), "one")
    late = long_change_states.begun(row)

    with pytest.raises(long_change_states.HoldLost):
        deletion._remove_members(late, row)

    assert members(origin, "one") == ["other/1"]


@pytest.mark.parametrize("number", range(CALLS + 1))
def test_after_a_death_before_any_call_a_repeat_completes_the_deletion(number: int) -> None:
    origin = an_origin_with(*MANY, channel="one")
    fences.forget()
    with dying_before_call(number) as made, suppress(Killed):
        service.delete(origin, "one", UPLOADER)
        assert number == CALLS
    assert len(made) == number
    assert_consistent(origin)

    service.delete(origin, "one", UPLOADER)

    assert members(origin, "one") == []
    assert not any(row.is_running for row in changes(origin))
    assert_consistent(origin)


@pytest.mark.parametrize("seed", range(12))
def test_workers_of_one_deletion_and_the_next_channel_do_not_meet(running: Histories, seed: int) -> None:
    origin = an_origin_with_a_begun_deletion()
    [row] = changes(origin)
    created: list[bool] = []

    def work() -> None:
        deletion.resume(origin, row.id, 60.0)

    def create_again() -> None:
        with suppress(ChannelExists):
            service.create(origin, "one", UPLOADER)
            created.append(True)
            add(origin, ("other", "1", "1"), "one")

    running.run(random.Random(seed), [work, work, create_again], lambda: None, killed=0.2)
    deletion.resume(origin, row.id, 60.0)

    left = members(origin, "one")
    assert left in ([], ["other/1"])
    assert bool(left) <= bool(created)
    assert_consistent(origin)
