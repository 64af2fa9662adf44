"""Workers of tests, with the calls of the worker protocol."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.builds.rows import JobRow
from chalicelib.builds.workers import claims, service
from chalicelib.builds.workers.claims import Request
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_access import JobAccess, WorkerAccess
from chalicelib.core.target import Target
from chalicelib.platform.table import put_many, read
from tests.api.client import Depot, Reply
from tests.builders.names import a_name

LINUX = Target.X86_64_LINUX


@dataclass(frozen=True)
class Worker:
    """A worker that sends requests. `token` is its credential."""

    depot: Depot
    token: str

    def claims(self, claim: str | None = None, target: str = LINUX, **more: Any) -> Reply:
        """Ask for a job."""
        body = {"target": target, "claim": claim or a_claim(), "worker": "builder-1"} | more
        return self.depot.post("/work/claims", by=self.token, json=body)

    def gets(self, **more: Any) -> dict[str, Any]:
        """Return the bundle of a job that the worker claims."""
        reply = self.claims(**more)
        assert reply.status == 200, reply
        bundle: dict[str, Any] = reply.json()
        return bundle


def a_claim() -> str:
    """Return an id of a claim that no other claim has."""
    return a_name("claim") + "-0123456789abcdef"


def a_depot_worker(depot: Depot) -> Worker:
    """Create a worker that gets the jobs of all origins."""
    return Worker(depot, service.make_for_all_origins(service.NewWorker("test", (LINUX,)))[1])


def a_worker(depot: Depot, origin: str, by: str = "bobo", targets: Sequence[str] = (LINUX,)) -> Worker:
    """Create a worker of an origin."""
    reply = depot.post(f"/workers/{origin}", by=by, json={"name": "test", "targets": list(targets)})
    assert reply.status == 201, reply
    return Worker(depot, reply.json()["token"])


def access_of_a_new_worker(targets: Sequence[Target] = (LINUX,)) -> WorkerAccess:
    """Create a worker of all origins, and return what its session contains."""
    row, _ = service.make_for_all_origins(service.NewWorker("test", tuple(targets)))
    return WorkerAccess(int(row.id), row.name, frozenset(targets))


def access_of_a_worker_of(origin: str) -> WorkerAccess:
    """Create a worker of an origin, without an administrator, and return what its session contains."""
    row = read(origin_key(origin))
    assert row is not None
    new, _ = service._row(origin, int(row.id), service.NewWorker("own", (LINUX,)), "bobo")
    put_many([new])
    return WorkerAccess(int(new.id), "own", frozenset({LINUX}), origin, int(row.id))


def claim(worker: WorkerAccess, claim_id: str | None = None, wait: float = 0, target: Target = LINUX) -> JobRow | None:
    """Claim a job without HTTP."""
    return claims.claim(Request(str(target), claim_id or a_claim(), "builder-1", wait), worker)


def access_to(job: JobRow) -> JobAccess:
    """Return what the session of the worker of a job contains."""
    attempt, group = int(job.attempt), int(job.group_id)
    return JobAccess(int(job.id), attempt, job.origin, 1, job.name, f"bldr-{group}", may_write=True)
