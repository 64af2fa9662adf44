"""Shapes of workers, claims and reports over HTTP (docs/ORIGINS.md)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.identity.worker_rows import WorkerRow
from chalicelib.platform.clock import timestamp

Targets = Annotated[list[str], Meta(description="Targets for which the worker builds.")]


class NewWorker(Struct):
    """A worker to create."""

    name: Annotated[str, Meta(description="A label, 1 to 100 printable characters.")]
    targets: Targets


class Worker(Struct):
    """A worker without its token. `jobs` are the ids of the jobs that it holds."""

    id: str
    name: str
    targets: Targets
    created_at: str
    created_by: str
    last_seen_at: str | None
    jobs: list[str]

    @classmethod
    def of(cls, row: WorkerRow, last_seen: float | None, jobs: list[int]) -> Worker:
        """Return the worker in a row."""
        return cls(
            id=str(int(row.id)),
            name=row.name,
            targets=row.targets.split(","),
            created_at=row.created_at,
            created_by=row.created_by,
            last_seen_at=None if last_seen is None else timestamp(datetime.fromtimestamp(last_seen, UTC)),
            jobs=[str(job) for job in jobs],
        )


class MadeWorker(Struct):
    """A new worker with its token. Only this answer contains the token."""

    id: str
    name: str
    targets: Targets
    created_at: str
    token: str


class Workers(Struct):
    """The workers of an origin, oldest first."""

    workers: list[Worker]


class NewClaim(Struct):
    """A request for a job."""

    target: Annotated[str, Meta(description="Target for which the worker builds.")]
    claim: Annotated[
        str, Meta(description="Random id of this claim, 16 to 100 characters. A repeat returns the same job.")
    ]
    worker: Annotated[str, Meta(description="Name of the process, 1 to 100 printable characters.")]
    wait: Annotated[float, Meta(description="Seconds to wait for a job, 0 to 20.")] = 0


class ClaimedJob(Struct):
    """A job that the worker holds."""

    id: str
    group_id: str
    origin: str
    name: str
    target: str
    attempt: int
    channel: str


class BuiltProject(Struct):
    """The plan to build, and the repository that it is in."""

    plan_path: str
    vcs_data: str


class Clone(Struct):
    """How to clone the repository. Without credentials `username` and `password` are empty."""

    url: str
    username: str
    password: str


class BuildIntegration(Struct):
    """An integration of the origin, with its password."""

    name: str
    type: str
    body: Any


class BuildProjectIntegration(Struct):
    """The settings of a project for an integration of its origin."""

    integration: str
    body: Any


class BuildSecret(Struct):
    """A secret of the origin."""

    name: str
    value: str


class Limits(Struct):
    """The limits of a build and of its log, and how often to send a heartbeat."""

    seconds: int
    log_lines: int
    log_bytes: int
    heartbeat_seconds: int
    chunk_bytes: int


class Bundle(Struct):
    """Everything that a worker needs for a job. `token` is for the worker, `read_token` for the build."""

    job: ClaimedJob
    project: BuiltProject
    clone: Clone
    token: str
    read_token: str
    integrations: list[BuildIntegration]
    project_integrations: list[BuildProjectIntegration]
    secrets: list[BuildSecret]
    limits: Limits

    def __repr__(self) -> str:
        return "Bundle(...)"


class Heartbeat(Struct):
    """Whether the worker must cancel the build."""

    cancel: bool


class NewResult(Struct):
    """How a build ended. Times are RFC 3339."""

    kind: Annotated[str, Meta(description="`complete`, `failed`, `canceled`, or `returned` to give the job back.")]
    ident: Annotated[str, Meta(description="The full ident, if it is known. Required for `complete`.")] = ""
    error: Annotated[str, Meta(description="For `failed`: the failed step as jobs show it, `wk:run:build`.")] = ""
    step: Annotated[str, Meta(description="The failed step in words.")] = ""
    last_lines: Annotated[str, Meta(description="The end of the log.")] = ""
    build_started_at: str = ""
    build_finished_at: str = ""
