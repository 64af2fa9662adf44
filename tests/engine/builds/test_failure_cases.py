"""The failure cases of the contract (builds.md 19): where each is tested, and those that need several parts."""

import ast
from pathlib import Path

import pytest

from chalicelib.builds.engine.settling import Cause, settle
from chalicelib.builds.rows import group_key, job_key
from chalicelib.catalog.project_rows import project_key
from chalicelib.platform.table import delete_many, put_many, read
from tests.api.client import Depot
from tests.builders.job_groups import LINUX, claim, report
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.packages import a_package
from tests.builders.project_rows import a_project_row

CASES = {
    "duplicate webhook": ["api/notify/test_push.py::test_a_redelivery_starts_nothing_twice"],
    "two schedulers of one root at once": [
        "engine/builds/groups/test_beginning.py::test_requests_at_the_same_time_make_one_active_and_at_most_one_queued_group",
        "api/builds/test_schedule.py::test_a_second_group_waits_and_a_third_request_joins_it",
    ],
    "lost wake-up": [
        "engine/builds/steps/test_group.py::test_a_change_between_the_check_of_the_token_and_the_sleep_is_seen",
        "engine/executions/test_builds.py::test_an_engine_that_has_lost_its_executions_continues",
    ],
    "step killed after half of its writes": [
        "engine/builds/test_interruptions.py::test_a_repeat_completes_an_interrupted_change",
        "engine/builds/test_interruptions.py::test_a_repair_completes_a_change_that_had_begun",
        "engine/builds/groups/test_filling.py::test_a_group_is_filled_however_often_that_is_interrupted",
    ],
    "worker dies before its upload": [
        "engine/executions/test_builds.py::test_a_lost_worker_leads_to_another_attempt",
        "engine/builds/engine/test_settling.py::test_a_job_fails_after_its_last_attempt",
    ],
    "worker dies after its upload": ["bldr/worker/test_worker.py::test_a_package_that_exists_already_is_promoted"],
    "completion reported twice": [
        "api/workers/test_jobs.py::test_a_repeat_of_a_result_changes_nothing_and_wakes_the_execution_again",
        "engine/builds/engine/test_settling.py::test_a_repeated_settlement_changes_nothing",
    ],
    "completion reported after a cancel": [
        "engine/builds/engine/test_ending.py::"
        "test_a_job_that_completes_while_its_group_is_canceled_keeps_its_result_and_starts_nothing",
        "api/workers/test_jobs.py::test_a_canceled_job_takes_a_result",
    ],
    "cancel while a job waits for a worker": [
        "engine/builds/engine/test_ending.py::test_a_cancel_ends_what_waits_and_stops_what_runs",
        "engine/builds/test_large_groups.py::test_a_cancel_of_a_level_of_waiting_jobs_is_bounded",
    ],
    "clock skew of leases": [
        "engine/scheduled/test_job_watch.py::test_a_lease_that_has_just_ended_is_left_to_slow_clocks"
    ],
    "3,000 projects in a chain, with LARGE_GROUP=3000": [
        "engine/builds/test_large_groups.py::test_every_job_of_a_chain_takes_the_same_few_calls"
    ],
    "3,000 projects in a level, with LARGE_GROUP=3000": [
        "engine/builds/test_large_groups.py::test_all_jobs_of_a_level_start_and_end"
    ],
    "no event limit of executions": [
        "engine/builds/steps/test_group.py::test_an_execution_is_renewed_before_its_history_is_full",
        "engine/executions/test_machines.py::test_a_round_of_a_group_takes_few_events",
    ],
    "dependency deleted while it was queued": [
        "engine/builds/engine/test_starting.py::test_an_entry_whose_latest_release_was_deleted_while_it_was_queued_is_missing"
    ],
    "project deleted while its job runs": [
        "engine/builds/test_failure_cases.py::test_a_job_ends_although_its_project_was_deleted_and_its_log_is_gone"
    ],
    "failure with dependents that share a dependent": [
        "engine/builds/engine/test_settling.py::test_a_failed_job_skips_everything_that_needs_it_once",
        "engine/builds/engine/test_propagation.py::test_entries_are_skipped_once_if_two_dependencies_fail",
    ],
    "test mode without any worker": [
        "engine/builds/test_failure_cases.py::test_a_build_without_any_worker_waits_and_can_be_canceled"
    ],
}
"""Tests by case, below the folder `tests`."""

HAB = {"User-Agent": "hab/1.6.1219/20240501101112 (x86_64-linux; 5.10)"}


@pytest.mark.parametrize("case", CASES)
def test_every_case_has_tests(case: str) -> None:
    for test in CASES[case]:
        path, _, name = test.partition("::")
        tree = ast.parse((Path(__file__).parents[2] / path).read_text())
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, test


@pytest.fixture
def name(depot: Depot) -> str:
    """The full name of a package with a project."""
    name = f"{an_origin(depot)}/{a_name('tool')}"
    a_package(depot, name.partition("/")[0], name=name.partition("/")[2])
    put_many([a_project_row(name)])
    return name


def started(depot: Depot, name: str) -> str:
    """Start the build of one package, and return the id of the group."""
    reply = depot.post(f"/depot/pkgs/schedule/{name}?package_only=true", by="bobo", headers=HAB)
    assert reply.status == 201, reply
    group: str = reply.json()["id"]
    return group


def test_a_job_ends_although_its_project_was_deleted_and_its_log_is_gone(depot: Depot, name: str) -> None:
    started(depot, name)
    origin, _, package = name.partition("/")
    job = claim(origin)
    assert job is not None
    assert depot.get(f"/jobs/{job.id}/log").status == 200
    delete_many([project_key(origin, package, LINUX)])

    assert report(job)
    settle(int(job.id), int(job.attempt), Cause.REPORTED)

    ended = read(job_key(int(job.id)))
    assert ended is not None
    assert ended.state == "Complete"
    assert depot.get(f"/jobs/{job.id}/log").status == 404


def test_a_build_without_any_worker_waits_and_can_be_canceled(depot: Depot, name: str) -> None:
    group = started(depot, name)

    listed = depot.get(f"/projects/{name}/jobs", by="bobo").json()
    job = listed["data"][0]
    assert (listed["total_count"], job["state"]) == (1, "Pending")
    log = depot.get(f"/jobs/{job['id']}/log").json()
    assert log == {"start": 0, "stop": 0, "content": [], "is_complete": False}

    assert depot.post(f"/jobs/group/{group}/cancel", by="bobo").status == 204
    assert depot.get(f"/jobs/{job['id']}", by="bobo").json()["state"] == "CancelComplete"
    row = read(group_key(int(group)))
    assert row is not None
    assert row.state == "Canceled"
