"""The turns of the job groups of a root and a target, also while other requests change them (builds.md 8.3)."""

import pytest

from chalicelib.builds.engine import turns
from chalicelib.builds.engine.turns import Turns
from chalicelib.builds.rows import EntryRow, GroupRow, GuardRow, active_key, group_key, queued_key
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.platform.change import Change, Stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import delete_many, put_many, read
from tests.builders.job_groups import LINUX, Group, a_group, start
from tests.builders.names import a_name
from tests.builders.waiting_jobs import an_empty_origin

pytestmark = pytest.mark.usefixtures("table")

QUEUED = GroupState.QUEUED


def turns_of(group: Group) -> Turns:
    return turns.read_turns(group.row.root, LINUX)


def ids(held: Turns) -> tuple[int | None, int | None]:
    """Return the ids of the active and of the queued group."""
    active, queued = (None if group is None else int(group.id) for group in (held.active, held.queued))
    return active, queued


def guards(root: str) -> tuple[int | None, int | None]:
    """Return the ids in the guards of the active and of the queued group."""
    active, queued = (
        None if (row := read(key)) is None else int(row.group_id)
        for key in (active_key(root, LINUX), queued_key(root, LINUX))
    )
    return active, queued


def a_new_row(root: str) -> GroupRow:
    """Return the row of a group that is not in the table yet."""
    group_id = new_id()
    key = group_key(group_id)
    return GroupRow(key.pk, key.sk, id=group_id, root=root, target=str(LINUX))


def give_turn(group: GroupRow, held: Turns) -> None:
    with Change() as change:
        turns.give_turn(change, group, held)


def join(group: Group, held: Turns) -> None:
    joinable = held.joinable
    assert joinable is not None
    assert int(joinable.id) == group.id
    with Change() as change:
        turns.demand_joinable(change, joinable, held)


def test_a_root_without_groups_has_no_turns() -> None:
    assert turns.read_turns(f"{a_name('origin')}/tool", LINUX) == Turns()


def test_the_active_and_the_queued_group_are_found() -> None:
    active = a_group([[]])
    queued = a_group([[]], QUEUED, origin=active.origin)

    assert ids(turns_of(active)) == (active.id, queued.id)


def test_a_guard_whose_group_does_not_exist_is_deleted() -> None:
    group = a_group([[]])
    root = group.row.root
    delete_many([group_key(group.id)])

    with pytest.raises(Stale):
        turns.read_turns(root, LINUX)

    assert turns.read_turns(root, LINUX) == Turns()


def test_a_request_joins_the_queued_group_or_the_active_one_before_its_first_build() -> None:
    active = a_group([[]])
    join(active, turns_of(active))
    start(active)
    assert turns_of(active).joinable is None

    queued = a_group([[]], QUEUED, origin=active.origin)

    join(queued, turns_of(active))


@pytest.mark.parametrize(
    ("state", "is_ready", "first", "expected"),
    [
        (GroupState.QUEUED, False, None, False),
        (GroupState.DISPATCHING, True, EntryState.WAITING, False),
        (GroupState.DISPATCHING, True, EntryState.RUNNING, True),
        (GroupState.DISPATCHING, True, EntryState.SKIPPED, True),
        (GroupState.DISPATCHING, True, None, True),
        (GroupState.CANCELED, False, None, True),
        (GroupState.COMPLETE, True, EntryState.WAITING, True),
    ],
)
def test_a_group_has_begun_if_it_has_ended_or_its_first_entry_has_started(
    state: GroupState, is_ready: bool, first: EntryState | None, expected: bool
) -> None:
    group = GroupRow("-", "-", state=str(state), is_ready=is_ready)
    entry = None if first is None else EntryRow("-", "-", state=str(first))

    assert turns.is_begun(group, entry) is expected


def test_groups_of_an_earlier_origin_have_outlived_it_also_if_they_have_ended() -> None:
    active = a_group([[]])
    queued = a_group([[]], QUEUED, origin=active.origin)
    active.change(state=str(GroupState.COMPLETE))
    assert turns_of(active).outlived == []

    an_empty_origin(active.origin)

    assert [int(group.id) for group in turns_of(active).outlived] == [active.id, queued.id]


def test_groups_of_the_origin_itself_have_not_outlived_it() -> None:
    group = a_group([[]], origin=an_empty_origin())

    assert turns_of(group).outlived == []


def test_a_new_group_is_active_or_queued() -> None:
    root = f"{a_name('origin')}/tool"
    first, second = a_new_row(root), a_new_row(root)

    give_turn(first, Turns())
    give_turn(second, Turns(active=first))

    assert guards(root) == (int(first.id), int(second.id))


@pytest.mark.parametrize("state", [GroupState.DISPATCHING, QUEUED])
def test_a_new_group_is_not_active_if_another_one_has_a_turn_meanwhile(state: GroupState) -> None:
    other = a_group([[]], state)
    root = other.row.root
    before = guards(root)

    with pytest.raises(Stale):
        give_turn(a_new_row(root), Turns())

    assert guards(root) == before


def test_a_new_group_is_not_queued_behind_a_group_that_has_ended_meanwhile() -> None:
    active = a_group([[]])
    held, root = turns_of(active), active.row.root
    delete_many([active_key(root, LINUX)])

    with pytest.raises(Stale):
        give_turn(a_new_row(root), held)

    assert guards(root) == (None, None)


def test_a_new_group_is_not_queued_if_another_one_is_queued_meanwhile() -> None:
    active = a_group([[]])
    held = turns_of(active)
    queued = a_group([[]], QUEUED, origin=active.origin)

    with pytest.raises(Stale):
        give_turn(a_new_row(active.row.root), held)

    assert guards(active.row.root) == (active.id, queued.id)


def test_a_group_that_starts_a_build_meanwhile_is_not_joined() -> None:
    active = a_group([[]])
    held = turns_of(active)
    start(active)

    with pytest.raises(Stale):
        join(active, held)


@pytest.mark.parametrize("is_ready", [True, False])
def test_a_group_that_is_canceled_meanwhile_is_not_joined(is_ready: bool) -> None:
    active = a_group([[]])
    active.change(is_ready=is_ready)
    held = turns_of(active)
    active.change(state=str(GroupState.CANCELED))

    with pytest.raises(Stale):
        join(active, held)


def test_a_group_that_becomes_ready_meanwhile_is_read_again_before_it_is_joined() -> None:
    active = a_group([[]])
    active.change(is_ready=False)
    held = turns_of(active)
    active.change(is_ready=True)

    with pytest.raises(Stale):
        join(active, held)


def test_a_queued_group_that_becomes_active_meanwhile_is_not_joined_as_a_queued_one() -> None:
    queued = a_group([[]], QUEUED)
    held = turns_of(queued)
    assert turns.take_turn(queued.id)

    with pytest.raises(Stale):
        join(queued, held)


def test_a_queued_group_whose_guard_is_that_of_the_active_group_takes_its_turn() -> None:
    queued = a_group([[]], QUEUED)
    active, root = active_key(queued.row.root, LINUX), queued.row.root
    delete_many([queued_key(root, LINUX)])
    put_many([GuardRow(active.pk, active.sk, group_id=queued.id)])

    assert turns.take_turn(queued.id)

    assert queued.state == "Dispatching"
    assert guards(root) == (queued.id, None)


def test_a_group_releases_its_own_guards_only() -> None:
    active = a_group([[]])
    queued = a_group([[]], QUEUED, origin=active.origin)

    with Change() as change:
        turns.release_turn(change, queued.row)

    assert guards(active.row.root) == (active.id, None)


def test_the_next_group_is_the_queued_one_also_if_it_has_become_active() -> None:
    ended = a_group([[]])
    with Change() as change:
        turns.release_turn(change, ended.row)
    assert turns.next_group(ended.row) is None
    queued = a_group([[]], QUEUED, origin=ended.origin)
    assert turns.next_group(ended.row) == queued.id

    assert turns.take_turn(queued.id)

    assert turns.next_group(ended.row) == queued.id
