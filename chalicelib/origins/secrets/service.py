"""The rules of origin secrets, which clients seal for the origin's encryption key (accounts.md 7.6, 8.8)."""

from collections.abc import Sequence

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import TooManyInOrigin
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.keys.anonymous_box import AnonymousBox, AnonymousBoxMalformed, AnonymousBoxUnreadable
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.signed_box import BoxMalformed, BoxUnreadable
from chalicelib.core.plain_text import is_plain_name
from chalicelib.core.session import Session
from chalicelib.origins.errors import KeyMissing, SecretInvalid, SecretTooLarge
from chalicelib.origins.keys import service as keys
from chalicelib.origins.secrets import rows
from chalicelib.origins.secrets.rows import VALUE_BYTES, SecretRow
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import read


def of_origin(origin: str) -> Sequence[SecretRow]:
    """Return the secrets of an origin, oldest first."""
    return sorted(rows.secrets(origin), key=lambda row: int(row.id))


def put(origin: str, name: str, value: str, by: Session) -> None:
    """Check that the origin's key opens a sealed value, and store it as received.

    An existing secret gets the new value. Raises SecretInvalid with the contract's texts (accounts.md 8.8),
    SecretTooLarge, OriginMissing, TooManyInOrigin.
    """
    for field, content in (("name", name), ("value", value)):
        if not content:
            raise SecretInvalid(f"Missing value for field `{field}`")
    if not is_plain_name(name):
        raise SecretInvalid("Field `name` must not be `.` or `..` or have invisible characters")
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
    retry_when_stale(lambda: _put(origin, name, value, by))


def _secret_encryption_key(origin: str) -> KeyFile:
    try:
        return keys.secret_encryption_key(origin)
    except KeyMissing as problem:
        raise SecretInvalid("Failed to get secret from payload: Record not found") from problem
    except (BoxMalformed, BoxUnreadable) as problem:
        raise SecretInvalid(f"Failed to get secret from payload: {problem}") from problem


def _put(origin: str, name: str, value: str, by: Session) -> None:
    key = rows.secret_key(origin, name)
    row = read(key)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        if row is None:
            change.add(SecretRow(key.pk, key.sk, id=new_id(), value=value))
            _add_bytes(change, origin, len(value))
            origin_rows.add_limited(change, origin, "secrets")
        else:
            change.update(key, [SecretRow.value.set(value)], condition=SecretRow.value == row.value)
            _add_bytes(change, origin, len(value) - len(row.value))
        audit_rows.record(change, AuditAction.SECRET_STORE, by, origin=origin, target=name)


def _add_bytes(change: Change, origin: str, added: int) -> None:
    """Count the bytes of all secrets. The change raises TooManyInOrigin if their list would not fit an answer."""
    counted = OriginCountRow.secret_bytes
    too_many = TooManyInOrigin(f"The secrets of an origin can have {rows.ALL_VALUES_BYTES} bytes together at most")
    limit = counted.does_not_exist() | (counted <= rows.ALL_VALUES_BYTES - added) if added > 0 else None
    change.update(origin_count_key(origin), [counted.add(added)], condition=limit, otherwise=too_many)


def remove(origin: str, name: str, by: Session) -> None:
    """Delete a secret, if it exists. Raises OriginMissing."""
    retry_when_stale(lambda: _remove(origin, name, by))


def _remove(origin: str, name: str, by: Session) -> None:
    key = rows.secret_key(origin, name)
    row = read(key)
    if row is None:
        return
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.delete(key, condition=SecretRow.value == row.value)
        change.update(origin_count_key(origin), [OriginCountRow.secrets.add(-1)])
        _add_bytes(change, origin, -len(row.value))
        audit_rows.record(change, AuditAction.SECRET_DELETE, by, origin=origin, target=name)
