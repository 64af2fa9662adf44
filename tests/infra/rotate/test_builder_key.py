"""The rotation of the builder key: everything stays readable, any step can be repeated, nothing is lost."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from chalicelib.core.keys.signed_box import KeyRing, generate_builder_key, read_keys
from chalicelib.identity import credentials
from chalicelib.platform import key_ring as rings
from chalicelib.platform.config import config
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.row import Row
from infra.deploy.problems import NotPossible
from infra.rotate import builder_key, sealed_rows
from infra.rotate.builder_key import BuilderKeySecret
from infra.rotate.sealed_rows import SealedRows, Walk
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.engine import empty_engine
from tests.builders.keys import a_builder_key
from tests.builders.origins import an_origin
from tests.builders.projects import a_project

OLD = "20240101000000"
BODY = b'{"username": "jim", "password": "x"}'


class Account:
    """An account whose secrets are those of the engine."""

    def __init__(self) -> None:
        self.secrets = boto3.client("secretsmanager", region_name="us-east-1")

    def secret_value(self, secret: str) -> str | None:
        """Return the text of a secret."""
        return str(self.secrets.get_secret_value(SecretId=secret)["SecretString"]) or None


@pytest.fixture
def secret(table: None, depot: Depot, monkeypatch: pytest.MonkeyPatch) -> Iterator[BuilderKeySecret]:
    """A secret with one old key; a new key is used at once."""
    empty_engine()
    account: Any = Account()
    made = BuilderKeySecret(account, config.builder_key_secret)
    before = account.secret_value(made.name)
    monkeypatch.setattr(rings, "SETTLED", timedelta())
    monkeypatch.setattr(rings, "SETTLED_EVERYWHERE", timedelta(days=-1))
    made.store(read_keys(a_builder_key(OLD)))
    new_process()
    yield made
    account.secrets.put_secret_value(SecretId=made.name, SecretString=before)
    new_process()


def new_process() -> None:
    key_ring.cache_clear()
    credentials._claims.cache_clear()


@pytest.fixture
def tables() -> Any:
    return boto3.client("dynamodb", region_name="us-east-1")


class Values:
    """One value of each kind that the builder key encrypts, and how to read it."""

    def __init__(self, depot: Depot) -> None:
        self._depot = depot
        self.owner = an_account().token
        self.origin = an_origin(depot, owner=self.owner)
        path = f"/depot/origins/{self.origin}"
        assert depot.post(f"{path}/keys", by=self.owner).status == 201
        assert depot.put(f"{path}/integrations/docker/hub", by=self.owner, body=BODY).status == 201
        assert depot.get(f"{path}/encryption_key", by=self.owner).status == 200
        a_project(depot, self.origin, by=self.owner)
        assert depot.put(self._setting, by=self.owner, body=b"{}").status == 204
        self.signing_key = self.read()[0]

    @property
    def _setting(self) -> str:
        return f"/projects/{self.origin}/testapp/integrations/hub/default"

    def read(self) -> list[str]:
        """Read all values through the API, in a new process."""
        new_process()
        path = f"/depot/origins/{self.origin}"
        replies = [
            self._depot.get(f"{path}/secret_keys/latest", by=self.owner),
            self._depot.get(f"{path}/integrations/docker/hub", by=self.owner),
            self._depot.get(self._setting, by=self.owner),
        ]
        assert [reply.status for reply in replies] == [200] * 3
        return [reply.text for reply in replies]


@pytest.fixture
def values(secret: BuilderKeySecret, depot: Depot) -> Values:
    return Values(depot)


def test_all_values_are_sealed_again_and_the_old_key_can_go(
    values: Values, secret: BuilderKeySecret, tables: Any
) -> None:
    before = values.read()
    keys = builder_key.add_key(secret, print)

    found = builder_key.seal_again(tables, config.table, keys, print)

    assert (found.sealed_again >= 4, found.is_complete) == (True, True)
    builder_key.remove_old(secret, tables, config.table, print, revoke_tokens=True)
    assert [str(key.named_revision) for key in secret.read()] == [str(keys[0].named_revision)]
    assert values.read() == before


def test_a_repeat_adds_no_key_and_changes_nothing(values: Values, secret: BuilderKeySecret, tables: Any) -> None:
    keys = builder_key.add_key(secret, print)
    builder_key.seal_again(tables, config.table, keys, print)

    again = builder_key.add_key(secret, print)

    assert again == keys
    assert builder_key.seal_again(tables, config.table, again, print).sealed_again == 0


def test_an_interrupted_walk_continues_and_ends_with_all_values(
    values: Values, secret: BuilderKeySecret, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed_rows, "ROWS_PER_PAGE", 1)
    keys = builder_key.add_key(secret, print)
    lines: list[str] = []

    def interrupt(text: str) -> None:
        lines.append(text)
        if "2 sealed again" in text:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        builder_key.seal_again(tables, config.table, keys, interrupt)

    second = builder_key.seal_again(tables, config.table, keys, print)
    assert second.up_to_date <= 1, "it continues behind the rows of the first run"
    builder_key.remove_old(secret, tables, config.table, print, revoke_tokens=True)
    values.read()


def test_rows_that_are_busy_are_counted_and_keep_the_old_key(
    values: Values, secret: BuilderKeySecret, tables: Any
) -> None:
    keys = builder_key.add_key(secret, print)
    refused = ClientError({"Error": {"Code": "TransactionConflictException"}}, "UpdateItem")

    class Busy(SealedRows):
        def replace_box(self, row: sealed_rows.Row, box: str) -> None:
            raise refused

    busy = Walk(Busy(tables, config.table), KeyRing(keys), str(keys[0].named_revision)).run()

    assert busy.changed_meanwhile == 4
    assert not busy.is_complete


def test_a_row_that_changes_meanwhile_keeps_its_new_value(
    values: Values, secret: BuilderKeySecret, tables: Any
) -> None:
    keys = builder_key.add_key(secret, print)
    rows = SealedRows(tables, config.table)
    [first, *_] = [row for page, _ in rows.pages() for row in page if "box" in row]
    stale = {**first, "box": {"S": first["box"]["S"] + "x"}}

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        rows.replace_box(stale, "lost")
    assert builder_key.seal_again(tables, config.table, keys, print).is_complete


def test_access_tokens_stay_valid_until_they_are_revoked(
    values: Values, secret: BuilderKeySecret, tables: Any, depot: Depot
) -> None:
    account = an_account()
    token = depot.post("/profile/access-tokens", by=account.token).json()["token"]
    keys = builder_key.add_key(secret, print)
    found = builder_key.seal_again(tables, config.table, keys, print)

    assert sum(found.tokens.values()) >= 1
    with pytest.raises(NotPossible, match="rows need it"):
        builder_key.remove_old(secret, tables, config.table, print)
    new_process()
    assert depot.get("/profile", by=token).status == 200

    builder_key.remove_old(secret, tables, config.table, print, revoke_tokens=True)
    new_process()
    assert depot.get("/profile", by=token).status == 401
    again = depot.post("/profile/access-tokens", by=account.token).json()["token"]
    assert depot.get("/profile", by=again).status == 200


def test_a_key_that_functions_may_not_know_yet_removes_nothing(
    secret: BuilderKeySecret, tables: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder_key.add_key(secret, print)
    monkeypatch.setattr(rings, "SETTLED_EVERYWHERE", timedelta(minutes=20))

    with pytest.raises(NotPossible, match="too new"):
        builder_key.remove_old(secret, tables, config.table, print)


def test_the_command_waits_until_all_functions_seal_with_the_new_key(
    secret: BuilderKeySecret, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rings, "SETTLED_EVERYWHERE", timedelta(minutes=20))
    slept: list[float] = []

    builder_key.wait(builder_key.add_key(secret, print), print, slept.append)

    assert 1100 < slept[0] <= 1200


def test_values_of_a_lost_key_are_counted_and_keep_every_key(
    values: Values, secret: BuilderKeySecret, tables: Any
) -> None:
    secret.store(read_keys(generate_builder_key("20230101000000")))
    lines: list[str] = []
    keys = builder_key.add_key(secret, print)

    found = builder_key.seal_again(tables, config.table, keys, lines.append)

    assert found.unreadable[f"bldr-{OLD}"] >= 4
    assert f"need the key bldr-{OLD}, which the secret does not have" in lines[-1]
    with pytest.raises(NotPossible):
        builder_key.remove_old(secret, tables, config.table, print, revoke_tokens=True)
    assert len(secret.read()) == 2


@pytest.mark.parametrize(("text", "says"), [(None, "has no builder key"), ("lost", "malformed builder key")])
def test_a_lost_key_is_one_line(text: str | None, says: str) -> None:
    class Lost(Account):
        def secret_value(self, secret: str) -> str | None:
            return text

    account: Any = Lost()
    with pytest.raises(NotPossible, match=says):
        builder_key.add_key(BuilderKeySecret(account, "lost"), print)


def test_every_kind_of_row_with_a_box_is_known() -> None:
    """A row that depends on the builder key has one of the two attributes, which the walk finds in all rows."""
    kinds = {kind for kind in _kinds(Row) if {sealed_rows.BOX, sealed_rows.TOKEN_KEY} & set(kind.get_attributes())}

    assert {kind.__name__ for kind in kinds} == {
        "AccessTokenRow",
        "EncryptionKeysRow",
        "IntegrationBodyRow",
        "JobTokenRow",
        "LicenseRow",
        "ProjectIntegrationRow",
        "SecretSigningKeyRow",
    }


def _kinds(kind: type[Row]) -> Iterator[type[Row]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)
