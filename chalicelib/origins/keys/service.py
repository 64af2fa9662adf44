"""The rules of origin keys: making, storing and handing them out (accounts.md 7.3, 8.5)."""

from collections.abc import Sequence

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.core.key_file import (
    KeyFile,
    KeyFileMalformed,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.named_revision import NamedRevisionMalformed, next_revision, revision_at
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.identity.caller import Caller
from chalicelib.origins.errors import KeyInvalid, KeyMissing, KeyTaken, KeyUploadForbidden
from chalicelib.origins.keys import rows as key_store
from chalicelib.origins.keys.rows import (
    EncryptionKeysRow,
    PublicSigningKeyRow,
    SecretSigningKeyNameRow,
    SecretSigningKeyRow,
)
from chalicelib.platform.change import Change, Stale, again_when_stale
from chalicelib.platform.clock import now
from chalicelib.platform.key_ring import key_ring
from chalicelib.platform.table import read, read_many

SECONDS_TRIED = 60
"""A full name can be taken in advance by somebody's upload; making a key goes on to later seconds that often."""


def revisions(origin: str) -> Sequence[str]:
    """The revisions of the origin's signing keys, newest first; none for an unknown origin."""
    return [row.revision for row in key_store.public_keys(origin)]


def newest_public(origin: str) -> KeyFile:
    """The public signing key of the greatest revision. Raises KeyMissing."""
    row = next(key_store.public_keys(origin, limit=1), None)
    return _public(row)


def public(origin: str, revision: str) -> KeyFile:
    """The public signing key of a revision. Raises KeyMissing."""
    return _public(read(key_store.public_key(origin, revision)))


def newest_secret(origin: str) -> KeyFile:
    """The secret signing key of the greatest full name. Raises KeyMissing, BoxUnreadable."""
    row = key_store.newest_secret_key(origin)
    if row is None:
        raise KeyMissing
    return KeyFile.parse(key_ring().open(row.box).decode(), KeyKind.SECRET_SIGNING)


def generate(origin: str, by: Session) -> None:
    """Make a signing pair, newest of the origin from now on; a second that is taken is passed over.

    Raises OriginMissing, KeyTaken.
    """
    again_when_stale(lambda: _generate(origin, by))


def upload_public(origin: str, revision: str, body: bytes, by: Caller) -> str:
    """Store a public signing key under the revision in its text, which is returned; `revision` is the one in the path.

    That it is there already is said before the right to upload is asked for: members who upload packages always try.
    Raises KeyTaken, KeyUploadForbidden, KeyInvalid, OriginMissing.
    """
    if read(key_store.public_key(origin, revision)) is not None:
        raise KeyTaken
    role = by.role_in(origin)
    if role is None or role < Role.ADMINISTRATOR:
        raise KeyUploadForbidden(origin, revision)
    key = _parsed(body, KeyKind.PUBLIC_SIGNING, unreadable="Invalid origin public key")
    if key.named_revision.name != origin:
        raise KeyInvalid("Invalid origin public key")
    session = by.require_session()
    again_when_stale(lambda: _store_public(origin, key, session))
    return key.named_revision.revision


def upload_secret(origin: str, body: bytes, repeat_is_fine: bool, by: Session) -> None:
    """Store a secret signing key under the full name in its text; its public half need not be there.

    `repeat_is_fine` lets the same key come again (platform.md 3.4). Raises KeyInvalid, KeyTaken, OriginMissing.
    """
    key = _parsed(body, KeyKind.SECRET_SIGNING, unreadable="Cannot parse origin secret key")
    if not key.named_revision.name.isprintable():  # no header could carry the file's name
        raise KeyInvalid("Invalid origin secret key")
    try:
        again_when_stale(lambda: _store_secret(origin, key, by))
    except KeyTaken:
        if not (repeat_is_fine and _has_secret(origin, key)):
            raise


def encryption_key(origin: str, by: Session) -> KeyFile:
    """The public half of the origin's one encryption key, made when first asked for. Raises OriginMissing."""
    row = read(key_store.encryption_keys_key(origin))
    text = again_when_stale(lambda: _make_encryption_key(origin, by)) if row is None else row.text
    return KeyFile.parse(text, KeyKind.PUBLIC_ENCRYPTION)


def secret_encryption_key(origin: str) -> KeyFile:
    """The secret half, which never leaves the server. Raises KeyMissing, BoxUnreadable."""
    row = read(key_store.encryption_keys_key(origin))
    if row is None:
        raise KeyMissing
    return KeyFile.parse(key_ring().open(row.box).decode(), KeyKind.SECRET_ENCRYPTION)


def _public(row: PublicSigningKeyRow | None) -> KeyFile:
    if row is None:
        raise KeyMissing
    return KeyFile.parse(row.text, KeyKind.PUBLIC_SIGNING)


def _parsed(body: bytes, kind: KeyKind, unreadable: str) -> KeyFile:
    half = "public" if kind is KeyKind.PUBLIC_SIGNING else "secret"
    try:
        return KeyFile.parse(body.decode(), kind)
    except UnicodeDecodeError as problem:
        raise KeyInvalid(unreadable) from problem
    except KeyFileMalformed as problem:
        raise KeyInvalid(f"Invalid origin {half} key") from problem


def _generate(origin: str, by: Session) -> None:
    seen = key_store.latest_revision(origin)
    revision = _later_than(seen)
    for _ in range(SECONDS_TRIED):
        public_half, secret_half = generate_signing_pair(origin, revision)
        change = Change()
        origin_rows.require(change, origin)
        key_store.advance(change, origin, seen, revision)
        _add_public(change, origin, public_half)
        _add_secret(change, origin, secret_half)
        audit_rows.record(change, AuditAction.KEY_GENERATE, by, origin=origin, target=str(public_half.named_revision))
        try:
            change.commit()
            return
        except KeyTaken:
            revision = _second_after(revision)
    raise KeyTaken


def _store_public(origin: str, key: KeyFile, by: Session) -> None:
    change = Change()
    origin_rows.require(change, origin)
    _add_public(change, origin, key)
    _note_revision(change, origin, key)
    audit_rows.record(change, AuditAction.KEY_UPLOAD, by, origin=origin, target=str(key.named_revision))
    change.commit()


def _store_secret(origin: str, key: KeyFile, by: Session) -> None:
    change = Change()
    origin_rows.require(change, origin)
    _add_secret(change, origin, key)
    if key.named_revision.name == origin:
        _note_revision(change, origin, key)
    audit_rows.record(change, AuditAction.SECRET_KEY_UPLOAD, by, origin=origin, target=str(key.named_revision))
    change.commit()


def _has_secret(origin: str, key: KeyFile) -> bool:
    row = read(key_store.secret_key(origin, str(key.named_revision)))
    return row is not None and key_ring().open(row.box) == key.text.encode()


def _make_encryption_key(origin: str, by: Session) -> str:
    """Later than every signing key of the origin, because `hab` takes the newest public key of either kind it has."""
    keys, clock = key_store.encryption_keys_key(origin), key_store.clock_key(origin)
    found = read_many([keys, clock])
    made, latest = found.get(keys), found.get(clock)
    if made is not None:
        return made.text
    seen = None if latest is None else latest.revision
    public_half, secret_half = generate_encryption_pair(origin, _later_than(seen))
    change = Change()
    origin_rows.require(change, origin)
    key_store.advance(change, origin, seen, public_half.named_revision.revision)
    box = key_ring().seal(secret_half.text.encode())
    change.add(EncryptionKeysRow(keys.pk, keys.sk, text=public_half.text, box=box), otherwise=Stale())
    audit_rows.record(
        change, AuditAction.ENCRYPTION_KEY_GENERATE, by, origin=origin, target=str(public_half.named_revision)
    )
    change.commit()
    return public_half.text


def _add_public(change: Change, origin: str, key: KeyFile) -> None:
    place = key_store.public_key(origin, key.named_revision.revision)
    change.add(PublicSigningKeyRow(place.pk, place.sk, text=key.text), otherwise=KeyTaken())


def _add_secret(change: Change, origin: str, key: KeyFile) -> None:
    full_name = str(key.named_revision)
    place, name = key_store.secret_key(origin, full_name), key_store.secret_name_key(full_name)
    box = key_ring().seal(key.text.encode())
    change.add(SecretSigningKeyNameRow(name.pk, name.sk, origin=origin), otherwise=KeyTaken())
    change.add(SecretSigningKeyRow(place.pk, place.sk, box=box), otherwise=KeyTaken())


def _note_revision(change: Change, origin: str, key: KeyFile) -> None:
    """Keep the clock at the latest revision; it only grows, so an older key needs no condition."""
    seen, revision = key_store.latest_revision(origin), key.named_revision.revision
    if seen is None or revision > seen:
        key_store.advance(change, origin, seen, revision)


def _later_than(latest: str | None) -> str:
    current = revision_at(now())
    return current if latest is None or current > latest else _second_after(latest)


def _second_after(revision: str) -> str:
    """The next second, or for 14 digits that are no time (clients may upload such) the next number. Raises KeyTaken."""
    try:
        return next_revision(revision)
    except NamedRevisionMalformed:
        following = str(int(revision) + 1).zfill(14)
    if len(following) > 14:
        raise KeyTaken
    return following
