"""POST /work/claims: the bundle of a job, and who gets it (builds.md 9.1, 14; docs/ORIGINS.md)."""

import json
import time
from typing import Any

import pytest

from chalicelib.builds.workers import bundle as bundles
from chalicelib.builds.workers import claim_codes, claims
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_states import JobState
from chalicelib.core.target import Target
from chalicelib.github import installation
from chalicelib.github.installation import CloneCredentials
from chalicelib.identity.worker_rows import ClaimCodeRow
from chalicelib.origins.secrets.rows import SecretRow
from chalicelib.platform.config import config
from chalicelib.platform.table import delete_many, put_many, rows
from tests.api.client import Depot
from tests.builders.keys import a_sealed_value
from tests.builders.log_lines import Log
from tests.builders.motor_double import Calls
from tests.builders.origins import an_origin
from tests.builders.project_rows import a_stored_project
from tests.builders.rows import partition_rows, partitions
from tests.builders.settings import change_settings
from tests.builders.waiting_jobs import LINUX, a_waiting_job, an_empty_origin, job_of, settle
from tests.builders.workers import Worker, a_claim, a_worker


def store_secret(depot: Depot, origin: str, name: str, value: str) -> None:
    key = depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text
    body = {"name": name, "value": a_sealed_value(value, key)}
    assert depot.post(f"/depot/origins/{origin}/secret", by="bobo", json=body).status == 201


def store_integration(depot: Depot, origin: str, name: str, body: bytes) -> None:
    assert depot.put(f"/depot/origins/{origin}/integrations/docker/{name}", by="bobo", body=body).status == 201


def test_no_worker_may_run_jobs_in_functional_test_mode(
    origin: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_waiting_job(origin)
    change_settings(monkeypatch, [claims], functional_test_workers=False)

    reply = worker.claims()

    assert (reply.status, reply.text) == (
        403,
        "In functional-test mode no worker may run jobs, unless BLDR_FUNC_TEST_WORKERS allows it",
    )
    assert job_of(job).job_state is JobState.PENDING


def test_a_claim_returns_what_the_build_needs(depot: Depot, origin: str, worker: Worker, motor: Calls) -> None:
    job = a_waiting_job(origin, "tool", group_id=77)

    reply = worker.claims()

    assert (reply.status, reply.headers["Cache-Control"]) == (200, "private, no-cache, no-store")
    bundle = reply.json()
    assert bundle.pop("token").startswith("bldrj_")
    assert bundle.pop("read_token").startswith("bldrr_")
    assert bundle == {
        "job": {
            "id": str(job.id),
            "group_id": "77",
            "origin": origin,
            "name": "tool",
            "target": LINUX,
            "attempt": 1,
            "channel": "bldr-77",
        },
        "project": {"plan_path": "habitat/plan.sh", "vcs_data": "https://git.example.com/tool.git"},
        "clone": {"url": "https://git.example.com/tool.git", "username": "", "password": ""},
        "integrations": [],
        "project_integrations": [],
        "secrets": [],
        "limits": {
            "seconds": config.job_seconds,
            "log_lines": 100_000,
            "log_bytes": 32_000_000,
            "heartbeat_seconds": 20,
            "chunk_bytes": 200_000,
        },
    }
    assert motor == [("start_job", (job.id, 1))]


def test_no_job_is_204(worker: Worker) -> None:
    reply = worker.claims()

    assert (reply.status, reply.body) == (204, b"")


def test_a_bundle_has_the_decrypted_secrets_and_integrations_of_the_origin(
    depot: Depot, origin: str, worker: Worker
) -> None:
    store_secret(depot, origin, "db_password", "open sesame")
    store_integration(depot, origin, "hub", b'{"username":"jim","password":"pass"}')
    settings = {"docker_hub_repo_name": "org/repo"}
    a_stored_project(f"{origin}/tool")
    path = f"/projects/{origin}/tool/integrations/hub/default"
    assert depot.put(path, by="bobo", body=json.dumps(settings).encode()).status == 204
    a_waiting_job(origin)

    bundle = worker.gets()

    assert bundle["secrets"] == [{"name": "db_password", "value": "open sesame"}]
    assert bundle["integrations"] == [
        {"name": "hub", "type": "docker", "body": {"username": "jim", "password": "pass"}}
    ]
    assert bundle["project_integrations"] == [{"integration": "hub", "body": settings}]


def test_a_build_may_clone_only_the_repository_of_its_project(
    origin: str, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def credentials(*asked: object) -> CloneCredentials:
        return CloneCredentials("x-access-token", str(asked))

    monkeypatch.setattr(installation, "installation_clone_credentials", credentials)
    a_waiting_job(origin, installation_id="7", repository_id=42)

    assert worker.gets()["clone"]["password"] == "(7, 42)"


def test_a_new_origin_of_the_same_name_gives_its_secrets_to_no_earlier_job(
    depot: Depot, origin: str, worker: Worker
) -> None:
    a_waiting_job(origin)
    claim = a_claim()
    worker.gets(claim=claim)
    delete_many([origin_key(origin)])
    an_empty_origin(origin)

    assert worker.claims(claim=claim).status == 409


def test_entries_that_cannot_be_read_are_left_out_with_a_warning(
    depot: Depot, origin: str, worker: Worker, log: Log
) -> None:
    store_secret(depot, origin, "good", "1")
    store_secret(depot, origin, "bad", "2")
    [row] = [row for row in rows(SecretRow, f"ORIGIN#{origin}") if row.sk == "SECRET#bad"]
    row.value = a_sealed_value("3", depot.get(f"/depot/origins/{origin}/encryption_key", by="bobo").text)[:-9] + "AAAA="
    put_many([row])
    store_integration(depot, origin, "text", b"not JSON: hunter2")
    a_waiting_job(origin)

    bundle = worker.gets()

    assert [secret["name"] for secret in bundle["secrets"]] == ["good"]
    assert bundle["integrations"] == []
    assert [line["about"] for line in log.named("incomplete bundle")] == ["secret bad", "integration docker/text"]
    assert "hunter2" not in log.text


def test_a_bundle_has_a_limited_size(
    depot: Depot, origin: str, worker: Worker, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bundles, "MOST_BYTES", 100)
    store_secret(depot, origin, "small", "1")
    store_integration(depot, origin, "large", b'{"text":"' + b"x" * 100 + b'"}')
    a_waiting_job(origin)

    bundle = worker.gets()

    assert [secret["name"] for secret in bundle["secrets"]] == ["small"]
    assert bundle["integrations"] == []
    assert [line["problem"] for line in log.named("incomplete bundle")] == ["the bundle is full"]


def test_a_repeated_claim_returns_the_same_bundle(origin: str, worker: Worker) -> None:
    a_waiting_job(origin)
    claim = a_claim()

    assert worker.gets(claim=claim) == worker.gets(claim=claim)


def test_another_attempt_has_other_tokens(depot: Depot, origin: str, worker: Worker) -> None:
    job = a_waiting_job(origin)
    first = worker.gets()
    settle(job, again=True)

    second = worker.gets()

    assert (second["job"]["id"], second["job"]["attempt"]) == (str(job.id), 2)
    assert {first["token"], first["read_token"]}.isdisjoint({second["token"], second["read_token"]})
    heartbeat = f"/work/jobs/{job.id}/heartbeat"
    assert depot.post(heartbeat, by=first["token"]).status == 409
    assert depot.post(heartbeat, by=second["token"]).status == 200


def test_a_worker_of_an_origin_does_not_get_the_jobs_of_another(depot: Depot, worker: Worker) -> None:
    another = an_origin(depot)
    other = a_worker(depot, another)
    a_waiting_job(another)

    assert worker.claims().status == 204
    assert other.claims().status == 200


@pytest.mark.parametrize("by", ["bobo", None, "no-such-token", "bldrw_AAAA", "bldrw_" + "A" * 59])
def test_only_workers_claim(depot: Depot, by: str | None) -> None:
    body = {"target": LINUX, "claim": a_claim(), "worker": "me"}

    reply = depot.post("/work/claims", by=by, json=body)

    assert reply.status == (403 if by == "bobo" else 401)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"claim": "short"}, 422),
        ({"worker": ""}, 422),
        ({"wait": 21}, 422),
        ({"target": "pdp11"}, 422),
        ({"target": "x86_64-windows"}, 403),
        ({"wait": "long"}, 400),
        ({"claim": 7}, 400),
    ],
)
def test_a_claim_with_an_invalid_field_is_refused(worker: Worker, fields: dict[str, Any], status: int) -> None:
    assert worker.claims(**fields).status == status


def test_a_code_claims_one_job_and_then_only_this_one(depot: Depot, origin: str) -> None:
    _drain(depot)
    jobs = [a_waiting_job(origin, target=Target.X86_64_WINDOWS) for _ in range(2)]
    code, claim = Worker(depot, claim_codes.issue(Target.X86_64_WINDOWS)), a_claim()

    first = code.gets(claim=claim, target="x86_64-windows")

    assert first["job"]["id"] == str(jobs[0].id)
    assert code.gets(claim=claim, target="x86_64-windows") == first
    refused = code.claims(target="x86_64-windows")
    assert (refused.status, refused.text) == (403, "The code has been used")
    assert job_of(jobs[1]).state == "Pending"
    for job in jobs:
        settle(job)
    _drain(depot)


def _drain(depot: Depot) -> None:
    while Worker(depot, claim_codes.issue(Target.X86_64_WINDOWS)).claims(target="x86_64-windows").status == 200:
        pass


def test_an_unused_code_expires(depot: Depot) -> None:
    token = claim_codes.issue(LINUX)
    newest = max(pk for pk in partitions() if pk.startswith("CLAIM-CODE#"))
    [row] = rows(ClaimCodeRow, newest)
    assert time.time() + 590 < row.expires_at <= time.time() + claim_codes.LIFE_SECONDS
    row.expires_at = int(time.time()) - 1
    put_many([row])

    assert Worker(depot, token).claims().status == 401


def test_no_token_and_no_secret_is_stored_or_logged(depot: Depot, origin: str, worker: Worker, log: Log) -> None:
    store_secret(depot, origin, "canary", "canary-of-a-build")
    a_waiting_job(origin)
    claim = a_claim()
    bundle = worker.gets(claim=claim)
    depot.post(f"/work/jobs/{bundle['job']['id']}/heartbeat", by=bundle["token"])
    depot.post(f"/work/jobs/{bundle['job']['id']}/result", by=bundle["token"], json={"kind": "nonsense"})

    everything = str({pk: partition_rows(pk) for pk in partitions()}) + log.text

    for secret in (bundle["token"], bundle["read_token"], worker.token, "canary-of-a-build", claim):
        assert secret not in everything
        assert secret[6:] not in everything
