"""The rules of origin keys: generation, upload and download (accounts.md 7.3, 8.5)."""

from collections.abc import Sequence

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.keys.key_file import (
    KeyFile,
    KeyFileMalformed,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.keys.named_revision import NamedRevisionMalformed, next_revision, revision_at
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.identity.caller import Caller
from chalicelib.origins.errors import KeyInvalid, KeyMissing, KeyTaken, KeyUploadForbidden
from chalicelib.origins.keys import rows
from chalicelib.origins.keys.rows import (
    EncryptionKeysRow,
    PublicSigningKeyRow,
    SecretSigningKeyRow,
)
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import now
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read, read_many


def revisions(origin: str) -> Sequence[str]:
    """Return the revisions of the origin's public signing keys, newest first. An unknown origin has none."""
    return [row.revision for row in rows.public_keys(origin)]


def newest_public(origin: str) -> KeyFile:
    """Return the public signing key with the greatest revision. Raises KeyMissing."""
    return _public(next(rows.public_keys(origin, limit=1), None))


def public(origin: str, revision: str) -> KeyFile:
    """Return the public signing key with a revision. Raises KeyMissing."""
    return _public(read(rows.public_key(origin, revision)))


def _public(row: PublicSigningKeyRow | None) -> KeyFile:
    if row is None:
        raise KeyMissing
    return KeyFile.parse(row.text, KeyKind.PUBLIC_SIGNING)


def newest_secret(origin: str) -> KeyFile:
    """Return the secret signing key with the greatest full name. Raises KeyMissing, BoxUnreadable."""
    return _opened(rows.newest_secret_key(origin), KeyKind.SECRET_SIGNING)


def secret_encryption_key(origin: str) -> KeyFile:
    """Return the secret encryption key, which never leaves the server. Raises KeyMissing, BoxUnreadable."""
    return _opened(read(rows.encryption_keys_key(origin)), KeyKind.SECRET_ENCRYPTION)


def _opened(row: SecretSigningKeyRow | EncryptionKeysRow | None, kind: KeyKind) -> KeyFile:
    if row is None:
        raise KeyMissing
    return KeyFile.parse(key_ring().open(row.box).decode(), kind)


def generate(origin: str, by: Session) -> None:
    """Generate a signing key pair, which becomes the origin's newest. Raises OriginMissing, KeyTaken."""
    retry_when_stale(lambda: _generate(origin, by))


def _generate(origin: str, by: Session) -> None:
    latest = rows.latest_revision(origin)
    revision = _later_than(latest)
    public_half, secret_half = generate_signing_pair(origin, revision)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        rows.advance_clock(change, origin, latest, revision)
        _add_public(change, origin, public_half)
        _add_secret(change, origin, secret_half)
        full_name = str(public_half.named_revision)
        audit_rows.record(change, AuditAction.KEY_GENERATE, by, origin=origin, target=full_name)


def upload_public(origin: str, path_revision: str, body: bytes, caller: Caller) -> str:
    """Store a public signing key and return the revision in its text.

    `path_revision` only decides, before the role is checked, whether the key exists: members need that answer
    (accounts.md 8.5). Raises, in this order, KeyTaken, KeyUploadForbidden, KeyInvalid; then OriginMissing, KeyTaken.
    """
    if read(rows.public_key(origin, path_revision)) is not None:
        raise KeyTaken
    if not caller.has_role(origin, Role.ADMINISTRATOR):
        raise KeyUploadForbidden(origin, path_revision)
    key = _parsed(body, KeyKind.PUBLIC_SIGNING, undecodable="Invalid origin public key")
    if key.named_revision.name != origin:
        raise KeyInvalid("Invalid origin public key")
    session = caller.require_role(origin, Role.ADMINISTRATOR)
    retry_when_stale(lambda: _store_public(origin, key, session))
    return key.named_revision.revision


def _store_public(origin: str, key: KeyFile, by: Session) -> None:
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        _add_public(change, origin, key)
        _note_revision(change, origin, key)
        audit_rows.record(change, AuditAction.KEY_UPLOAD, by, origin=origin, target=str(key.named_revision))


def upload_secret(origin: str, body: bytes, repeatable: bool, by: Session) -> None:
    """Store a secret signing key under the full name in its text. The matching public key need not exist.

    The name in the text must be the origin's: otherwise an account could occupy the names of another origin's keys.
    With `repeatable`, uploading the same key to the same origin again succeeds (platform.md 3.4).
    Raises KeyInvalid, KeyTaken, OriginMissing.
    """
    key = _parsed(body, KeyKind.SECRET_SIGNING, undecodable="Cannot parse origin secret key")
    if key.named_revision.name != origin:
        raise _refusal_of_foreign_key(key)
    try:
        retry_when_stale(lambda: _store_secret(origin, key, by))
    except KeyTaken:
        if not (repeatable and _has_secret(origin, key)):
            raise


def _refusal_of_foreign_key(key: KeyFile) -> KeyTaken | KeyInvalid:
    """Return the refusal of a key with another origin's name: the contract's 409 if that origin has it, else 422."""
    named = key.named_revision
    is_taken = read(rows.secret_key(named.name, str(named))) is not None
    return KeyTaken() if is_taken else KeyInvalid("Invalid origin secret key")


def _store_secret(origin: str, key: KeyFile, by: Session) -> None:
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        _add_secret(change, origin, key)
        _note_revision(change, origin, key)
        audit_rows.record(change, AuditAction.SECRET_KEY_UPLOAD, by, origin=origin, target=str(key.named_revision))


def _has_secret(origin: str, key: KeyFile) -> bool:
    row = read(rows.secret_key(origin, str(key.named_revision)))
    return row is not None and key_ring().open(row.box) == key.text.encode()


def encryption_key(origin: str, caller: Caller) -> KeyFile:
    """Return the origin's public encryption key; the first call generates the pair.

    A named token needs the scope `admin` to generate it, because a token to read must not change anything (accounts.md
    8.5). Raises ScopeMissing, OriginMissing.
    """
    row = read(rows.encryption_keys_key(origin))
    if row is not None:
        return KeyFile.parse(row.text, KeyKind.PUBLIC_ENCRYPTION)
    caller.require_scope(Scope.ADMIN)
    session = caller.require_session()
    text = retry_when_stale(lambda: _generate_encryption_key(origin, session))
    return KeyFile.parse(text, KeyKind.PUBLIC_ENCRYPTION)


def _generate_encryption_key(origin: str, by: Session) -> str:
    """Generate the pair unless another request did, and return the public text.

    Its revision is later than those of all signing keys, because `hab` takes the newest public key of either kind.
    """
    keys_key, clock_key = rows.encryption_keys_key(origin), rows.clock_key(origin)
    found = read_many([keys_key, clock_key])
    existing, clock = found.get(keys_key), found.get(clock_key)
    if existing is not None:
        return existing.text
    latest = None if clock is None else clock.revision
    public_half, secret_half = generate_encryption_pair(origin, _later_than(latest))
    full_name = str(public_half.named_revision)
    box = key_ring().seal(secret_half.text.encode())
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        rows.advance_clock(change, origin, latest, public_half.named_revision.revision)
        change.add(EncryptionKeysRow(keys_key.pk, keys_key.sk, text=public_half.text, box=box))
        audit_rows.record(change, AuditAction.ENCRYPTION_KEY_GENERATE, by, origin=origin, target=full_name)
    return public_half.text


def _parsed(body: bytes, kind: KeyKind, undecodable: str) -> KeyFile:
    half = "public" if kind is KeyKind.PUBLIC_SIGNING else "secret"
    try:
        return KeyFile.parse(body.decode(), kind)
    except UnicodeDecodeError as problem:
        raise KeyInvalid(undecodable) from problem
    except KeyFileMalformed as problem:
        raise KeyInvalid(f"Invalid origin {half} key") from problem


def _add_public(change: Change, origin: str, key: KeyFile) -> None:
    row_key = rows.public_key(origin, key.named_revision.revision)
    change.add(PublicSigningKeyRow(row_key.pk, row_key.sk, text=key.text), otherwise=KeyTaken())
    origin_rows.add_limited(change, origin, "keys")


def _add_secret(change: Change, origin: str, key: KeyFile) -> None:
    row_key = rows.secret_key(origin, str(key.named_revision))
    box = key_ring().seal(key.text.encode())
    change.add(SecretSigningKeyRow(row_key.pk, row_key.sk, box=box), otherwise=KeyTaken())


def _note_revision(change: Change, origin: str, key: KeyFile) -> None:
    """Advance the clock to the key's revision. An older key needs no condition, because the clock only grows."""
    latest, revision = rows.latest_revision(origin), key.named_revision.revision
    if latest is None or revision > latest:
        rows.advance_clock(change, origin, latest, revision)


def _later_than(latest: str | None) -> str:
    current = revision_at(now())
    return current if latest is None or current > latest else _second_after(latest)


def _second_after(revision: str) -> str:
    """Return the revision one second later. Raises KeyTaken after the last revision.

    Uploaded keys may have 14 digits that are not a time; the next number is then the next revision.
    """
    try:
        return next_revision(revision)
    except NamedRevisionMalformed:
        following = str(int(revision) + 1).zfill(14)
    if len(following) > 14:
        raise KeyTaken
    return following
