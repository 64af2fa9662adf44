"""Job groups and jobs of a deleted origin, whose name another account has taken (accounts.md 8.4)."""

import pytest

from chalicelib.builds import rows
from chalicelib.builds.engine import ending
from chalicelib.builds.engine.settling import Cause, settle
from chalicelib.builds.steps import group as group_steps
from chalicelib.catalog.project_rows import project_key
from chalicelib.core.builds.build_states import EntryState, GroupState
from chalicelib.core.target import Target
from chalicelib.platform.table import delete_many, put_many, read
from tests.api.client import Depot
from tests.builders.group_rows import entries_of, group_row
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.project_rows import a_project_row
from tests.builders.workers import a_worker

LINUX = Target.X86_64_LINUX
HAB = {"User-Agent": "hab/1.6"}
FIRST, LATER = "bobo", "hank"


def schedule(depot: Depot, root: str, by: str) -> str:
    reply = depot.post(f"/depot/pkgs/schedule/{root}?package_only=true", by=by, headers=HAB)
    assert reply.status == 201, reply
    group: str = reply.json()["id"]
    return group


@pytest.fixture
def root(depot: Depot) -> str:
    """A package with a project, in an origin of its first owner."""
    root = f"{an_origin(depot, FIRST)}/{a_name('tool')}"
    put_many([a_project_row(root)])
    return root


def take_over(depot: Depot, root: str) -> None:
    """Delete the origin, and create it again for another account, with a project of the same name."""
    origin, _, name = root.partition("/")
    delete_many([project_key(origin, name, LINUX)])
    assert depot.delete(f"/depot/origins/{origin}", by=FIRST).status == 204
    an_origin(depot, LATER, origin)
    put_many([a_project_row(root)])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/depot/pkgs/schedule/{group}"),
        ("GET", "/builds/groups/{group}"),
        ("POST", "/jobs/group/{group}/cancel"),
        ("POST", "/jobs/group/{group}/rebuild"),
        ("POST", "/jobs/group/{group}/promote/dev"),
        ("POST", "/jobs/group/{group}/demote/dev"),
        ("GET", "/jobs/{job}"),
        ("GET", "/jobs/{job}/log"),
        ("GET", "/builds/jobs/{job}"),
    ],
)
def test_a_later_origin_has_nothing_of_the_earlier_one(depot: Depot, root: str, method: str, path: str) -> None:
    group = schedule(depot, root, FIRST)
    job = int(entries_of(group)[root].job_id)
    take_over(depot, root)
    before = group_row(group).attribute_values

    body = {"idents": list[str]()} if "mote/" in path else None
    reply = depot.request(method, path.format(group=group, job=job), by=LATER, json=body)

    assert reply.status == 404, reply
    assert group_row(group).attribute_values == before


def test_the_lists_of_a_later_origin_hold_only_its_own(depot: Depot, root: str) -> None:
    origin = root.partition("/")[0]
    schedule(depot, root, FIRST)
    take_over(depot, root)
    status = f"/depot/pkgs/schedule/{origin}/status"
    assert depot.get(status).json() == []

    own = schedule(depot, root, LATER)

    assert [group["id"] for group in depot.get(status).json()] == [own]
    jobs = depot.get(f"/projects/{root}/jobs", by=LATER).json()["data"]
    assert [job["id"] for job in jobs] == [str(int(entries_of(own)[root].job_id))]


def test_a_request_cancels_the_groups_of_the_earlier_origin_instead_of_joining_them(depot: Depot, root: str) -> None:
    active, queued = schedule(depot, root, FIRST), schedule(depot, root, FIRST)
    take_over(depot, root)

    own = schedule(depot, root, LATER)

    assert own not in (active, queued)
    assert {group_row(each).group_state for each in (active, queued)} == {GroupState.CANCELED}
    assert group_row(own).group_state is GroupState.DISPATCHING
    assert entries_of(own)[root].entry_state is EntryState.RUNNING
    guard = read(rows.active_key(root, LINUX))
    assert guard is not None
    assert int(guard.group_id) == int(own)


def test_a_group_starts_no_job_in_an_origin_that_was_created_after_it(depot: Depot, root: str) -> None:
    first, queued = schedule(depot, root, FIRST), schedule(depot, root, FIRST)
    take_over(depot, root)
    ending.cancel(int(first))
    ending.finish(int(first))  # the turn of the other one comes

    group_steps.check(int(queued), generation=1, rounds=0)

    assert entries_of(queued)[root].entry_state is EntryState.SKIPPED


def test_a_job_of_the_earlier_origin_that_does_not_end_does_not_hold_up_the_later_one(depot: Depot, root: str) -> None:
    earlier = schedule(depot, root, FIRST)
    held = a_worker(depot, root.partition("/")[0], by=FIRST).gets()
    take_over(depot, root)

    own = schedule(depot, root, LATER)

    assert group_row(own).group_state is GroupState.DISPATCHING
    settle(int(held["job"]["id"]), 1, Cause.LOST)
    assert ending.finish(int(earlier))
    guard = read(rows.active_key(root, LINUX))
    assert guard is not None
    assert int(guard.group_id) == int(own)
