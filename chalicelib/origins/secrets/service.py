"""The rules of origin secrets: sealed by clients for the origin's key, stored as received (accounts.md 7.6, 8.8)."""

from collections.abc import Sequence
from dataclasses import dataclass

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.anonymous_box import AnonymousBox, AnonymousBoxMalformed, AnonymousBoxUnreadable
from chalicelib.core.key_file import KeyFile
from chalicelib.core.session import Session
from chalicelib.core.signed_box import BoxMalformed, BoxUnreadable
from chalicelib.origins.errors import KeyMissing, SecretInvalid, SecretTooLarge
from chalicelib.origins.keys import service as keys
from chalicelib.origins.secrets import rows as secret_store
from chalicelib.origins.secrets.rows import VALUE_BYTES, SecretRow
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import read


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret; its value stays sealed."""

    id: int
    name: str
    value: str


def of_origin(origin: str) -> Sequence[Secret]:
    """The secrets of an origin, oldest first."""
    found = (Secret(int(row.id), row.name, row.value) for row in secret_store.secrets(origin))
    return sorted(found, key=lambda secret: secret.id)


def put(origin: str, name: str, value: str, by: Session) -> None:
    """Store a sealed value after a look whether the origin's key opens it; a value of the same name is replaced.

    Raises SecretInvalid with the contract's texts, SecretTooLarge, OriginMissing.
    """
    for field, content in (("name", name), ("value", value)):
        if not content:
            raise SecretInvalid(f"Missing value for field `{field}`")
    try:
        box = AnonymousBox.parse(value)
    except AnonymousBoxMalformed as problem:
        raise SecretInvalid(f"Failed to parse encrypted message from payload: {problem.reason}") from problem
    key = _secret_encryption_key(origin)
    try:
        box.open(key)
    except AnonymousBoxUnreadable as problem:
        raise SecretInvalid(problem.reason) from problem
    if len(value.encode()) > VALUE_BYTES:
        raise SecretTooLarge
    again_when_stale(lambda: _put(origin, name, value, by))


def remove(origin: str, name: str, by: Session) -> None:
    """Forget a secret, if there is one. Raises OriginMissing."""
    key = secret_store.secret_key(origin, name)

    def forget() -> None:
        if read(key) is None:
            return
        change = Change()
        origin_rows.require(change, origin)
        change.delete(key, condition=SecretRow.pk.exists())
        change.update(origin_count_key(origin), [OriginCountRow.secrets.add(-1)])
        audit_rows.record(change, AuditAction.SECRET_DELETE, by, origin=origin, target=name)
        change.commit()

    again_when_stale(forget)


def _secret_encryption_key(origin: str) -> KeyFile:
    try:
        return keys.secret_encryption_key(origin)
    except KeyMissing as problem:
        raise SecretInvalid("Failed to get secret from payload: Record not found") from problem
    except (BoxMalformed, BoxUnreadable) as problem:
        raise SecretInvalid(f"Failed to get secret from payload: {problem}") from problem


def _put(origin: str, name: str, value: str, by: Session) -> None:
    key = secret_store.secret_key(origin, name)
    change = Change()
    origin_rows.require(change, origin)
    if read(key) is None:
        change.add(SecretRow(key.pk, key.sk, id=new_id(), value=value))
        change.update(origin_count_key(origin), [OriginCountRow.secrets.add(1)])
    else:
        change.update(key, [SecretRow.value.set(value)], condition=SecretRow.pk.exists())
    audit_rows.record(change, AuditAction.SECRET_STORE, by, origin=origin, target=name)
    change.commit()
