"""Faults tell nobody what they should not know: neither the log what clients sent, nor the client what went wrong."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.identity import credentials
from chalicelib.origins.integrations import service as integrations
from chalicelib.origins.secrets import service as secrets
from chalicelib.platform import aws, key_ring, logs, object_store
from chalicelib.uploads import service as uploads
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload
from tests.faults.injector import Fault, cut_off, everything, faults, lost, now_and_then, refused, silent
from tests.faults.operations import WRITES, Scene, Stage, a_scene

INTERNAL = ("injected", "Exception", "Error", "Traceback", "dynamodb", "amazonaws", "botocore", "bldr-", "chalicelib")
SECRETS_DOWN: dict[str, Fault] = {
    "throttled": refused(400, "ThrottlingException"),
    "internal error": refused(500, "InternalServiceError"),
    "decryption": refused(400, "DecryptionFailure"),
    "denied": refused(400, "AccessDeniedException"),
    "not there": refused(400, "ResourceNotFoundException"),
    "cut off": cut_off,
    "silent": silent,
}


class Log(logging.Handler):
    """What operators see, as it is written; other libraries tell what is above debugging."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        [ours] = logging.getLogger("habitat-builder").handlers[:1]
        self.lines.append(ours.format(record))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@pytest.fixture
def log() -> Iterator[Log]:
    logs.logger()
    log, several = Log(), [logging.getLogger("habitat-builder"), logging.getLogger()]
    for logger in several:
        logger.addHandler(log)
    yield log
    for logger in several:
        logger.removeHandler(log)


def forget_keys() -> None:
    """As a new process."""
    key_ring.key_ring.cache_clear()
    credentials._claims.cache_clear()


@pytest.mark.parametrize("what", WRITES)
def test_an_outage_tells_nothing(depot: Depot, token: str, what: str, log: Log) -> None:
    scene = a_scene(depot, token, WRITES[what])
    log.lines.clear()

    with faults(everything(lost)):
        reply = WRITES[what].act(scene)

    assert reply.status in (502, 503)
    assert reply.body == b""
    assert not [word for word in INTERNAL if word in str(reply.headers)]
    assert "StoreUnavailable" in log.text or "ObjectStoreFailed" in log.text
    for hidden in hidden_in(scene):
        assert hidden not in log.text


def hidden_in(scene: Scene) -> list[str]:
    """What the client knows and nobody else may."""
    there = scene.there
    found = [scene.token, "hush", '"password"', "new@x.org"]
    found += [there["account"].token] if "account" in there else []
    found += [text.splitlines()[-1] for text in (there.get("secret"), there.get("sealed", {}).get("value")) if text]
    return found


class TestWhatAnErrorSays:
    """The log names kinds and places."""

    def told(self, log: Log, problem: BaseException) -> Any:
        logs.unexpected_error(problem)
        return json.loads(log.lines[-1])["problem"]

    def test_values_in_messages_stay_out_through_the_whole_chain(self, log: Log) -> None:
        try:
            try:
                try:
                    int("hunter2")
                except ValueError as problem:
                    raise KeyError("hunter2") from problem
            except KeyError:
                raise RuntimeError("hunter2")  # noqa: B904 - the context must not be told either
        except RuntimeError as problem:
            raised = problem

        told = self.told(log, raised)

        assert [each["type"] for each in told] == ["builtins.RuntimeError", "builtins.KeyError", "builtins.ValueError"]
        assert "hunter2" not in json.dumps(told)
        assert all("test_secrecy.py" in each["at"][0] for each in told)

    def test_codes_of_aws_and_the_interpreters_own_words_are_told(self, log: Log) -> None:
        denied = everything(refused(400, "AccessDeniedException", "user hunter2 may not"))
        with faults(denied), pytest.raises(aws.SecretUnavailable) as caught:
            aws.secret_text("hunter2")
        told = self.told(log, caught.value)
        assert told[1]["aws"] == {"operation": "GetSecretValue", "code": "AccessDeniedException", "request": "injected"}
        assert "hunter2" not in json.dumps(told)

        with pytest.raises(AttributeError) as missing:
            None.nothing  # type: ignore[attr-defined] # noqa: B018
        assert self.told(log, missing.value)[0]["message"] == "'NoneType' object has no attribute 'nothing'"

    def test_an_error_that_is_its_own_cause_ends(self, log: Log) -> None:
        one, other = ValueError(), ValueError()
        one.__cause__, other.__cause__ = other, one

        assert len(self.told(log, one)) == 2


@pytest.mark.parametrize(
    "broken",
    [(integrations, "put"), (secrets, "put")],
    ids=["integration", "secret"],
)
def test_a_bug_beside_a_secret_does_not_tell_it(
    depot: Depot, monkeypatch: pytest.MonkeyPatch, log: Log, broken: tuple[Any, str]
) -> None:
    origin, (module, name) = an_origin(depot), broken

    def stumble(*told: Any, **more: Any) -> None:
        raise ValueError(f"cannot do this with {told} {more}")

    monkeypatch.setattr(module, name, stumble)
    if module is integrations:
        path = f"/depot/origins/{origin}/integrations/docker/hub"
        reply = depot.put(path, by="bobo", json={"password": "hunter2"})
    else:
        reply = depot.post(f"/depot/origins/{origin}/secret", by="bobo", json={"name": "a", "value": "hunter2"})

    assert (reply.status, reply.body) == (500, b"")
    assert "hunter2" not in log.text


class TestTheBuilderKey:
    """Secrets Manager is asked once; until it has answered, whoever needs the key hears 503."""

    @pytest.mark.parametrize("what", SECRETS_DOWN)
    def test_it_is_asked_again_after_a_failure(self, depot: Depot, what: str) -> None:
        account = an_account()
        forget_keys()

        with faults(lambda sent: SECRETS_DOWN[what] if sent.service == "secrets-manager" else None) as wire:
            reply = depot.post("/profile/access-tokens", by=account.token)
        assert (reply.status, reply.body, reply.headers["Retry-After"]) == (503, b"", "1")
        assert wire.seconds <= 10

        made = depot.post("/profile/access-tokens", by=account.token)
        assert made.status == 200
        assert depot.get("/profile", by=made.json()["token"]).status == 200

    def test_a_personal_token_is_neither_accepted_nor_refused_without_it(self, depot: Depot, token: str) -> None:
        forget_keys()
        with faults(lambda sent: SECRETS_DOWN["denied"] if sent.service == "secrets-manager" else None):
            assert depot.get("/profile", by=token).status == 503
        assert depot.get("/profile", by=token).status == 200

    def test_a_short_fault_is_not_noticed(self, depot: Depot, token: str) -> None:
        forget_keys()
        with faults(lambda sent: SECRETS_DOWN["throttled"] if sent.number < 3 else None):
            assert depot.get("/profile", by=token).status == 200


def test_a_note_of_use_neither_stops_nor_delays_a_request(depot: Depot) -> None:
    account = an_account()
    made = depot.post("/profile/tokens", by=account.token, json={"name": "ci", "scopes": ["read"]}).json()

    writing = refused(400, "ThrottlingException")
    with faults(lambda sent: writing if sent.operation == "TransactWriteItems" else None) as wire:
        assert depot.get("/depot/origins/none", by=made["token"]).status == 404
    assert wire.seconds == 0


def test_what_readers_note_for_others_neither_stops_nor_delays_them(depot: Depot, token: str) -> None:
    scene = a_scene(depot, token, WRITES["demote"])

    writing = refused(400, "ThrottlingException")
    with faults(lambda sent: writing if sent.changes else None) as wire:
        reply = scene.send("GET", "/depot/channels/{o}/dev/pkgs/_latest?target=x86_64-linux")

    assert (reply.status, len(reply.json()["data"])) == (200, 1)
    assert [sent.operation for sent in wire.tries if sent.changes] == ["BatchWriteItem"]
    assert wire.seconds == 0


def test_a_function_that_does_not_start_leaves_the_upload_to_a_repeat(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_started(*_: Any, **__: Any) -> None:
        raise uploads.background.NotStarted

    begun = an_upload(depot, a_hart(origin=an_origin(depot), name=a_name("tool"))).send()
    at_once = uploads.background.start
    monkeypatch.setattr(uploads.store, "LEASE_SECONDS", 60)
    monkeypatch.setattr(uploads.background, "start", not_started)
    reply = begun.complete()
    assert (reply.status, reply.body) == (503, b"")

    monkeypatch.setattr(uploads.background, "start", at_once)
    assert begun.complete().status == 201


def test_deleting_gives_up_on_a_silent_object_store_after_one_silence(depot: Depot, token: str) -> None:
    stage = Stage(depot, token, WRITES["delete a package"])
    scene = stage.set()

    with faults(lambda sent: silent if sent.operation == "DeleteObject" else None) as wire:
        assert stage.operation.act(scene).status == 204
    assert wire.seconds == aws.S3_READ_SECONDS


def test_a_bucket_that_is_gone_is_a_failed_store(depot: Depot, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(depot, token, WRITES["delete a package"])
    scene = stage.set()
    monkeypatch.setattr(object_store, "config", type("Elsewhere", (), {"bucket": "no-such-bucket"}))

    assert stage.operation.act(scene).status == 502


@pytest.mark.parametrize("seed", range(6))
def test_in_any_weather_everything_ends_as_it_should(depot: Depot, token: str, seed: int) -> None:
    several = [refused(400, "ThrottlingException"), refused(500, "InternalServerError"), cut_off, lost]
    for what in ("upload", "promote", "delete a package", "create an origin", "transfer", "delete a channel"):
        stage = Stage(depot, token, WRITES[what])
        scene = stage.set()
        with faults(now_and_then(seed, 0.4, several)) as wire:
            reply = stage.operation.act(scene)
        assert reply.status in (stage.answer.status, 502, 503), (what, reply)
        assert wire.seconds <= 10
        if reply.status in (502, 503):
            assert stage.operation.act(scene).status in (stage.answer.status, *stage.operation.again)
        assert stage.state() == stage.after or stage.operation.adds
