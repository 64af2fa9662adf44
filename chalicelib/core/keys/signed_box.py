"""Signed boxes, which store values encrypted, and the builder keys that seal and open them (accounts.md 7.5)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from msgspec import Struct

from chalicelib.core import strict_base64
from chalicelib.core.deferred import deferred
from chalicelib.core.keys.key_file import KeyFile, KeyKind, generate_encryption_pair
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed

with deferred():
    from chalicelib.core.keys import sodium

BUILDER_KEY_NAME = "bldr"
NONCE_BYTES = 24
_MAC_BYTES = 16
_VERSION = "BOX-1"
_KEY_BEGINS = re.compile(rf"^{KeyKind.SECRET_ENCRYPTION.version}\r?$", re.MULTILINE)


class NoBuilderKey(Exception):
    """No builder key is configured; the service must not start."""


class BoxMalformed(ValueError):
    """The text is not a signed box."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BoxUnreadable(ValueError):
    """The ring does not have the box's key, or the key does not open the box. The text names keys and their source."""


class SignedBox(Struct, frozen=True):
    """A value encrypted by one key for another, with a text of five lines."""

    encryptor: NamedRevision
    decryptor: NamedRevision
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> SignedBox:
        """Return the box in a text of exactly five lines. Raises BoxMalformed."""
        lines = text.split("\n")
        if len(lines) != 5 or lines[0] != _VERSION:
            raise BoxMalformed(f"not the five lines of a {_VERSION}")
        try:
            names = NamedRevision.parse(lines[1]), NamedRevision.parse(lines[2])
            nonce, ciphertext = strict_base64.decoded(lines[3]), strict_base64.decoded(lines[4])
        except NamedRevisionMalformed as problem:
            raise BoxMalformed("line 2 or 3 is not <name>-<revision>") from problem
        except strict_base64.Base64Malformed as problem:
            raise BoxMalformed("line 4 or 5 is not padded Base64") from problem
        if len(nonce) != NONCE_BYTES or len(ciphertext) < _MAC_BYTES:
            raise BoxMalformed(f"the nonce has {len(nonce)} bytes, the ciphertext {len(ciphertext)}")
        return cls(*names, nonce, ciphertext)

    @property
    def text(self) -> str:
        """The five lines, without a newline at the end."""
        encode = strict_base64.encoded
        return f"{_VERSION}\n{self.encryptor}\n{self.decryptor}\n{encode(self.nonce)}\n{encode(self.ciphertext)}"


class KeyRing:
    """The builder keys by full name: one of them seals boxes, and each opens the boxes that name it.

    `source` says in error texts where the keys are from. `find` is asked for keys when a box names one that the ring
    does not have. `sealing` is the full name of the sealing key, by default the newest. Raises NoBuilderKey for an
    empty ring. `repr` and `str` show the names and not the keys.
    """

    def __init__(
        self,
        keys: Iterable[KeyFile],
        source: str = "the key ring",
        find: Callable[[], Iterable[KeyFile]] = tuple,
        sealing: str | None = None,
    ) -> None:
        self._source = source
        self._find = find
        self._keys = _by_name(keys)
        self._boxes: dict[str, sodium.Box] = {}
        if not self._keys:
            raise NoBuilderKey
        self._sealing = str(self.newest) if sealing is None else sealing

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(self._keys)})"

    @classmethod
    def from_texts(cls, texts: Iterable[str] | str, source: str = "the key ring") -> KeyRing:
        """Return the ring of the keys in these texts (`read_keys`). Raises NoBuilderKey and KeyFileMalformed."""
        return cls(read_keys(texts), source)

    @property
    def newest(self) -> NamedRevision:
        """The full name of the newest key: the key whose file name is the greatest."""
        return max(self._keys.values(), key=lambda key: key.file_name).named_revision

    def seal(self, plain: bytes, nonce: bytes | None = None, key_revision: str | None = None) -> str:
        """Return the text of a signed box from a key to itself. Raises BoxUnreadable if the ring lacks the key.

        `key_revision` is the full name of the key, by default the sealing key. The nonce is random by default; one
        nonce must never be used for two different values with the same key. The same value, nonce and key return the
        same text.
        """
        name = self._sealing if key_revision is None else key_revision
        nonce = sodium.random(NONCE_BYTES) if nonce is None else nonce
        ciphertext = self._box(name).encrypt(plain, nonce).ciphertext
        named_revision = self._keys[name].named_revision
        return SignedBox(named_revision, named_revision, nonce, ciphertext).text

    def open(self, text: str) -> bytes:
        """Return the value in a signed box. Raises BoxMalformed and BoxUnreadable."""
        signed = SignedBox.parse(text)
        if signed.encryptor != signed.decryptor:
            raise BoxUnreadable(f"a box from {signed.encryptor} to {signed.decryptor}, not from a key to itself")
        try:
            return self._box(str(signed.decryptor)).decrypt(signed.ciphertext, signed.nonce)
        except sodium.CryptoError as problem:
            raise BoxUnreadable(f"{self._source} has another key {signed.decryptor} than the stored data") from problem

    def _box(self, name: str) -> sodium.Box:
        # Cached: creating it takes two curve multiplications, and every access token needs it.
        if name not in self._keys:
            self._keys |= _by_name(self._find())
        if name not in self._keys:
            raise BoxUnreadable(f"{self._source} has no key {name}, which encrypted the stored data")
        if name not in self._boxes:
            secret = sodium.PrivateKey(self._keys[name].raw)
            self._boxes[name] = sodium.Box(secret, secret.public_key)
        return self._boxes[name]


def read_keys(texts: Iterable[str] | str) -> list[KeyFile]:
    r"""Return the builder keys in texts, each of which has one key or several, one after the other.

    Raises KeyFileMalformed. A backslash and an `n` may replace a newline, as in environment variables.
    """
    each = [texts] if isinstance(texts, str) else texts
    return [KeyFile.parse(part, KeyKind.SECRET_ENCRYPTION) for text in each for part in _parts(text)]


def _parts(text: str) -> Iterator[str]:
    """Yield the texts of the keys in a text. A text that does not begin with a key is returned whole."""
    text = text.replace("\\n", "\n")
    starts = [match.start() for match in _KEY_BEGINS.finditer(text)]
    if not starts or starts[0] != 0:
        yield text
        return
    for start, end in pairwise([*starts, len(text)]):
        yield text[start:end]


def sealing_key(keys: Iterable[KeyFile], now: datetime, settled: timedelta) -> str:
    """Return the full name of the key that seals: the newest one that is older than `settled`, else the oldest one.

    A new key does not seal at once, because other processes do not know it yet and could not open its boxes.
    """
    in_order = sorted(keys, key=lambda key: key.file_name)
    old = [key for key in in_order if now - made_at(key) >= settled]
    return str((old[-1] if old else in_order[0]).named_revision)


def made_at(key: KeyFile) -> datetime:
    """Return the time in the revision of a key. Digits that are not a time count as a time long ago."""
    try:
        return datetime.strptime(key.named_revision.revision, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)


def _by_name(keys: Iterable[KeyFile]) -> dict[str, KeyFile]:
    return {str(key.named_revision): key for key in keys}


def generate_builder_key(revision: str) -> str:
    """Return the key text of a new builder key. Raises NamedRevisionMalformed."""
    _, secret = generate_encryption_pair(BUILDER_KEY_NAME, revision)
    return secret.text
