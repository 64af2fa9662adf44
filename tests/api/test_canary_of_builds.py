"""Secrets that a build needs are in the answers to its worker only: not in rows, executions, logs or other answers."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace
from nacl.signing import SigningKey

import app
from chalicelib.builds import motor
from chalicelib.core import strict_base64
from chalicelib.github import installation
from chalicelib.github.installation import CloneCredentials
from chalicelib.platform import key_ring, logs
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders import state_machines as machines
from tests.builders.accounts import an_account
from tests.builders.hart import a_hart
from tests.builders.job_groups import Group, a_group, start
from tests.builders.keys import a_sealed_value
from tests.builders.origins import an_origin
from tests.builders.packages import upload
from tests.builders.waiting import until
from tests.builders.workers import a_claim, a_worker
from tests.rights.policies import machine_arn

PASSWORD = "canary-password-77be"
ORIGIN_SECRET = "canary-origin-secret-20cf"
CLONE_TOKEN = "canary-clone-token-5a1d"


@dataclass
class Build:
    """A build from its start to its end: its secrets, and all that could contain one of them."""

    secrets: dict[str, str] = field(default_factory=dict)
    replies: dict[str, Reply] = field(default_factory=dict)
    executions: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


class _Collect(logging.Handler):
    """Keeps every log line with its extra fields."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.DEBUG)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        extra = {name: value for name, value in vars(record).items() if name not in ("msg", "args")}
        self._lines.append(f"{record.getMessage()} {extra}")


@pytest.fixture(scope="module")
def build(depot: Depot) -> Iterator[Build]:
    """A build with state machines, whose worker sends lines of a log, uploads a release and reports it."""
    made = Build()
    handler = _Collect(made.lines)
    loggers = [logging.getLogger(), logging.getLogger(logs.logger().name)]
    for logger in loggers:
        logger.addHandler(handler)
    functions = {
        "StepGroup": lambda event: app.step_group(event, None),
        "StepJob": lambda event: app.step_job(event, None),
    }
    changed = replace(config, group_machine=machine_arn("GroupMachine"), job_machine=machine_arn("JobMachine"))
    with machines.an_engine_with_functions(functions), pytest.MonkeyPatch.context() as patch:
        patch.setattr(motor, "config", changed)
        patch.setattr(
            installation,
            "installation_clone_credentials",
            lambda *_: CloneCredentials("x-access-token", CLONE_TOKEN),
        )
        machines.create("GroupMachine")
        machines.create("JobMachine")
        _run(depot, made)
        yield made
    for logger in loggers:
        logger.removeHandler(handler)


def _run(depot: Depot, build: Build) -> None:
    owner = an_account().token
    origin = an_origin(depot, owner=owner)
    signing_key = _store_secrets(depot, origin, owner)
    worker = a_worker(depot, origin, by=owner)
    group = a_group([[]], origin=origin)
    start(group)
    motor.start_group(group.id)
    claim = a_claim()
    bundle = worker.gets(claim=claim)
    build.secrets |= {
        "origin secret": ORIGIN_SECRET,
        "signing key": signing_key,
        "integration password": PASSWORD,
        "worker credential": worker.token,
        "claim": claim,
        "token of the attempt": bundle["token"],
        "reading token of the attempt": bundle["read_token"],
        "clone token": CLONE_TOKEN,
        "session of the owner": owner,
        **{f"builder key {number}": key.splitlines()[3] for number, key in enumerate(key_ring._texts())},
    }
    received = json.dumps(bundle)
    assert all(secret in received for secret in (ORIGIN_SECRET, PASSWORD, CLONE_TOKEN))
    _work(depot, group, bundle, build)
    _read(depot, group, bundle, owner, build)
    _describe(f"grp-{group.id}-1", "GroupMachine", build)
    _describe(f"job-{bundle['job']['id']}-1", "JobMachine", build)


def _store_secrets(depot: Depot, origin: str, owner: str) -> str:
    """Store a signing key, an origin secret and an integration, and return the signing key."""
    path = f"/depot/origins/{origin}"
    key = SigningKey.generate()
    raw = strict_base64.encoded(bytes(key) + bytes(key.verify_key))
    text = f"SIG-SEC-1\n{origin}-20240101000000\n\n{raw}"
    public = f"SIG-PUB-1\n{origin}-20240101000000\n\n{strict_base64.encoded(bytes(key.verify_key))}"
    assert depot.post(f"{path}/keys/20240101000000", by=owner, body=public.encode()).status == 201
    assert depot.post(f"{path}/secret_keys/20240101000000", by=owner, body=text.encode()).status == 201
    body = json.dumps({"username": "jim", "password": PASSWORD}).encode()
    assert depot.put(f"{path}/integrations/docker/hub", by=owner, body=body).status == 201
    sealed = a_sealed_value(ORIGIN_SECRET, depot.get(f"{path}/encryption_key", by=owner).text)
    assert depot.post(f"{path}/secret", by=owner, json={"name": "token", "value": sealed}).status == 201
    return raw


def _work(depot: Depot, group: Group, bundle: dict[str, Any], build: Build) -> None:
    """Do what a worker does, and wait for the end of the group."""
    path, token = f"/work/jobs/{bundle['job']['id']}", bundle["token"]
    build.replies["heartbeat"] = depot.post(f"{path}/heartbeat", by=token)
    build.replies["log"] = depot.post(f"{path}/log", by=token, json={"first": 0, "lines": ["building"]})
    hart = a_hart(origin=group.origin, name="package-0")
    build.replies["upload"] = upload(depot, hart, token)
    result = {"kind": "complete", "ident": str(hart.ident)}
    build.replies["result"] = depot.post(f"{path}/result", by=token, json=result)
    assert [reply.status for reply in build.replies.values()] == [200, 204, 201, 204]
    assert until(lambda: group.state == "Complete")
    build.replies["late heartbeat"] = depot.post(f"{path}/heartbeat", by=token)
    build.replies["late result"] = depot.post(f"{path}/result", by=token, json=result)


def _read(depot: Depot, group: Group, bundle: dict[str, Any], owner: str, build: Build) -> None:
    """Read all that shows the build, as its owner, as a stranger and without a session."""
    origin, job = group.origin, bundle["job"]["id"]
    paths = [
        f"/jobs/{job}",
        f"/jobs/{job}/log?start=0",
        f"/builds/jobs/{job}",
        f"/builds/groups/{group.id}",
        f"/builds/plans/{origin}/package-0",
        f"/depot/pkgs/schedule/{group.id}?include_projects=true",
        f"/depot/pkgs/schedule/{origin}/status",
        f"/projects/{origin}/package-0",
        f"/projects/{origin}/package-0/jobs",
        f"/projects/{origin}/package-0/integrations/hub/default",
        f"/workers/{origin}",
        f"/depot/origins/{origin}/secret",
        f"/depot/origins/{origin}/integrations",
        f"/depot/origins/{origin}/integrations/docker/hub",
        "/depot/events?range=0",
    ]
    for caller in (owner, an_account().token, bundle["token"], bundle["read_token"], None):
        for path in paths:
            build.replies[f"GET {path} by caller {len(build.replies)}"] = depot.get(path, by=caller)
    assert sum(reply.status == 200 for reply in build.replies.values()) > len(paths)


def _describe(name: str, machine: str, build: Build) -> None:
    """Keep input, output and history of an execution, after its end."""
    arn = machine_arn(machine)
    assert until(lambda: machines.description_of(arn, name)["status"] != "RUNNING")
    content = [machines.description_of(arn, name), machines.history_of(arn, name)]
    build.executions.append(json.dumps(content, default=str))


def test_no_answer_contains_a_secret(build: Build) -> None:
    for name, secret in build.secrets.items():
        for request, reply in build.replies.items():
            assert secret.encode() not in reply.body + str(reply.headers).encode(), f"{name} in {request}"


def test_no_execution_contains_a_secret(build: Build) -> None:
    assert all('"input"' in execution for execution in build.executions)
    for name, secret in build.secrets.items():
        assert not [execution for execution in build.executions if secret in execution], name


def test_no_log_line_contains_a_secret(build: Build) -> None:
    assert build.lines
    for name, secret in build.secrets.items():
        assert not [line for line in build.lines if secret in line], name


def test_no_row_contains_a_secret(build: Build) -> None:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=config.table)
    values = [value for page in pages for row in page["Items"] for value in row.values()]
    for name, secret in build.secrets.items():
        assert not [value for value in values if secret in str(value)], name


def test_no_object_contains_a_secret(build: Build) -> None:
    for page in client("s3").get_paginator("list_objects_v2").paginate(Bucket=config.bucket):
        for entry in page.get("Contents", ()):
            content = client("s3").get_object(Bucket=config.bucket, Key=entry["Key"])["Body"].read()
            for name, secret in build.secrets.items():
                assert secret.encode() not in content, f"{name} in {entry['Key']}"
