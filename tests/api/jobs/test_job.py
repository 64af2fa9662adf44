"""GET /jobs/{id} and /builds/jobs/{id} (builds.md 3.2)."""

import pytest

from chalicelib.core.builds.build_states import JobError, JobState
from tests.api.client import Depot
from tests.builders.job_rows import a_numbered_job
from tests.builders.names import a_name
from tests.builders.packages import a_package, promote
from tests.builders.project_rows import a_stored_project


def test_a_waiting_job_has_no_fields_that_are_unknown(depot: Depot, origin: str) -> None:
    job = a_numbered_job(origin, "tool", group_id=4711, created_at="2024-05-05T00:42:35.213765")

    reply = depot.get(f"/jobs/{job.id}", by="lkennedy")

    assert reply.status == 200
    assert "Cache-Control" not in reply.headers
    assert list(reply.json().items()) == [
        ("id", str(job.id)),
        ("created_at", "2024-05-05T00:42:35.213765+00:00"),
        ("origin", origin),
        ("name", "tool"),
        ("owner_id", "4711"),
        ("state", "Pending"),
        ("channel", "bldr-4711"),
        ("target", "x86_64-linux"),
    ]


def test_a_complete_job_shows_its_package_with_channels_and_platforms(depot: Depot, origin: str) -> None:
    hart = a_package(depot, origin, name=a_name("tool"))
    promote(depot, hart, "stable")
    job = a_numbered_job(
        origin,
        hart.ident.name,
        JobState.COMPLETE,
        ident=str(hart.ident),
        build_started_at="2024-05-05T00:42:35.213765",
        build_finished_at="2024-05-05T00:43:35+00:00",
    )

    shown = depot.get(f"/jobs/{job.id}", by="bobo").json()

    assert (shown["version"], shown["release"]) == (hart.ident.version, hart.ident.release)
    assert shown["build_started_at"] == "2024-05-05T00:42:35.213765+00:00"
    assert shown["build_finished_at"] == "2024-05-05T00:43:35+00:00"
    assert shown["channels"] == ["stable", "unstable"]
    assert shown["platforms"] == ["x86_64-linux"]


def test_a_job_whose_package_was_deleted_is_in_no_channel(depot: Depot, origin: str) -> None:
    job = a_numbered_job(origin, "gone", JobState.COMPLETE, ident=f"{origin}/gone/1.0/20240101000000")

    shown = depot.get(f"/jobs/{job.id}", by="bobo").json()

    assert (shown["channels"], shown["platforms"]) == ([], [])


def test_a_failed_job_shows_the_failed_step(depot: Depot, origin: str) -> None:
    job = a_numbered_job(
        origin,
        "tool",
        JobState.FAILED,
        error_code=JobError.BUILD.code,
        error_message=JobError.BUILD.value,
        failed_step="do_build",
        last_lines="cc: error\nmake: stopped",
    )

    assert depot.get(f"/jobs/{job.id}", by="bobo").json()["error"] == {"code": 1004, "msg": "wk:run:build"}
    details = depot.get(f"/builds/jobs/{job.id}", by="bobo").json()
    assert details["failed_step"] == "do_build"
    assert details["last_lines"] == ["cc: error", "make: stopped"]


@pytest.mark.parametrize("path", ["/jobs", "/builds/jobs"])
def test_refusals_come_in_the_order_of_the_contract(depot: Depot, origin: str, path: str) -> None:
    job = a_numbered_job(origin, "tool")

    for malformed in ("x", "-1", "+1", "1.0", "18446744073709551616"):
        reply = depot.get(f"{path}/{malformed}")
        assert (reply.status, reply.body) == (400, b"")
    assert (depot.get(f"{path}/123456").status, depot.get(f"{path}/123456").body) == (404, b"")
    assert depot.get(f"{path}/{job.id}").status == 401
    assert depot.get(f"{path}/{job.id}", by="hank").status == 403
    assert depot.get(f"{path}/{job.id}", by="wesker").status == 403
    assert depot.get(f"{path}/x", by="no-token").status == 401


def test_the_owner_of_a_name_does_not_see_the_jobs_of_a_deleted_origin(depot: Depot, origin: str) -> None:
    """Projects and packages are gone before an origin is deleted, but its jobs stay."""
    name = a_name("tool")
    a_stored_project(f"{origin}/{name}")
    a_package(depot, origin, name=name)
    job = a_numbered_job(origin, name, id=123_456_789)  # ids grow with time, so the job is older than the origin

    for path in (f"/jobs/{job.id}", f"/builds/jobs/{job.id}", f"/jobs/{job.id}/log"):
        assert depot.get(path, by="bobo").status == 404
    assert depot.get(f"/projects/{origin}/{name}/jobs", by="bobo").json()["data"] == []
