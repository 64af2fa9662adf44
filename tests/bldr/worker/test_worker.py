"""The loop of a worker: claims, heartbeats, logs and results, with a Builder that fails, restarts and cancels."""

import time
from pathlib import Path
from typing import Any

import pytest

from bldr.errors import RequestRefused
from bldr.worker import work_folder
from bldr.worker.errors import CredentialRefused
from bldr.worker.strategy import BuildRequest, Built, Execution
from bldr.worker.worker import REFUSALS, Pauses
from bldr.worker.workspace import Workspace
from tests.bldr.worker.builders import a_bundle, a_repository, a_worker, running
from tests.bldr.worker.fake_builder import FakeBuilder, FakeJob, ended
from tests.builders.stub_strategy import StubStrategy
from tests.builders.waiting import until


@pytest.fixture
def url(tmp_path: Path) -> str:
    """The URL of a repository."""
    return a_repository(tmp_path / "repository", {"plan.sh": "pkg_name=widget\n"})


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """The work folder."""
    return tmp_path / "work"


def slow(url: str, **limits: float) -> dict[str, Any]:
    """Return a bundle of a job that takes five minutes."""
    return a_bundle(url, job={"name": "sleeps-300"}, limits=limits)


def is_building(job: FakeJob) -> bool:
    """Wait until the log of a job shows its build."""
    return until(lambda: "a stub of" in job.log)


def test_jobs_are_done_one_after_the_other(builder: FakeBuilder, url: str, work: Path) -> None:
    jobs = [builder.add(a_bundle(url)) for _ in range(3)]

    with running(a_worker(builder, StubStrategy(), work)):
        assert all(ended(job) for job in jobs)

    assert [job.result["kind"] for job in jobs] == ["complete"] * 3
    assert len({job.claim for job in jobs}) == 3


def test_the_log_tells_a_further_attempt_from_the_first(builder: FakeBuilder, url: str, work: Path) -> None:
    jobs = [builder.add(a_bundle(url, job={"attempt": attempt})) for attempt in (1, 2)]

    with running(a_worker(builder, StubStrategy(), work)):
        assert all(ended(job) for job in jobs)

    assert ["attempt 2: an earlier worker was lost" in job.log for job in jobs] == [False, True]


def test_the_workspace_is_removed_after_the_report_because_dependents_wait_for_that(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = builder.add(a_bundle(url))
    answer, existed = builder.answer, list[bool]()

    def recording(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if target.endswith("/result"):
            existed.append((work / job.id).exists())
        return answer(method, target, headers, body)

    monkeypatch.setattr(builder, "answer", recording)
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert existed == [True]
    assert not (work / job.id).exists()


def test_a_claim_is_repeated_with_its_id_until_it_is_answered(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder.failing["POST work/claims"] = [503, 500, 429, 401, 404]
    job = builder.add(a_bundle(url))
    seen: list[str] = []
    answer = builder.answer

    def recording(method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if target.endswith("/claims"):
            seen.append(body.decode().partition('"claim":')[2].split('"')[1])
        return answer(method, target, headers, body)

    monkeypatch.setattr(builder, "answer", recording)
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert len(seen) == 6
    assert len(set(seen)) == 1
    assert job.result["kind"] == "complete"


def test_an_answered_claim_without_a_job_gets_a_new_id(builder: FakeBuilder, work: Path) -> None:
    with running(a_worker(builder, StubStrategy(), work)):
        assert until(lambda: len(builder.claims) >= 3)

    assert len(set(builder.claims)) == len(builder.claims)


def test_a_refused_target_ends_the_worker(builder: FakeBuilder, work: Path) -> None:
    builder.failing["POST work/claims"] = [422]

    with pytest.raises(RequestRefused):
        a_worker(builder, StubStrategy(), work).run()


@pytest.mark.parametrize("status", [401, 403])
def test_a_worker_whose_credential_was_revoked_ends(builder: FakeBuilder, work: Path, status: int) -> None:
    builder.failing["POST work/claims"] = [503, *[status] * REFUSALS]

    with pytest.raises(CredentialRefused, match=rf"{status}.*credential of this worker was revoked"):
        a_worker(builder, StubStrategy(), work).run()

    assert builder.failing["POST work/claims"] == []


def test_single_refusals_between_other_answers_do_not_end_the_worker(
    builder: FakeBuilder, url: str, work: Path
) -> None:
    builder.failing["POST work/claims"] = [401, 401, 503, 403, 403, 502]
    job = builder.add(a_bundle(url))

    a_worker(builder, StubStrategy(), work).run(once=True)

    assert job.result["kind"] == "complete"


def test_a_worker_waits_for_a_builder_that_is_down(builder: FakeBuilder, url: str, work: Path) -> None:
    builder.stop()
    with running(a_worker(builder, StubStrategy(), work)):
        time.sleep(0.2)
        builder.start()
        assert ended(builder.add(a_bundle(url)))


def test_a_job_survives_a_restart_of_the_builder(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(a_bundle(url, job={"name": "sleeps-2"}))
    with running(a_worker(builder, StubStrategy(), work)):
        assert is_building(job)
        builder.stop()
        time.sleep(2.5)
        builder.start()
        assert ended(job)

    assert job.result["kind"] == "complete"
    assert job.lines[-1] == f"builder_log::end::{job.id}"


def test_a_cancel_ends_the_build_within_a_heartbeat(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(slow(url))
    with running(a_worker(builder, StubStrategy(), work)):
        assert is_building(job)
        job.cancel = True
        assert ended(job)

    assert job.result["kind"] == "canceled"
    assert job.lines[-2:] == ["stopped: canceled", f"builder_log::end::{job.id}"]
    assert not builder.uploads


def test_a_job_that_was_lost_is_left_without_a_result(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(slow(url))
    with running(a_worker(builder, StubStrategy(), work)):
        assert is_building(job)
        job.over = True
        other = builder.add(a_bundle(url))
        assert ended(other)

    assert job.results == []
    assert not (work / job.id).exists()


def test_a_worker_that_ends_returns_its_job(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(slow(url))
    with running(a_worker(builder, StubStrategy(), work)) as worker:
        assert is_building(job)
        worker.end(0)
        assert ended(job)

    assert job.result["kind"] == "returned"


def test_a_worker_that_ends_lets_its_job_end_within_the_grace(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(a_bundle(url, job={"name": "sleeps-1"}))
    with running(a_worker(builder, StubStrategy(), work)) as worker:
        assert is_building(job)
        worker.end(30)
        assert ended(job)

    assert job.result["kind"] == "complete"


def test_a_build_beyond_its_time_limit_fails(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(slow(url, seconds=1))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert (job.result["kind"], job.result["error"], job.result["step"]) == ("failed", "timeout", "time limit")


def test_a_failed_build_is_reported_with_its_ident(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(a_bundle(url, job={"name": "fails"}))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert job.result["error"] == "wk:run:build"
    assert job.result["step"] == "build_package, phase do_build"
    assert job.result["ident"].startswith("acme/fails/1.0.0/")
    assert job.result["last_lines"].splitlines()[1:] == ["a stub of acme/fails", "the stub fails as its name says"]


def test_a_package_that_exists_already_is_promoted(builder: FakeBuilder, url: str, work: Path) -> None:
    builder.duplicates = True
    job = builder.add(a_bundle(url))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert job.result["kind"] == "complete"
    assert builder.channels["acme/bldr-99"] == [job.result["ident"]]


@pytest.mark.parametrize(
    "request_line",
    [
        "GET depot/origins/acme/secret_keys/latest",
        "POST depot/pkgs/acme/widget",
        "POST depot/channels/acme/bldr-99",
        "PUT depot/channels/acme/bldr-99/pkgs",
    ],
)
def test_requests_of_steps_are_repeated(builder: FakeBuilder, url: str, work: Path, request_line: str) -> None:
    builder.failing[request_line] = [503, 503]
    job = builder.add(a_bundle(url))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert job.result["kind"] == "complete"


def test_an_origin_without_a_key_is_named(builder: FakeBuilder, url: str, work: Path) -> None:
    builder.failing["GET depot/origins/acme/secret_keys/latest"] = [404] * 20
    job = builder.add(a_bundle(url))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert "the origin acme has no secret signing key" in job.log


@pytest.mark.parametrize(
    ("request_line", "error", "section"),
    [
        ("GET depot/origins/acme/secret_keys/latest", "wk:run:key", "fetch_origin_key"),
        ("POST depot/pkgs/acme/widget", "wk:run:postprocess", "publish_package"),
        ("PUT depot/channels/acme/bldr-99/pkgs", "wk:run:postprocess", "publish_package"),
    ],
)
def test_a_refusal_fails_the_step(
    builder: FakeBuilder, url: str, work: Path, request_line: str, error: str, section: str
) -> None:
    builder.failing[request_line] = [403]
    job = builder.add(a_bundle(url))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert (job.result["error"], job.result["step"]) == (error, section)
    end = job.lines.index(f"builder_log_section::end::{section}")
    assert "does not allow this" in job.lines[end - 1]


def test_a_result_is_repeated_until_it_is_answered(builder: FakeBuilder, url: str, work: Path) -> None:
    job = builder.add(a_bundle(url))
    builder.failing[f"POST work/jobs/{job.id}/result"] = [503, 500]
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert job.result["kind"] == "complete"


def test_the_log_is_sent_again_after_lost_answers(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = builder.add(a_bundle(url))
    builder.failing[f"POST work/jobs/{job.id}/log"] = [503]
    log = builder.append_to_log
    lost = iter([True])

    def losing(of: FakeJob, body: bytes) -> tuple[int, bytes]:
        answer = log(of, body)
        return (502, b"") if next(lost, False) else answer

    monkeypatch.setattr(builder, "append_to_log", losing)
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert len(set(job.lines)) == len(job.lines)
    assert job.lines[-1] == f"builder_log::end::{job.id}"


def test_a_defect_of_the_worker_fails_the_job(
    builder: FakeBuilder, url: str, work: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    class Defective(StubStrategy):
        def build(self, request: BuildRequest, execution: Execution) -> Built:
            raise ZeroDivisionError

    job = builder.add(a_bundle(url))
    a_worker(builder, Defective(), work).run(once=True)

    assert (job.result["kind"], job.result["error"]) == ("failed", "system")
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_integrations_are_validated_first(builder: FakeBuilder, url: str, work: Path) -> None:
    wanted = [{"integration": "docker", "body": {"docker_hub_repo_name": "org/repo"}}]
    job = builder.add(a_bundle(url, project_integrations=wanted))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert (job.result["error"], job.result["step"]) == ("wk:run:validate", "validate_integrations")
    assert job.sections == ["validate_integrations"]
    assert "the origin has no integration 'docker'" in job.lines


def test_a_work_folder_that_cannot_be_written_during_a_job_fails_it(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Workspace:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Workspace, "create", fail)
    job = builder.add(a_bundle(url))
    a_worker(builder, StubStrategy(), work).run(once=True)

    assert (job.result["error"], job.result["step"]) == ("wk:run:workspace", "workspace")
    assert "the workspace cannot be created: No space left on device" in job.lines


def test_a_worker_without_a_place_for_jobs_claims_none_until_there_is_one(
    builder: FakeBuilder, url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    job = builder.add(a_bundle(url))
    with running(a_worker(builder, StubStrategy(), in_the_way)):
        assert until(lambda: "no jobs are claimed" in capsys.readouterr().err)
        assert not builder.claims
        in_the_way.unlink()
        assert ended(job)

    assert job.result["kind"] == "complete"


def test_a_worker_with_a_full_disk_claims_no_jobs(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(work_folder, "FREE_BYTES", 1 << 60)
    builder.add(a_bundle(url))

    assert a_worker(builder, StubStrategy(), work).run(idle_seconds=0.1) == 0
    assert not builder.claims
    assert "is full; no jobs are claimed (attempt 1; trying again)" in capsys.readouterr().err


def test_a_worker_that_must_end_does_not_wait_for_a_builder_that_is_gone(
    builder: FakeBuilder, url: str, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bldr.worker.worker.ENDING_SECONDS", 0.0)
    job = builder.add(slow(url))
    with running(a_worker(builder, StubStrategy(), work)) as worker:
        assert is_building(job)
        for path in ("log", "result"):
            builder.failing[f"POST work/jobs/{job.id}/{path}"] = [503] * 10_000
        worker.end(0)

    assert job.results == []


def test_claims_without_a_job_have_a_pause_between_them(builder: FakeBuilder, work: Path) -> None:
    """A busy Builder answers at once, however long the worker wants to wait."""
    pauses = Pauses(idle=0, between=3600, wait=0)
    with running(a_worker(builder, StubStrategy(), work, pauses=pauses)) as worker:
        assert until(lambda: bool(builder.claims))
        worker.end(0)

    assert len(builder.claims) == 1


def test_a_worker_without_jobs_ends_after_its_idle_time(builder: FakeBuilder, work: Path) -> None:
    assert a_worker(builder, StubStrategy(), work).run(once=True, idle_seconds=0.1) == 0

    assert builder.claims
