"""Rows of origin keys, in the origin's partition (accounts.md 7.3, 8.5 and section 9).

Every key has the name of its origin, so its row key makes its full name unique across all origins.
"""

from collections.abc import Iterator

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row
from chalicelib.platform.table import read, rows

PUBLIC = "SIGNING-KEY#"
SECRET = "SECRET-SIGNING-KEY#"


class PublicSigningKeyRow(Row):
    """A public signing key as canonical text."""

    text = UnicodeAttribute()

    @property
    def revision(self) -> str:
        """The key's revision; rows are sorted by it."""
        return self.sk.removeprefix(PUBLIC)


class SecretSigningKeyRow(Row):
    """A secret signing key: its canonical text in a signed box of the builder key."""

    box = UnicodeAttribute()

    @property
    def full_name(self) -> str:
        """Name and revision; rows are sorted by it, so the last one is the newest key."""
        return self.sk.removeprefix(SECRET)


class EncryptionKeysRow(Row):
    """The encryption key pair of an origin: the public text, and the secret text in a signed box."""

    text = UnicodeAttribute()
    box = UnicodeAttribute()


class KeyClockRow(Row):
    """The latest revision of any key of the origin. The next generated key gets a later one."""

    revision = UnicodeAttribute()


def public_key(origin: str, revision: str) -> Key[PublicSigningKeyRow]:
    """Return the row key of a public signing key."""
    return Key(PublicSigningKeyRow, origin_partition(origin), PUBLIC + revision)


def secret_key(origin: str, full_name: str) -> Key[SecretSigningKeyRow]:
    """Return the row key of a secret signing key."""
    return Key(SecretSigningKeyRow, origin_partition(origin), SECRET + full_name)


def encryption_keys_key(origin: str) -> Key[EncryptionKeysRow]:
    """Return the row key of an origin's encryption key pair."""
    return Key(EncryptionKeysRow, origin_partition(origin), "ENCRYPTION-KEYS")


def clock_key(origin: str) -> Key[KeyClockRow]:
    """Return the row key of an origin's latest revision."""
    return Key(KeyClockRow, origin_partition(origin), "KEY-CLOCK")


def public_keys(origin: str, limit: int | None = None) -> Iterator[PublicSigningKeyRow]:
    """Return the public signing keys of an origin, newest first."""
    return rows(PublicSigningKeyRow, origin_partition(origin), begins=PUBLIC, newest_first=True, limit=limit)


def secret_keys(origin: str, limit: int | None = None) -> Iterator[SecretSigningKeyRow]:
    """Return the secret signing keys of an origin, greatest full name first."""
    return rows(SecretSigningKeyRow, origin_partition(origin), begins=SECRET, newest_first=True, limit=limit)


def newest_secret_key(origin: str) -> SecretSigningKeyRow | None:
    """Return the secret signing key with the greatest full name, or None. One Query of one row."""
    return next(secret_keys(origin, limit=1), None)


def latest_revision(origin: str) -> str | None:
    """Return the latest revision of any key of the origin, or None if it has no key."""
    row = read(clock_key(origin))
    return None if row is None else row.revision


def advance_clock(change: Change, origin: str, latest: str | None, revision: str) -> None:
    """Set the latest revision, on condition that it is still `latest` (Stale)."""
    key = clock_key(origin)
    unchanged = KeyClockRow.pk.does_not_exist() if latest is None else KeyClockRow.revision == latest
    change.put(KeyClockRow(key.pk, key.sk, revision=revision), condition=unchanged)
