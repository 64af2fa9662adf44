"""Faults of Secrets Manager, which stores the builder key: 503 until it has returned the key, which is then cached."""

import pytest

from chalicelib.core.keys.signed_box import KeyRing, generate_builder_key
from chalicelib.identity import credentials
from chalicelib.origins.keys import service as keys
from chalicelib.platform import key_ring
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.origins import an_origin
from tests.faults.injector import Fault, Plan, cut_off, faults, refused, silent
from tests.faults.scenes import OWNER

FAULTS: dict[str, Fault] = {
    "throttled": refused(400, "ThrottlingException"),
    "internal error": refused(500, "InternalServiceError"),
    "decryption": refused(400, "DecryptionFailure"),
    "denied": refused(400, "AccessDeniedException"),
    "missing": refused(400, "ResourceNotFoundException"),
    "cut off": cut_off,
    "silent": silent,
}


@pytest.fixture(autouse=True)
def _new_process() -> None:
    key_ring.key_ring.cache_clear()
    credentials._claims.cache_clear()


def secrets_down(name: str) -> Plan:
    return lambda attempt: FAULTS[name] if attempt.service == "secrets-manager" else None


@pytest.mark.parametrize("name", FAULTS)
def test_a_failure_is_not_cached(depot: Depot, name: str) -> None:
    account = an_account()

    with faults(secrets_down(name)) as wire:
        reply = depot.post("/profile/access-tokens", by=account.token)
    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (503, b"", "1")
    assert wire.seconds <= 10

    created = depot.post("/profile/access-tokens", by=account.token)
    assert created.status == 200
    assert depot.get("/profile", by=created.json()["token"]).status == 200


def test_without_the_key_an_access_token_is_neither_accepted_nor_refused(depot: Depot, token: str) -> None:
    with faults(secrets_down("denied")):
        assert depot.get("/profile", by=token).status == 503
    assert depot.get("/profile", by=token).status == 200


def test_a_transient_fault_has_no_effect(depot: Depot, token: str) -> None:
    with faults(lambda attempt: FAULTS["throttled"] if attempt.number < 3 else None):
        assert depot.get("/profile", by=token).status == 200


@pytest.mark.parametrize("content", ["geheim", " ", "BOX-SEC-1\nbldr-20240101000000\n\ngeheim", b"geheim"])
def test_a_secret_without_a_key_is_503_and_named_in_the_log(
    depot: Depot, token: str, content: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    secrets, secret = client("secretsmanager"), config.builder_key_secret
    key = secrets.get_secret_value(SecretId=secret)["SecretString"]
    field = "SecretString" if isinstance(content, str) else "SecretBinary"
    secrets.put_secret_value(SecretId=secret, **{field: content})
    try:
        reply = depot.get("/profile", by=token)
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=key)

    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (503, b"", "1")
    [record] = [record for record in caplog.records if "problem" in vars(record)]
    assert secret in record.message
    assert "docs/OPERATIONS.md" in record.message
    assert "geheim" not in str(vars(record))
    assert depot.get("/profile", by=token).status == 200


def test_a_key_that_does_not_fit_the_table_is_503_and_named_in_the_log(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    origin = an_origin(depot, OWNER)
    assert depot.post(f"/depot/origins/{origin}/keys", by=OWNER).status == 201
    path = f"/depot/origins/{origin}/secret_keys/latest"
    assert depot.get(path, by=OWNER).status == 200
    other = KeyRing.from_texts(generate_builder_key("20010101000000"), key_ring.key_source())
    monkeypatch.setattr(keys, "key_ring", lambda: other)

    reply = depot.get(path, by=OWNER)

    assert (reply.status, reply.body, reply.headers["Retry-After"]) == (503, b"", "1")
    [record] = [record for record in caplog.records if "problem" in vars(record)]
    assert "the secret bldr-builder-key (BLDR_BUILDER_KEY_SECRET) has no key bldr-" in record.message
    assert "docs/OPERATIONS.md" in record.message


def test_a_builder_key_that_is_not_the_table_s_is_one_clear_message(
    depot: Depot, caplog: pytest.LogCaptureFixture
) -> None:
    origin = an_origin(depot, OWNER)
    assert depot.post(f"/depot/origins/{origin}/keys", by=OWNER).status == 201
    secrets, secret = client("secretsmanager"), config.builder_key_secret
    key = secrets.get_secret_value(SecretId=secret)["SecretString"]
    revision = key.splitlines()[1].removeprefix("bldr-")
    try:
        for foreign in (generate_builder_key(revision), generate_builder_key("20010101000000")):
            secrets.put_secret_value(SecretId=secret, SecretString=foreign)
            key_ring.key_ring.cache_clear()
            caplog.clear()
            reply = depot.get(f"/depot/origins/{origin}/secret_keys/latest", by=OWNER)
            assert (reply.status, reply.body) == (503, b"")
            [record] = [record for record in caplog.records if "problem" in vars(record)]
            assert f"the secret {secret}" in record.message
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=key)
        key_ring.key_ring.cache_clear()


def test_a_token_of_a_lost_key_is_401_and_the_log_says_that_a_key_is_missing(
    depot: Depot, token: str, caplog: pytest.LogCaptureFixture
) -> None:
    secrets, secret = client("secretsmanager"), config.builder_key_secret
    key = secrets.get_secret_value(SecretId=secret)["SecretString"]
    secrets.put_secret_value(SecretId=secret, SecretString=generate_builder_key("20010101000000"))
    try:
        assert [depot.get("/profile", by=token).status for _ in range(2)] == [401, 401]
    finally:
        secrets.put_secret_value(SecretId=secret, SecretString=key)
        key_ring.key_ring.cache_clear()

    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    [warning] = warnings
    assert warning.startswith(f"read the secret {secret} (BLDR_BUILDER_KEY_SECRET) again")
