"""GET /projects/{origin}/{name}/jobs (builds.md 2.7)."""

from typing import Any

import pytest

from tests.api.client import Depot
from tests.builders.job_rows import a_numbered_job
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin


@pytest.fixture(scope="module")
def origin(depot: Depot) -> str:
    origin = an_origin(depot)
    a_member(depot, origin, "hank", "readonly_member")
    return origin


@pytest.fixture(scope="module")
def long_name(origin: str) -> str:
    """A project with 101 jobs."""
    name = a_name("tool")
    for _ in range(101):
        a_numbered_job(origin, name)
    return name


def listed(depot: Depot, origin: str, name: str, **query: Any) -> tuple[int, Any]:
    reply = depot.get(f"/projects/{origin}/{name}/jobs", by="hank", query=query)
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"
    return reply.status, reply.json()


def test_a_project_without_jobs_has_an_empty_list(depot: Depot, origin: str) -> None:
    assert listed(depot, origin, "unknown") == (
        200,
        {"range_start": 0, "range_end": 49, "total_count": 0, "data": []},
    )


def test_jobs_of_all_targets_are_listed_newest_first(depot: Depot, origin: str) -> None:
    name = a_name("tool")
    jobs = [a_numbered_job(origin, name), a_numbered_job(origin, name, target="x86_64-windows")]

    status, page = listed(depot, origin, name)

    assert status == 200
    assert [job["id"] for job in page["data"]] == [str(job.id) for job in reversed(jobs)]
    assert (page["range_start"], page["range_end"], page["total_count"]) == (0, 1, 2)
    assert not {"channels", "platforms"} & set(page["data"][0])


@pytest.mark.parametrize(
    ("requested", "expected"),
    [
        (0, (206, 0, 49, 50)),
        (49, (206, 0, 49, 50)),
        (50, (206, 50, 99, 50)),
        (120, (200, 100, 100, 1)),
        (150, (200, 150, 49, 0)),
    ],
)
def test_pages_have_50_jobs(
    depot: Depot, origin: str, long_name: str, requested: int, expected: tuple[int, int, int, int]
) -> None:
    status, page = listed(depot, origin, long_name, range=requested)

    assert (status, page["range_start"], page["range_end"], len(page["data"])) == expected
    assert page["total_count"] == 101
    assert len({job["id"] for job in page["data"]}) == expected[3]


def test_members_only(depot: Depot, origin: str) -> None:
    path = f"/projects/{origin}/tool/jobs"

    assert [depot.get(path, by=by).status for by in (None, "wesker")] == [401, 403]
    assert depot.get(path, query={"range": "x"}).status == 400
    assert depot.get("/projects/no-such-origin/tool/jobs", by="hank").status == 403
