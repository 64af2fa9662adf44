"""The revocation of workers (builds.md 15)."""

from chalicelib.builds.workers import service
from chalicelib.catalog.job_token_rows import job_token_key
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.platform.table import read
from tests.builders.waiting_jobs import (
    a_waiting_job,
)
from tests.builders.workers import access_of_a_new_worker, claim


def test_revoking_a_worker_ends_the_tokens_of_its_jobs(worker: WorkerAccess, origin: str) -> None:
    others = access_of_a_new_worker()
    job, kept = a_waiting_job(origin), a_waiting_job(origin)
    assert claim(worker) is not None
    assert claim(others) is not None

    service.revoke_for_all_origins(worker.id)

    assert read(job_token_key(int(job.id), 1)) is None
    assert read(job_token_key(int(kept.id), 1)) is not None
