"""Secrets that are sent to the API appear only where they belong: not in other answers, logs, rows or objects."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from nacl.public import PublicKey, SealedBox
from nacl.signing import SigningKey

from chalicelib.core import strict_base64
from chalicelib.core.keys.key_file import KeyFile, KeyKind
from chalicelib.platform import logs
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders.accounts import Account, an_account
from tests.builders.origins import an_origin

PASSWORD = "canary-password-8c1f"
SECRET_VALUE = "canary-secret-value-41aa"


@dataclass
class Recorder:
    """Sends requests by an account, and records the answers."""

    depot: Depot
    account: Account
    replies: list[tuple[str, Reply]] = field(default_factory=list)

    def send(self, method: str, path: str, **more: Any) -> Reply:
        reply = self.depot.request(method, path, by=self.account.token, **more)
        self.replies.append((f"{method} {path}", reply))
        return reply


@dataclass(frozen=True)
class Canaries:
    """Secrets by name, and the requests whose answers may contain them."""

    secrets: dict[str, str]
    belongs: dict[str, set[str]]


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    """Every log line that is written during the tests of this module, with its extra fields."""
    written: list[str] = []

    class Collect(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            extra = {name: value for name, value in vars(record).items() if name not in ("msg", "args")}
            written.append(f"{record.getMessage()} {extra}")

    handler = Collect(level=logging.DEBUG)
    loggers = [logging.getLogger(), logging.getLogger(logs.logger().name)]
    for logger in loggers:
        logger.addHandler(handler)
    yield written
    for logger in loggers:
        logger.removeHandler(handler)


@pytest.fixture(scope="module")
def recorder(depot: Depot, lines: list[str]) -> Recorder:
    return Recorder(depot, an_account())


@pytest.fixture(scope="module")
def canaries(recorder: Recorder) -> Canaries:
    origin = an_origin(recorder.depot, owner=recorder.account.token)
    origin_path = f"/depot/origins/{origin}"
    key = _a_secret_key(origin)
    assert recorder.send("POST", f"{origin_path}/secret_keys/x", body=key.encode()).status == 201
    body = f'{{"username":"jim","password":"{PASSWORD}"}}'.encode()
    assert recorder.send("PUT", f"{origin_path}/integrations/docker/main", body=body).status == 201
    public = KeyFile.parse(recorder.send("GET", f"{origin_path}/encryption_key").text, KeyKind.PUBLIC_ENCRYPTION)
    sealed = strict_base64.encoded(SealedBox(PublicKey(public.raw)).encrypt(SECRET_VALUE.encode()))
    value = f"ANONYMOUS-BOX-1\n{public.named_revision}\n{sealed}"
    assert recorder.send("POST", f"{origin_path}/secret", json={"name": "token", "value": value}).status == 201
    token = recorder.send("POST", "/profile/access-tokens").json()["token"]
    named = recorder.send("POST", "/profile/tokens", json={"name": "ci", "scopes": ["read"]}).json()["token"]
    assert recorder.send("POST", f"{origin_path}/keys").status == 201
    generated = recorder.send("GET", f"{origin_path}/secret_keys/latest").text
    for path in (
        origin_path,
        f"{origin_path}/keys",
        f"{origin_path}/keys/latest",
        f"{origin_path}/secret",
        f"{origin_path}/integrations",
    ):
        recorder.send("GET", path)
    for path in (f"{origin_path}/integrations/docker/main", "/profile", "/profile/access-tokens", "/profile/tokens"):
        recorder.send("GET", path)
    for method, path in (("POST", f"{origin_path}/secret_keys/x"), ("POST", f"{origin_path}/keys/20240101000000")):
        recorder.send(method, path, body=key.encode()[:-4])
        recorder.send(method, path, body=key.encode())
    return Canaries(
        secrets={
            "uploaded signing key": key.splitlines()[3],
            "generated signing key": generated.splitlines()[3],
            "integration password": PASSWORD,
            "origin secret": SECRET_VALUE,
            "session token": recorder.account.token,
            "access token": token,
            "named token": named,
            "oauth token": "gho_secret",
        },
        belongs={
            "generated signing key": {f"GET {origin_path}/secret_keys/latest"},
            "access token": {"POST /profile/access-tokens", "GET /profile/access-tokens"},
            "named token": {"POST /profile/tokens"},
        },
    )


def _a_secret_key(origin: str) -> str:
    key = SigningKey.generate()
    raw = strict_base64.encoded(bytes(key) + bytes(key.verify_key))
    return f"SIG-SEC-1\n{origin}-20240101000000\n\n{raw}"


def test_no_answer_contains_a_secret_that_does_not_belong_there(recorder: Recorder, canaries: Canaries) -> None:
    for name, secret in canaries.secrets.items():
        for request, reply in recorder.replies:
            if request in canaries.belongs.get(name, ()):
                continue
            answer = reply.body + str(reply.headers).encode()
            assert secret.encode() not in answer, f"{name} in {request}"


def test_no_log_line_contains_a_secret(canaries: Canaries, lines: list[str]) -> None:
    assert lines
    for name, secret in canaries.secrets.items():
        assert not [line for line in lines if secret in line], name


def test_no_row_contains_a_secret(canaries: Canaries) -> None:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=config.table)
    rows = [item for page in pages for item in page["Items"]]
    assert rows
    for name, secret in canaries.secrets.items():
        raw = secret.encode()
        assert not [row for row in rows if secret in str(row) or any(raw in _bytes(value) for value in row.values())], (
            name
        )


def _bytes(value: dict[str, object]) -> bytes:
    content = value.get("B", b"")
    return content if isinstance(content, bytes) else b""


def test_no_object_contains_a_secret(canaries: Canaries) -> None:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=config.bucket)
    for page in pages:
        for entry in page.get("Contents", ()):
            content = client("s3").get_object(Bucket=config.bucket, Key=entry["Key"])["Body"].read()
            for name, secret in canaries.secrets.items():
                assert secret.encode() not in content, f"{name} in {entry['Key']}"
