"""GET /builds/groups/{id}; an addition (docs/ORIGINS.md)."""

import time
from typing import Any

import pytest
from msgspec import structs

from chalicelib.builds import rows
from chalicelib.builds.groups import progress, waits
from chalicelib.builds.rows import EntryRow, GroupRow, JobRow, SlotRow, WaitingJobRow
from chalicelib.core.builds.build_states import EntryState, GroupState, JobError, JobState
from chalicelib.platform import table
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from tests.api.builds.test_groups import MALFORMED, a_group
from tests.api.client import Depot
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import LINUX, entries_of, set_entries, set_group
from tests.builders.members import a_member
from tests.builders.origins import an_origin
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine, connected


@pytest.fixture
def names(engine: RecordingEngine, origin: str) -> list[str]:
    return connected(engine, origin, {"base": (), "middle": ("base",), "top": ("middle",)})


@pytest.fixture
def group(depot: Depot, names: list[str]) -> str:
    return a_group(depot, names[0])


def shown(depot: Depot, group: str, query: str = "") -> Any:
    reply = depot.get(f"/builds/groups/{group}{query}", by="lkennedy")
    assert reply.status == 200, reply
    return reply.json()


def reasons(depot: Depot, group: str) -> list[str]:
    return [wait["reason"] for wait in shown(depot, group)["waits"]]


def a_job(group: str, name: str, **more: Any) -> JobRow:
    """Write the job of an entry, which waits for a worker unless its state says otherwise."""
    origin, _, package = name.partition("/")
    job_id = new_id()
    key, entry = rows.job_key(job_id), entries_of(group)[name]
    fields: dict[str, Any] = {"state": str(JobState.PENDING)} | more
    job = JobRow(
        key.pk,
        key.sk,
        id=job_id,
        group_id=int(group),
        entry=entry.order,
        origin=origin,
        name=package,
        target=str(LINUX),
        number=1,
        project_id=1,
        plan_path="plan.sh",
        vcs_data="https://git.example.com/x.git",
        created_at="2026-01-01T00:00:00.000000",
        updated_at="2026-01-01T00:00:00.000000",
        **fields,
    )
    waiting = rows.waiting_key(job)
    pending = [WaitingJobRow(waiting.pk, waiting.sk, job_id=job_id)] if job.job_state is JobState.PENDING else []
    table.put_many([job, *pending])
    with Change() as change:
        key_of_entry = rows.entry_key(int(group), entry.order)
        change.update(key_of_entry, [EntryRow.job_id.set(job_id), EntryRow.state.set(str(EntryState.RUNNING))])
    return job


def test_projects_say_what_they_wait_for(depot: Depot, group: str, names: list[str]) -> None:
    answer = shown(depot, group)

    assert answer["counts"] == {"NotStarted": 3}
    assert [(each["waiting_for"], each["waiting_number"]) for each in answer["projects"]] == [
        ([], 0),
        (names[:1], 1),
        (names[1:2], 1),
    ]
    assert (answer["requester"], answer["trigger"], answer["channel"]) == ("bobo", "hab_client", f"bldr-{group}")
    assert answer["next"] is None


def test_a_failed_project_names_the_step_and_the_last_lines(depot: Depot, group: str, names: list[str]) -> None:
    error = JobError.BUILD
    a_job(
        group,
        names[0],
        state=str(JobState.FAILED),
        error_code=error.code,
        error_message=str(error),
        failed_step="do_build",
        last_lines="make: *** [all] Error 2",
    )
    set_entries(group, {names[0]: EntryState.FAILED, names[1]: EntryState.SKIPPED, names[2]: EntryState.SKIPPED})

    answer = shown(depot, group)

    failed = answer["projects"][0]
    assert (failed["state"], failed["job_state"]) == ("Failure", "Failed")
    assert failed["failure"] == {
        "code": 1004,
        "msg": "wk:run:build",
        "step": "do_build",
        "last_lines": "make: *** [all] Error 2",
    }
    assert answer["counts"] == {"Failure": 1, "Skipped": 2}


def test_a_job_of_a_deleted_origin_is_not_shown_to_members_of_a_new_one(
    depot: Depot, engine: RecordingEngine, origin: str
) -> None:
    other = an_origin(depot, "hank")
    names = [f"{origin}/base", f"{other}/top"]
    engine.graph = a_graph_of({names[0]: (), names[1]: names[:1]})
    for name in names:
        a_stored_project(name)
    group = a_group(depot, names[0])
    a_job(group, names[1], state=str(JobState.FAILED), error_code=JobError.TIMEOUT.code, last_lines="secret")
    assert depot.get(f"/builds/groups/{group}", by="hank").json()["projects"][1]["failure"] is not None
    assert depot.delete(f"/depot/origins/{other}", by="hank").status == 204
    an_origin(depot, "hank", other)

    project = depot.get(f"/builds/groups/{group}", by="hank").json()["projects"][1]

    assert (project["job_state"], project["failure"]) == (None, None)


def test_only_members_of_its_origin_see_why_a_project_failed(
    depot: Depot, engine: RecordingEngine, origin: str
) -> None:
    other = an_origin(depot)
    names = [f"{origin}/base", f"{other}/private"]
    engine.graph = a_graph_of({names[0]: (), names[1]: names[:1]})
    for name in names:
        a_stored_project(name)
    group, error = a_group(depot, names[0]), JobError.BUILD
    failure = {"error_code": error.code, "error_message": str(error), "failed_step": "do_build", "last_lines": "secret"}
    a_job(group, names[1], state=str(JobState.FAILED), **failure)

    hidden = shown(depot, group)["projects"][1]["failure"]
    a_member(depot, other, "lkennedy", "readonly_member")
    still_hidden = shown(depot, group)["projects"][1]["failure"]
    a_member(depot, other, "hank", "member")
    visible = depot.get(f"/builds/groups/{group}", by="hank").json()["projects"][1]["failure"]

    assert hidden == still_hidden == {"code": 1004, "msg": "wk:run:build", "step": "", "last_lines": ""}
    assert (visible["step"], visible["last_lines"]) == ("do_build", "secret")


def test_a_job_without_any_worker_says_so(depot: Depot, group: str, names: list[str], engine: RecordingEngine) -> None:
    a_job(group, names[0])

    assert reasons(depot, group) == ["no_worker"]
    engine.seen = time.time() - 600
    assert shown(depot, group)["waits"] == [
        {
            "reason": "no_worker",
            "text": f"No worker that builds x86_64-linux for '{names[0].partition('/')[0]}' was seen for 10 minutes.",
        }
    ]


def test_a_job_whose_workers_are_busy_says_so(
    depot: Depot, group: str, names: list[str], origin: str, engine: RecordingEngine
) -> None:
    engine.seen = time.time()
    assert reasons(depot, group) == [], "no job waits yet"
    a_job(group, names[0])

    (wait,) = shown(depot, group)["waits"]
    assert wait["reason"] == "no_free_worker"
    assert wait["text"] == f"Jobs in '{origin}' wait for a free worker that builds x86_64-linux."


def test_an_origin_at_its_limit_says_so(
    depot: Depot, group: str, names: list[str], origin: str, engine: RecordingEngine
) -> None:
    engine.seen = time.time()
    a_job(group, names[0])
    keys = [rows.origin_slot_key(LINUX, origin, number) for number in range(config.jobs_per_origin)]
    table.put_many([SlotRow(key.pk, key.sk, job_id=1, origin=origin) for key in keys])

    assert reasons(depot, group) == ["origin_limit"]


def test_a_target_at_its_limit_says_so(
    depot: Depot, group: str, names: list[str], origin: str, engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.seen = time.time()
    a_job(group, names[0])
    monkeypatch.setattr(waits, "config", structs.replace(config, jobs_per_target=1))
    assert reasons(depot, group) == ["no_free_worker"]
    key = rows.target_slot_key(LINUX, 0)
    table.put_many([SlotRow(key.pk, key.sk, job_id=1, origin=origin)])

    try:
        assert reasons(depot, group) == ["target_limit"]
    finally:
        table.delete_many([key])


def test_a_group_whose_projects_are_being_written_says_so(depot: Depot, group: str) -> None:
    with Change() as change:
        change.update(rows.group_key(int(group)), [GroupRow.is_ready.set(False)])

    assert reasons(depot, group) == ["preparing"]


def test_jobs_of_an_older_group_come_first(
    depot: Depot, group: str, names: list[str], origin: str, engine: RecordingEngine
) -> None:
    engine.seen = time.time()
    a_job(group, names[0])
    newer = a_group(depot, f"{origin}/other")
    a_job(newer, f"{origin}/other")

    assert reasons(depot, newer) == ["older_jobs"]


def test_a_queued_group_names_the_one_before_it(depot: Depot, group: str, names: list[str]) -> None:
    second = a_group(depot, names[0])

    (wait,) = shown(depot, second)["waits"]
    assert wait["reason"] == "behind_group"
    assert group in wait["text"]


def test_a_group_that_has_ended_does_not_wait(depot: Depot, group: str) -> None:
    set_group(int(group), GroupState.CANCELED)

    assert shown(depot, group)["waits"] == []


def test_projects_come_in_pages(depot: Depot, group: str, names: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PAGE", 2)

    first = shown(depot, group)
    second = shown(depot, group, f"?first={first['next']}")

    assert [project["name"] for project in [*first["projects"], *second["projects"]]] == names
    assert (second["next"], second["counts"]) == (None, {"NotStarted": 3})
    assert shown(depot, group, "?first=-5")["projects"] == first["projects"]


def test_refusals(depot: Depot, group: str) -> None:
    path = f"/builds/groups/{group}"
    assert [depot.get(path, by=by).status for by in (None, "wesker", "mystique", "lkennedy")] == [401, 403, 403, 200]
    assert depot.get(f"{path}?first=x", by="lkennedy").status == 400
    assert depot.get("/builds/groups/123456").status == 404


@pytest.mark.parametrize("group_id", MALFORMED)
def test_a_malformed_id_is_400(depot: Depot, group_id: str) -> None:
    assert depot.get(f"/builds/groups/{group_id}").status == 400
