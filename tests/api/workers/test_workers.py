"""GET, POST /workers/{origin} and DELETE /workers/{origin}/{id} (docs/ORIGINS.md)."""

from typing import Any

import pytest

from chalicelib.catalog import origin_rows
from tests.api.client import Depot
from tests.builders.members import a_member, refused_callers
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.rows import partition_rows, partitions
from tests.builders.waiting_jobs import LINUX, a_waiting_job
from tests.builders.workers import Worker, a_worker


def make(depot: Depot, origin: str, by: str = "bobo", **fields: Any) -> Any:
    body = {"name": "tower", "targets": [LINUX]} | fields
    return depot.post(f"/workers/{origin}", by=by, json=body)


def listed(depot: Depot, origin: str) -> list[dict[str, Any]]:
    workers: list[dict[str, Any]] = depot.get(f"/workers/{origin}", by="bobo").json()["workers"]
    return workers


def test_a_new_worker_is_listed_without_its_token(depot: Depot, origin: str) -> None:
    reply = make(depot, origin, targets=["x86_64-windows", LINUX])

    assert reply.status == 201
    made = reply.json()
    token = made.pop("token")
    assert token.startswith("bldrw_")
    assert made == {
        "id": made["id"],
        "name": "tower",
        "targets": ["x86_64-linux", "x86_64-windows"],
        "created_at": made["created_at"],
    }
    assert listed(depot, origin) == [made | {"created_by": "bobo", "last_seen_at": None, "jobs": []}]
    assert reply.headers["Cache-Control"] == "private, no-cache, no-store"


def test_the_list_shows_when_a_worker_was_seen_and_the_jobs_that_it_holds(depot: Depot, origin: str) -> None:
    busy, _ = a_worker(depot, origin), a_worker(depot, origin)
    job = a_waiting_job(origin)
    busy.gets()

    first, second = listed(depot, origin)

    assert first["jobs"] == [str(job.id)]
    assert first["last_seen_at"] is not None
    assert (second["jobs"], second["last_seen_at"]) == ([], None)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": ""}, "`name` must be 1 to 100"),
        ({"name": "x" * 101}, "`name` must be 1 to 100"),
        ({"name": "a\nb"}, "`name` must be 1 to 100"),
        ({"targets": []}, "`targets` must be some of"),
        ({"targets": ["pdp11"]}, "Invalid package target 'pdp11'"),
        ({"targets": ["x86_64-darwin"]}, "`targets` must be some of"),
    ],
)
def test_invalid_values_are_refused(depot: Depot, origin: str, fields: dict[str, Any], message: str) -> None:
    reply = make(depot, origin, **fields)

    assert reply.status == 422
    assert message in reply.text
    assert listed(depot, origin) == []


def test_only_administrators_manage_workers(depot: Depot, origin: str) -> None:
    for where, by, status in refused_callers(depot, origin, "maintainer"):
        body = {"name": "tower", "targets": [LINUX]}
        assert depot.get(f"/workers/{where}", by=by).status == status
        assert depot.post(f"/workers/{where}", by=by, json=body).status == status
        assert depot.delete(f"/workers/{where}/1", by=by).status == status

    a_member(depot, origin, "hank", "administrator")
    assert make(depot, origin, by="hank").status == 201


def test_a_revoked_worker_is_refused_at_once(depot: Depot, origin: str) -> None:
    made = make(depot, origin).json()
    worker = Worker(depot, made["token"])
    assert worker.claims().status == 204

    assert depot.delete(f"/workers/{origin}/{made['id']}", by="bobo").status == 204

    assert worker.claims().status == 401
    assert listed(depot, origin) == []
    assert partition_rows(f"WORKERS#{origin}") == {}
    assert depot.delete(f"/workers/{origin}/{made['id']}", by="bobo").status == 404


def test_the_tokens_of_the_jobs_of_a_revoked_worker_end(depot: Depot, origin: str) -> None:
    made = make(depot, origin).json()
    job = a_waiting_job(origin)
    bundle = Worker(depot, made["token"]).gets()
    heartbeat = f"/work/jobs/{job.id}/heartbeat"
    assert depot.post(heartbeat, by=bundle["token"]).status == 200

    depot.delete(f"/workers/{origin}/{made['id']}", by="bobo")

    assert depot.post(heartbeat, by=bundle["token"]).status == 409
    assert depot.get(f"/depot/origins/{origin}", by=bundle["read_token"]).status == 401


@pytest.mark.parametrize("worker_id", ["1", "no-number", "-1", str(2**63)])
def test_a_worker_that_does_not_exist_is_404(depot: Depot, origin: str, worker_id: str) -> None:
    assert depot.delete(f"/workers/{origin}/{worker_id}", by="bobo").status == 404


def test_a_worker_of_another_origin_is_404(depot: Depot, origin: str) -> None:
    other = an_origin(depot)
    made = make(depot, other).json()

    assert depot.delete(f"/workers/{origin}/{made['id']}", by="bobo").status == 404
    assert len(listed(depot, other)) == 1


def test_an_origin_has_a_limited_number_of_workers(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(origin_rows.MOST, "workers", 2)
    made = [make(depot, origin).json() for _ in range(2)]

    refused = make(depot, origin)
    assert (refused.status, refused.text) == (422, "An origin can have 2 workers at most")

    assert depot.delete(f"/workers/{origin}/{made[0]['id']}", by="bobo").status == 204
    assert make(depot, origin).status == 201


def test_workers_are_audited(depot: Depot, origin: str) -> None:
    made = make(depot, origin).json()
    depot.delete(f"/workers/{origin}/{made['id']}", by="bobo")

    audited = [
        (row["operation"], row["target"])
        for row in partition_rows(f"AUDIT-ORIGIN#{origin}").values()
        if row["operation"].startswith("worker")
    ]
    assert audited == [("worker_create", f"{made['id']} tower"), ("worker_delete", made["id"])]


def test_the_workers_of_a_deleted_origin_are_not_those_of_the_next(depot: Depot) -> None:
    name = an_origin(depot, name=a_name("origin"))
    worker = a_worker(depot, name)
    assert worker.claims().status == 204
    assert depot.delete(f"/depot/origins/{name}", by="bobo").status == 204
    an_origin(depot, name=name)

    assert worker.claims().status == 401
    assert listed(depot, name) == []


def test_a_token_is_not_stored(depot: Depot, origin: str) -> None:
    token = make(depot, origin).json()["token"]

    assert all(token not in str(partition_rows(pk)) for pk in partitions() if origin in pk)
