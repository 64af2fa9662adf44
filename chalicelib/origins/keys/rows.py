"""Rows of origin keys, in the origin's partition (accounts.md 7.3, 8.5 and section 9).

Public keys carry the origin's name, so their place alone makes their full names unique. A secret signing key may carry
any name: a row under its full name, written in the same transaction, keeps it unique across all origins.
"""

from collections.abc import Iterator

from chalicelib.catalog.origin_rows import origin_partition
from chalicelib.platform.attributes import UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, Row, partition, read, rows

PUBLIC = "SIGNING-KEY#"
SECRET = "SECRET-SIGNING-KEY#"


class PublicSigningKeyRow(Row):
    """The public half of a signing key, as canonical text."""

    text = UnicodeAttribute()

    @property
    def revision(self) -> str:
        """When the key was made; the sort key, so rows stand in the order of revisions."""
        return self.sk.removeprefix(PUBLIC)


class SecretSigningKeyRow(Row):
    """The secret half of a signing key: its canonical text in a signed box of the builder key."""

    box = UnicodeAttribute()

    @property
    def full_name(self) -> str:
        """Name and revision; the sort key, so the last row is the newest key."""
        return self.sk.removeprefix(SECRET)


class SecretSigningKeyNameRow(Row):
    """The full name of a secret signing key, taken while an origin has the key."""

    origin = UnicodeAttribute()


class EncryptionKeysRow(Row):
    """Both halves of an origin's one encryption key: the public text, and the secret text in a signed box."""

    text = UnicodeAttribute()
    box = UnicodeAttribute()


class KeyClockRow(Row):
    """The latest revision of any key that carries the origin's name: the next key to be made is later."""

    revision = UnicodeAttribute()


def public_key(origin: str, revision: str) -> Key[PublicSigningKeyRow]:
    """Where a public signing key stands."""
    return Key(PublicSigningKeyRow, origin_partition(origin), PUBLIC + revision)


def secret_key(origin: str, full_name: str) -> Key[SecretSigningKeyRow]:
    """Where a secret signing key stands."""
    return Key(SecretSigningKeyRow, origin_partition(origin), SECRET + full_name)


def secret_name_key(full_name: str) -> Key[SecretSigningKeyNameRow]:
    """Where the full name of a secret signing key is taken."""
    return Key(SecretSigningKeyNameRow, partition("SECRET-SIGNING-KEY", full_name), "ORIGIN")


def encryption_keys_key(origin: str) -> Key[EncryptionKeysRow]:
    """Where the encryption key of an origin stands."""
    return Key(EncryptionKeysRow, origin_partition(origin), "ENCRYPTION-KEYS")


def clock_key(origin: str) -> Key[KeyClockRow]:
    """Where an origin's latest revision stands."""
    return Key(KeyClockRow, origin_partition(origin), "KEY-CLOCK")


def public_keys(origin: str, limit: int | None = None) -> Iterator[PublicSigningKeyRow]:
    """Public signing keys, newest first."""
    return rows(PublicSigningKeyRow, origin_partition(origin), begins=PUBLIC, newest_first=True, limit=limit)


def secret_keys(origin: str, limit: int | None = None) -> Iterator[SecretSigningKeyRow]:
    """Secret signing keys, greatest full name first."""
    return rows(SecretSigningKeyRow, origin_partition(origin), begins=SECRET, newest_first=True, limit=limit)


def newest_secret_key(origin: str) -> SecretSigningKeyRow | None:
    """The secret signing key of the greatest full name. One Query of one row."""
    return next(secret_keys(origin, limit=1), None)


def latest_revision(origin: str) -> str | None:
    """The latest revision of any key of the origin's name."""
    row = read(clock_key(origin))
    return None if row is None else row.revision


def advance(change: Change, origin: str, seen: str | None, revision: str) -> None:
    """Set the latest revision, unless another key came since it was seen (Stale)."""
    key = clock_key(origin)
    unchanged = KeyClockRow.pk.does_not_exist() if seen is None else KeyClockRow.revision == seen
    change.put(KeyClockRow(key.pk, key.sk, revision=revision), condition=unchanged)
