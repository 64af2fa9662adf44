"""The watchdog continues long changes whose request or execution was lost, and leaves the others alone."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.catalog.channel_rows import members_partition
from chalicelib.catalog.long_changes import long_change_motor, long_change_states
from chalicelib.catalog.long_changes.long_change_rows import OPEN, OpenLongChangeRow, open_prefix
from chalicelib.channels import deletion
from chalicelib.channels import service as channels
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.long_changes import steps
from chalicelib.packages import hints, pending_hints
from chalicelib.platform import step_functions, table
from chalicelib.platform.config import config
from chalicelib.scheduled import long_change_watch
from chalicelib.scheduled.long_change_watch import Watched, watch_long_changes
from tests.api.client import Depot
from tests.builders.bulk import changes
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.package_requests import UPLOADER
from tests.builders.packages import a_package
from tests.builders.releases import a_release, promoted
from tests.builders.rows import empty_partition, partition_rows
from tests.rights import enforcement

LINUX = Target.X86_64_LINUX


@pytest.fixture(autouse=True)
def _nothing_else_is_open(table: None, monkeypatch: pytest.MonkeyPatch) -> None:
    empty_partition("OPEN-LONG-CHANGES#")
    empty_partition(pending_hints.pending_partition(LINUX))


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """All changes are idle. The watchdog may do their work itself, which it does not do if there is a state machine."""
    monkeypatch.setattr(long_change_watch, "IDLE_SECONDS", -10.0)
    monkeypatch.setattr(long_change_states, "LEASE_SECONDS", 0.0)
    with enforcement.paused():
        yield


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin owned by bobo."""
    return an_origin(depot)


def an_interrupted_deletion(depot: Depot, origin: str, channel: str, patch: pytest.MonkeyPatch) -> PackageIdent:
    """Delete a channel with a package, which is interrupted before any package leaves it."""
    ident = a_release(depot, origin)
    promoted(depot, ident, channel)
    with patch.context() as interruption:
        interruption.setattr(deletion, "_remove_members", lambda *_: False)
        channels.delete(origin, channel, UPLOADER)
    return ident


@pytest.mark.usefixtures("later")
def test_an_interrupted_deletion_of_a_channel_is_completed(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ident = an_interrupted_deletion(depot, origin, "leaving", monkeypatch)
    assert partition_rows(members_partition(origin, "leaving"))

    assert watch_long_changes(60) == Watched(changes=1)

    assert not partition_rows(members_partition(origin, "leaving"))
    assert changes(origin)[0].state == "done"
    assert watch_long_changes(60) == Watched()
    promoted(depot, ident, "leaving")
    assert depot.get(f"/depot/channels/{origin}/leaving/pkgs").json()["total_count"] == 1


def test_a_change_that_somebody_works_on_is_left_alone(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_interrupted_deletion(depot, origin, "leaving", monkeypatch)

    assert watch_long_changes(60) == Watched()

    assert changes(origin)[0].state == "running"


@pytest.mark.usefixtures("later")
def test_a_change_that_fails_does_not_stop_the_others(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for channel in ("one", "two", "three"):
        an_interrupted_deletion(depot, origin, channel, monkeypatch)
    remove = deletion._remove_members

    def fail(hold: Any, row: Any) -> bool:
        if row.source == "two":
            raise ZeroDivisionError
        return remove(hold, row)

    monkeypatch.setattr(deletion, "_remove_members", fail)

    assert watch_long_changes(60) == Watched(changes=3, failed=1)
    assert [row.source for row in changes(origin) if row.is_running] == ["two"]


@pytest.mark.usefixtures("later")
def test_a_change_that_has_failed_is_not_continued(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_change_states, "ATTEMPTS", 3)
    an_interrupted_deletion(depot, origin, "leaving", monkeypatch)

    def fail(hold: Any, row: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(deletion, "_remove_members", fail)
    for _ in range(3):
        assert watch_long_changes(60) == Watched(changes=1, failed=1)

    assert watch_long_changes(60) == Watched()
    assert (changes(origin)[0].state, changes(origin)[0].why) == ("failed", "ZeroDivisionError")


@pytest.mark.usefixtures("later")
def test_the_next_run_continues_behind_what_a_run_has_reached(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for channel in ("one", "two", "three"):
        an_interrupted_deletion(depot, origin, channel, monkeypatch)
    monkeypatch.setattr(long_change_watch, "AT_ONCE", 1)
    resume, now = steps.resume, [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    def slowly(*arguments: Any) -> bool:
        now[0] += 40
        return True

    monkeypatch.setattr(steps, "resume", slowly)
    assert watch_long_changes(60).changes == 2  # both fail silently: they are still open
    seen: list[str] = []

    def note(*arguments: Any) -> bool:
        seen.append(arguments[2])
        return resume(*arguments)

    monkeypatch.setattr(steps, "resume", note)

    assert watch_long_changes(60).changes == 1
    assert watch_long_changes(60).changes == 2
    assert len(set(seen)) == 3


@pytest.mark.usefixtures("later")
def test_with_a_state_machine_an_execution_is_started(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    an_interrupted_deletion(depot, origin, "leaving", monkeypatch)
    [row] = changes(origin)
    started: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(long_change_motor, "config", replace(config, long_change_machine="the machine"))
    monkeypatch.setattr(step_functions, "start", lambda _, name, **event: started.append((name, event)))

    watch_long_changes(60)

    [(name, event)] = started
    generation = event["generation"]
    assert name == f"channel-deletion-{row.id}-{generation}"
    assert generation > 1
    assert event == {
        "kind": "channel-deletion",
        "origin": origin,
        "id": str(row.id),
        "generation": generation,
        "rounds": 0,
    }


@pytest.mark.usefixtures("later")
def test_pending_hints_are_written(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hints, "PENDING_AFTER", 0)
    library, name = a_package(depot, origin, name=a_name("lib")), a_name("needy")
    a_package(depot, origin, name=name, tdeps=[library.path])
    assert partition_rows(pending_hints.pending_partition(LINUX))

    assert watch_long_changes(60) == Watched(changes=1)

    assert not partition_rows(pending_hints.pending_partition(LINUX))
    assert list(partition_rows(f"DEPENDENTS#{origin}/{library.ident.name}/{LINUX}")) == [f"{origin}/{name}"]


@pytest.mark.usefixtures("later")
def test_a_change_of_an_unknown_kind_does_not_keep_others_from_being_continued(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = sorted(an_origin(depot) for _ in range(2))
    for name in names:
        an_interrupted_deletion(depot, name, "leaving", monkeypatch)
    first = next(table.rows(OpenLongChangeRow, OPEN, begins=open_prefix(names[0]), limit=1))
    table.put_many([OpenLongChangeRow(first.pk, first.sk, kind="of a newer version", origin=first.origin, id=first.id)])

    assert watch_long_changes(60) == Watched(changes=2, failed=1)

    assert [changes(name)[0].state for name in names] == ["running", "done"]
