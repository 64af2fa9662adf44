"""Secrets go in at every door and come out nowhere else: not in answers, logs, rows or objects (design.md 8)."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from nacl.public import PublicKey, SealedBox
from nacl.signing import SigningKey

from chalicelib.core import strict_base64
from chalicelib.core.key_file import KeyFile, KeyKind
from chalicelib.platform import logs
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders.accounts import Account, an_account
from tests.builders.origins import an_origin

PASSWORD = "canary-password-8c1f"
SECRET_VALUE = "canary-secret-value-41aa"


@dataclass
class Doors:
    """A depot that remembers what it answered."""

    depot: Depot
    account: Account
    replies: list[tuple[str, Reply]] = field(default_factory=list)

    def ask(self, method: str, path: str, **more: object) -> Reply:
        reply = self.depot.request(method, path, by=self.account.token, **more)  # type: ignore[arg-type]
        self.replies.append((f"{method} {path}", reply))
        return reply


@dataclass(frozen=True)
class Planted:
    """What went in, by name, and where each may come out."""

    secrets: dict[str, str]
    belongs: dict[str, set[str]]


@pytest.fixture(scope="module")
def lines() -> Iterator[list[str]]:
    """Every log line of the module, whoever wrote it, formatted as its handler would."""
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
def doors(depot: Depot, lines: list[str]) -> Doors:
    return Doors(depot, an_account())


@pytest.fixture(scope="module")
def planted(doors: Doors) -> Planted:
    origin = an_origin(doors.depot, owner=doors.account.token)
    place = f"/depot/origins/{origin}"
    key = _a_secret_key(origin)
    assert doors.ask("POST", f"{place}/secret_keys/x", body=key.encode()).status == 201
    body = f'{{"username":"jim","password":"{PASSWORD}"}}'.encode()
    assert doors.ask("PUT", f"{place}/integrations/docker/main", body=body).status == 201
    public = KeyFile.parse(doors.ask("GET", f"{place}/encryption_key").text, KeyKind.PUBLIC_ENCRYPTION)
    sealed = strict_base64.encoded(SealedBox(PublicKey(public.raw)).encrypt(SECRET_VALUE.encode()))
    value = f"ANONYMOUS-BOX-1\n{public.named_revision}\n{sealed}"
    assert doors.ask("POST", f"{place}/secret", json={"name": "token", "value": value}).status == 201
    token = doors.ask("POST", "/profile/access-tokens").json()["token"]
    named = doors.ask("POST", "/profile/tokens", json={"name": "ci", "scopes": ["read"]}).json()["token"]
    assert doors.ask("POST", f"{place}/keys").status == 201
    generated = doors.ask("GET", f"{place}/secret_keys/latest").text
    for path in (place, f"{place}/keys", f"{place}/keys/latest", f"{place}/secret", f"{place}/integrations"):
        doors.ask("GET", path)
    for path in (f"{place}/integrations/docker/main", "/profile", "/profile/access-tokens", "/profile/tokens"):
        doors.ask("GET", path)
    for method, path in (("POST", f"{place}/secret_keys/x"), ("POST", f"{place}/keys/20240101000000")):
        doors.ask(method, path, body=key.encode()[:-4])
        doors.ask(method, path, body=key.encode())
    return Planted(
        secrets={
            "uploaded signing key": key.splitlines()[3],
            "generated signing key": generated.splitlines()[3],
            "integration password": PASSWORD,
            "origin secret": SECRET_VALUE,
            "session token": doors.account.token,
            "access token": token,
            "named token": named,
            "oauth token": "gho_secret",
        },
        belongs={
            "generated signing key": {f"GET {place}/secret_keys/latest"},
            "access token": {"POST /profile/access-tokens", "GET /profile/access-tokens"},
            "named token": {"POST /profile/tokens"},
        },
    )


def _a_secret_key(origin: str) -> str:
    key = SigningKey.generate()
    raw = strict_base64.encoded(bytes(key) + bytes(key.verify_key))
    return f"SIG-SEC-1\n{origin}-20240101000000\n\n{raw}"


def test_no_answer_holds_a_secret_that_does_not_belong_there(doors: Doors, planted: Planted) -> None:
    for name, secret in planted.secrets.items():
        for request, reply in doors.replies:
            if request in planted.belongs.get(name, ()):
                continue
            shown = reply.body + str(reply.headers).encode()
            assert secret.encode() not in shown, f"{name} in {request}"


def test_no_log_line_holds_a_secret(planted: Planted, lines: list[str]) -> None:
    assert lines
    for name, secret in planted.secrets.items():
        assert not [line for line in lines if secret in line], name


def test_no_row_holds_a_secret(planted: Planted) -> None:
    pages = client("dynamodb").get_paginator("scan").paginate(TableName=config.table)
    rows = [item for page in pages for item in page["Items"]]
    assert rows
    for name, secret in planted.secrets.items():
        raw = secret.encode()
        assert not [row for row in rows if secret in str(row) or any(raw in _bytes(value) for value in row.values())], (
            name
        )


def _bytes(value: dict[str, object]) -> bytes:
    content = value.get("B", b"")
    return content if isinstance(content, bytes) else b""


def test_no_object_holds_a_secret(planted: Planted) -> None:
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=config.bucket)
    for page in pages:
        for entry in page.get("Contents", ()):
            content = client("s3").get_object(Bucket=config.bucket, Key=entry["Key"])["Body"].read()
            for name, secret in planted.secrets.items():
                assert secret.encode() not in content, f"{name} in {entry['Key']}"
