"""What a claimed job hands to its worker (builds.md 9.1, 14).

The bundle contains the secrets of the origin. It is built for every answer, and neither stored nor logged.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, TypeVar

from msgspec import DecodeError, MsgspecError, Struct
from msgspec.json import decode, encode

from chalicelib.builds.engine import measures
from chalicelib.builds.rows import JobRow, channel_of
from chalicelib.builds.workers import shapes, tokens
from chalicelib.catalog.job_token_rows import job_token_key
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key, origin_key
from chalicelib.core.builds import job_log
from chalicelib.core.builds.build_access import WorkerAccess
from chalicelib.core.keys.anonymous_box import AnonymousBox, AnonymousBoxMalformed, AnonymousBoxUnreadable
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.signed_box import BoxMalformed, BoxUnreadable
from chalicelib.github import installation
from chalicelib.github.errors import ContentMissing, GitHubFailed
from chalicelib.identity.errors import AttemptOver, TokenRefused
from chalicelib.identity.worker_rows import ALL_ORIGINS, WorkerRow, worker_key
from chalicelib.origins.errors import KeyMissing
from chalicelib.origins.integrations import rows as integration_rows
from chalicelib.origins.integrations.rows import IntegrationRow
from chalicelib.origins.integrations.service import PURPOSE
from chalicelib.origins.keys import service as keys
from chalicelib.origins.secrets import service as secrets
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.logs import logger
from chalicelib.platform.row import Key
from chalicelib.platform.table import delete_many, read_many
from chalicelib.projects.integrations import service as project_integrations

MOST_BYTES = 5_000_000
"""Of secrets and integrations together; a function can return 6 MB. What does not fit is left out with a warning."""

HEARTBEATS_PER_LEASE = 3
BODIES_PER_READ = 20
Entry = TypeVar("Entry", bound=Struct)


def of_job(job: JobRow, worker: WorkerAccess) -> shapes.Bundle:
    """Return the bundle of a job that a worker holds. Entries that cannot be decrypted are left out with a warning.

    The credential of the worker is read after the job became its own. So either it was revoked by now, and the tokens
    of the attempt end here, or a later revocation finds the job and ends them (service.py).

    One call, one for the secrets and at least three for integrations, if the origin has any.
    Raises TokenRefused if the credential was revoked; AttemptOver if the attempt has ended meanwhile, or its origin was
    deleted, also if a new one has the name; BoxUnreadable, BuilderKeyInvalid, SecretUnavailable.
    """
    job_id, attempt = int(job.id), int(job.attempt)
    key, job_origin, count_key = job_token_key(job_id, attempt), origin_key(job.origin), origin_count_key(job.origin)
    credential = _credential_key(worker)
    found = read_many([key, job_origin, count_key, *credential])
    if any(found.get(each) is None for each in credential):
        delete_many([key])
        raise TokenRefused
    row, origin = found.get(key), found.get(job_origin)
    counts = found.get(count_key) or OriginCountRow()
    if row is None or origin is None or origin.id != row.origin_id:
        raise AttemptOver
    texts = tokens.texts_of(row, job_id, attempt)
    room = _Room(MOST_BYTES)
    return shapes.Bundle(
        job=_job(job),
        project=shapes.BuiltProject(job.plan_path, job.vcs_data),
        clone=_clone(job),
        token=texts.token,
        read_token=texts.read_token,
        secrets=list(room.fitting(job, _secrets(job))) if counts.secrets else [],
        project_integrations=list(room.fitting(job, _project_integrations(job))) if counts.integrations else [],
        integrations=list(room.fitting(job, _integrations(job))) if counts.integrations else [],
        limits=shapes.Limits(
            seconds=config.job_seconds,
            log_lines=max(job_log.MORE_LINES, job_log.LOG_LINES - int(job.log_lines)),
            log_bytes=max(job_log.MORE_BYTES, job_log.LOG_BYTES - int(job.log_bytes)),
            heartbeat_seconds=max(1, config.lease_seconds // HEARTBEATS_PER_LEASE),
            chunk_bytes=job_log.CHUNK_BYTES,
        ),
    )


def _credential_key(worker: WorkerAccess) -> list[Key[WorkerRow]]:
    """Return the key of a credential; the claim of a one-time code has a condition on the code (taking.py)."""
    return [] if worker.is_code else [worker_key(worker.origin or ALL_ORIGINS, worker.id)]


class _Room:
    """The bytes that are left for entries."""

    def __init__(self, size: int) -> None:
        self._left = size

    def fitting(self, job: JobRow, entries: Iterator[Entry]) -> Iterator[Entry]:
        """Yield the entries that fit."""
        for entry in entries:
            size = len(encode(entry))
            if size > self._left:
                _warn(job, "the bundle is full", type(entry).__name__)
                return
            self._left -= size
            yield entry


def _job(job: JobRow) -> shapes.ClaimedJob:
    return shapes.ClaimedJob(
        id=str(int(job.id)),
        group_id=str(int(job.group_id)),
        origin=job.origin,
        name=job.name,
        target=job.target,
        attempt=int(job.attempt),
        channel=channel_of(int(job.group_id)),
    )


def _clone(job: JobRow) -> shapes.Clone:
    """Return the repository of a job with the credentials to clone it, if it has some.

    Without credentials that it needs, the worker fails in the step that clones, and says so in the log of the job.
    """
    if not int(job.installation_id or "0"):
        return shapes.Clone(job.vcs_data, "", "")
    try:
        credentials = installation.installation_clone_credentials(
            int(job.installation_id), int(job.repository_id) or None
        )
    except (ContentMissing, GitHubFailed):
        _warn(job, "GitHub gave no token", "clone credentials")
        measures.clone_credentials_missing()
        return shapes.Clone(job.vcs_data, "", "")
    return shapes.Clone(job.vcs_data, credentials.username, credentials.password)


def _secrets(job: JobRow) -> Iterator[shapes.BuildSecret]:
    rows = secrets.of_origin(job.origin)
    if not rows:
        return
    try:
        key = keys.secret_encryption_key(job.origin)
    except (KeyMissing, BoxMalformed, BoxUnreadable):
        _warn(job, "the encryption key cannot be read", "secrets")
        return
    for row in rows:
        text = _readable(job, f"secret {row.name}", partial(_secret_text, row.value, key))
        if text is not None:
            yield shapes.BuildSecret(row.name, text)


def _secret_text(sealed: str, key: KeyFile) -> str:
    return AnonymousBox.parse(sealed).open(key).decode()


def _integrations(job: JobRow) -> Iterator[shapes.BuildIntegration]:
    names = iter(sorted(integration_rows.integrations(job.origin), key=lambda row: int(row.id)))
    while some := list(islice(names, BODIES_PER_READ)):
        bodies = read_many([_body_key(job, row) for row in some])
        for row in some:
            stored = bodies.get(_body_key(job, row))
            if stored is None:
                continue
            body = _readable(job, f"integration {row.integration}/{row.name}", partial(_integration_body, stored.box))
            if body is not None:
                yield shapes.BuildIntegration(row.name, row.integration, body)


def _integration_body(box: str) -> Any:
    return decode(key_ring().open(box).removeprefix(PURPOSE))


def _body_key(job: JobRow, row: IntegrationRow) -> Any:
    return integration_rows.body_key(job.origin, row.integration, row.name)


def _project_integrations(job: JobRow) -> Iterator[shapes.BuildProjectIntegration]:
    bodies = _readable(job, "project integrations", partial(project_integrations.bodies_of, job.origin, job.name))
    for name, body in bodies or ():
        yield shapes.BuildProjectIntegration(name, body)


Content = TypeVar("Content")
UNREADABLE = (
    AnonymousBoxMalformed,
    AnonymousBoxUnreadable,
    BoxMalformed,
    BoxUnreadable,
    DecodeError,
    MsgspecError,
    RecursionError,
    UnicodeError,
)


def _readable(job: JobRow, about: str, content: Callable[[], Content]) -> Content | None:
    """Return a decrypted entry, or None after a warning that names it and does not show it."""
    try:
        return content()
    except UNREADABLE:
        _warn(job, "an entry cannot be read", about)
        return None


def _warn(job: JobRow, problem: str, about: str) -> None:
    logger().warning("incomplete bundle", extra={"problem": problem, "about": about, "job": str(int(job.id))})
