"""CodeBuild gets a build for each job that has no worker."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from msgspec.structs import replace

from chalicelib.builds.workers import claim_codes
from chalicelib.core.target import Target
from chalicelib.platform import codebuild
from chalicelib.platform.codebuild import CodeBuildFailed
from chalicelib.platform.config import config
from chalicelib.scheduled import worker_starts
from chalicelib.scheduled.worker_starts import STARTS, TARGET, start_workers


class Builds:
    """A double of CodeBuild's client."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.statuses: list[str] = []

    def list_builds_for_project(self, **_: str) -> dict[str, Any]:
        return {"ids": [f"worker:{number}" for number in range(len(self.statuses))]}

    def batch_get_builds(self, ids: list[str]) -> dict[str, Any]:
        assert ids
        return {"builds": [{"buildStatus": status} for status in self.statuses[: len(ids)]]}

    def start_build(self, **parameters: Any) -> None:
        self.started.append(parameters)


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> Builds:
    """A double, and a setting with a project."""
    double = Builds()
    monkeypatch.setattr(codebuild, "client", lambda _: double)
    monkeypatch.setattr(worker_starts, "config", replace(config, codebuild_project="worker", jobs_per_target=100))
    monkeypatch.setattr(claim_codes, "issue", lambda target: f"once for {target}")
    return double


def test_each_waiting_job_gets_a_build(builds: Builds) -> None:
    assert start_workers(TARGET, waiting=2, working=0) == 2
    assert builds.started[0] == {
        "projectName": "worker",
        "environmentVariablesOverride": [
            {"name": "BLDR_WORKER_TOKEN", "value": f"once for {TARGET}", "type": "PLAINTEXT"}
        ],
    }


def test_builds_that_have_not_claimed_a_job_count(builds: Builds) -> None:
    builds.statuses = ["IN_PROGRESS"] * 5 + ["SUCCEEDED", "FAILED"]

    assert start_workers(TARGET, waiting=3, working=3) == 1
    assert start_workers(TARGET, waiting=1, working=3) == 0


@pytest.mark.parametrize(("waiting", "working", "starts"), [(500, 0, STARTS), (500, 99, 1), (500, 100, 0), (0, 9, 0)])
def test_starts_are_limited(builds: Builds, waiting: int, working: int, starts: int) -> None:
    builds.statuses = ["IN_PROGRESS"] * working

    assert start_workers(TARGET, waiting, working) == starts


def test_other_targets_and_depots_without_a_project_start_nothing(
    builds: Builds, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert start_workers(Target.X86_64_WINDOWS, waiting=2, working=0) == 0
    monkeypatch.setattr(worker_starts, "config", config)
    assert start_workers(TARGET, waiting=2, working=0) == 0
    assert builds.started == []


def test_a_refused_start_is_an_error(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "AccountLimitExceededException"}}, "StartBuild")

    monkeypatch.setattr(builds, "start_build", refuse)

    with pytest.raises(CodeBuildFailed):
        start_workers(TARGET, waiting=2, working=0)
