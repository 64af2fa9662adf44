"""Requests that need rows or an archive at their limits before they can be measured (docs/SECURITY.md)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chalicelib.builds.workers.results import LAST_LINES_CHARACTERS
from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.target import Target
from chalicelib.graph.service import graph_of
from chalicelib.origins.integrations.rows import IntegrationRow, integration_key
from chalicelib.origins.invitations.rows import InvitationRow, invitation_key
from chalicelib.origins.keys.rows import PublicSigningKeyRow, public_key
from chalicelib.origins.secrets.rows import ALL_VALUES_BYTES, VALUE_BYTES, SecretRow, secret_key
from chalicelib.platform.aws import client
from chalicelib.platform.clock import new_id
from chalicelib.platform.config import config
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import put_many, read
from chalicelib.uploads import rows as upload_rows
from chalicelib.uploads import staging
from local.seed.releases import MOST_NEEDED
from tests.builders.accounts import an_account
from tests.builders.hart import Hart, a_hart
from tests.builders.members import a_member
from tests.builders.motor_double import recorded_motor
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload, announcement
from tests.builders.waiting_jobs import a_waiting_job
from tests.builders.workers import a_worker
from tests.perf.workload import OWNER, FilledDepot

CREATED = "2024-01-01T00:00:00.000000"


@dataclass(frozen=True, slots=True)
class Stage:
    """A filled depot, an origin without packages, and the number of rows, idents, members and parts to prepare."""

    filled: FilledDepot
    origin: str
    amount: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """A request that is ready to be sent."""

    path: str
    by: str | None = OWNER
    body: bytes | None = None


Prepare = Callable[[Stage], Prepared]


def dependents(stage: Stage) -> Prepared:
    """The dependents of the name that most need, with the build graph in the cache."""
    graph_of(Target.X86_64_LINUX)
    return Prepared(f"/rdeps/{stage.filled.newest.origin}/{MOST_NEEDED}", None)


def groups_of_dependents(stage: Stage) -> Prepared:
    """The same in groups."""
    return Prepared(f"{dependents(stage).path}/group", None)


def keys(stage: Stage) -> Prepared:
    """The list of many keys."""
    put_many(
        [
            _row(public_key(stage.origin, f"2024{number:010}"), PublicSigningKeyRow, text="k")
            for number in range(stage.amount)
        ]
    )
    return Prepared(f"/depot/origins/{stage.origin}/keys", None)


def members(stage: Stage) -> Prepared:
    """The list of many members."""
    put_many(
        [
            _row(member_key(stage.origin, number), MemberRow, role="readonly_member", name=f"user-{number:06}")
            for number in range(1, stage.amount + 1)
        ]
    )
    return Prepared(f"/depot/origins/{stage.origin}/users")


def invitations(stage: Stage) -> Prepared:
    """The list of many pending invitations."""
    put_many(
        [
            _row(
                invitation_key(stage.origin, number),
                InvitationRow,
                id=number,
                origin=stage.origin,
                account_id=number,
                account_name=f"user-{number:06}",
                owner_id=1,
                created_at=CREATED,
            )
            for number in range(1, stage.amount + 1)
        ]
    )
    return Prepared(f"/depot/origins/{stage.origin}/invitations")


def secrets(stage: Stage) -> Prepared:
    """The list of secrets whose values reach the limit of an origin."""
    size = VALUE_BYTES // 2
    put_many(
        [
            _row(secret_key(stage.origin, f"secret-{number}"), SecretRow, id=new_id(), value="x" * size)
            for number in range(ALL_VALUES_BYTES // size)
        ]
    )
    return Prepared(f"/depot/origins/{stage.origin}/secret")


def integrations(stage: Stage) -> Prepared:
    """The list of many integrations of all types."""
    _put_integrations(stage)
    return Prepared(f"/depot/origins/{stage.origin}/integrations")


def integration_names(stage: Stage) -> Prepared:
    """The list of many integrations of one type."""
    _put_integrations(stage)
    return Prepared(f"/depot/origins/{stage.origin}/integrations/docker/names")


def projects(stage: Stage) -> Prepared:
    """The list of many projects."""
    put_many(
        [
            _row(
                project_key(stage.origin, f"tool-{number:06}", Target.X86_64_LINUX),
                ProjectRow,
                id=number,
                owner_id=1,
                origin=stage.origin,
                package_name=f"tool-{number:06}",
                target="x86_64-linux",
                plan_path="habitat/plan.sh",
                vcs_data="https://github.com/acme/plans.git",
                auto_build=True,
                created_at=CREATED,
                updated_at=CREATED,
            )
            for number in range(1, stage.amount + 1)
        ]
    )
    return Prepared(f"/projects/{stage.origin}")


def new_project(stage: Stage) -> Prepared:
    """A project in functional-test mode, which does not ask GitHub."""
    return Prepared("/projects", body=json.dumps({"origin": stage.origin, "plan_path": "plan.sh"}).encode())


def bulk(action: str, source: str) -> Prepare:
    """Return a bulk promotion or demotion of a channel with packages into or from a new channel."""

    def prepare(stage: Stage) -> Prepared:
        origin, channel = stage.filled.origin, a_name("bulk")
        stage.filled.depot.post(f"/depot/channels/{origin}/{channel}", by=OWNER)
        if action == "demote":
            promote = f"/depot/channels/{origin}/{source}/pkgs/promote"
            assert stage.filled.depot.put(promote, by=OWNER, query={"channel": channel}).status == 200
        return Prepared(f"/depot/channels/{origin}/{source}/pkgs/{action}?channel={channel}")

    return prepare


def channel_deletion(stage: Stage) -> Prepared:
    """The deletion of a channel with packages."""
    request = bulk("demote", "stable")(stage)
    channel = request.path.rpartition("=")[2]
    return Prepared(f"/depot/channels/{stage.filled.origin}/{channel}")


def retention_run(stage: Stage) -> Prepared:
    """The trial of a policy in an origin with many packages."""
    policy = json.dumps({"keep_per_name": 1, "older_than_days": 1}).encode()
    return Prepared(f"/retention/{stage.filled.origin}/run?dry_run=true", OWNER, policy)


def sign_in(stage: Stage) -> Prepared:
    """A sign-in in functional-test mode; the requests to a provider have bounds of their own."""
    return Prepared("/authenticate/hank", None)


def new_access_token(stage: Stage) -> Prepared:
    """A new access token, which replaces another one."""
    account = an_account()
    stage.filled.depot.post("/profile/access-tokens", by=account.token)
    return Prepared("/profile/access-tokens", account.token)


def revoked_access_token(stage: Stage) -> Prepared:
    """The deletion of an access token."""
    account = an_account()
    token = stage.filled.depot.post("/profile/access-tokens", by=account.token).json()
    return Prepared(f"/profile/access-tokens/{token['id']}", account.token)


def named_token(stage: Stage) -> Prepared:
    """The last of 50 named tokens."""
    account = an_account()
    body = {"name": "ci", "scopes": ["read"]}
    for number in range(min(49, stage.amount)):
        stage.filled.depot.post("/profile/tokens", by=account.token, json={**body, "name": f"ci-{number}"})
    return Prepared("/profile/tokens", account.token, json.dumps(body).encode())


def departure(stage: Stage) -> Prepared:
    """The departure of a member."""
    a_member(stage.filled.depot, stage.origin, "hank", owner=OWNER)
    return Prepared(f"/depot/origins/{stage.origin}/depart", "hank")


def raw_upload(stage: Stage) -> Prepared:
    """An archive with many members and as many dependencies as a metafile may have."""
    hart = _an_archive(stage, deps=4 * stage.amount, files=45 * stage.amount)
    return Prepared(f"/depot/pkgs/{hart.path}?checksum={hart.checksum}&target={hart.target}", OWNER, hart.content)


def upload_beginning(stage: Stage) -> Prepared:
    """The beginning of an upload of unknown size, which may need all parts."""
    body = announcement(_an_archive(stage), size=None)
    return Prepared("/depot/uploads", OWNER, json.dumps(body).encode())


def upload_state(stage: Stage) -> Prepared:
    """The state of an upload with many received parts."""
    started = an_upload(stage.filled.depot, _an_archive(stage), OWNER)
    row = read(upload_rows.upload_key(started.id))
    assert row is not None
    for number in range(1, 10 * stage.amount + 1):
        client("s3").upload_part(
            Bucket=config.bucket, Key=staging.key_of(started.id), UploadId=row.multipart, PartNumber=number, Body=b"x"
        )
    return Prepared(started.url)


def upload_deletion(stage: Stage) -> Prepared:
    """The deletion of an upload."""
    return Prepared(an_upload(stage.filled.depot, _an_archive(stage), OWNER).url)


def _put_integrations(stage: Stage) -> None:
    put_many(
        [
            _row(
                integration_key(stage.origin, "docker", f"name-{number}"),
                IntegrationRow,
                id=number,
                integration="docker",
                name=f"name-{number}",
            )
            for number in range(stage.amount)
        ]
    )


def _an_archive(stage: Stage, deps: int = 0, files: int = 0) -> Hart:
    origin = stage.filled.origin
    idents = [f"{origin}/dep-{number}/1.0.0/20240101000000" for number in range(deps)]
    members = {f"files/{number}": b"" for number in range(files)}
    return a_hart(origin=origin, name=a_name("costliest"), deps=idents, tdeps=idents, extra_files=members)


def _row(key: Key[Any], model: type[Row], **attributes: Any) -> Row:
    return model(key.pk, key.sk, **attributes)


def workers(stage: Stage) -> Prepared:
    """The list of all workers that an origin can have."""
    for _ in range(min(50, stage.amount)):
        a_worker(stage.filled.depot, stage.origin, OWNER)
    return Prepared(f"/workers/{stage.origin}")


def heartbeat(stage: Stage) -> Prepared:
    """A heartbeat of the worker that holds a job."""
    job_id, token = _a_held_job(stage)
    return Prepared(f"/work/jobs/{job_id}/heartbeat", token)


def result(stage: Stage) -> Prepared:
    """The result of a job with the longest end of its log."""
    job_id, token = _a_held_job(stage)
    body = {"kind": "failed", "error": "wk:run:build", "last_lines": "x" * LAST_LINES_CHARACTERS}
    return Prepared(f"/work/jobs/{job_id}/result", token, json.dumps(body).encode())


def _a_held_job(stage: Stage) -> tuple[int, str]:
    origin = an_origin(stage.filled.depot, OWNER)
    job = a_waiting_job(origin)
    with recorded_motor():
        bundle = a_worker(stage.filled.depot, origin, OWNER).gets()
    return int(job.id), bundle["token"]
