"""Builder keys and the signed boxes in which they keep values at rest (accounts.md 7.5)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.core import strict_base64
from chalicelib.core.key_file import KeyFile, KeyKind, generate_encryption_pair
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed

if TYPE_CHECKING:
    from nacl.public import Box

BUILDER_KEY_NAME = "bldr"
NONCE_BYTES = 24
_MAC_BYTES = 16
_VERSION = "BOX-1"


class NoBuilderKey(Exception):
    """There is no builder key at all; the service must not run."""


class BoxMalformed(ValueError):
    """The text is no signed box."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class BoxUnreadable(ValueError):
    """The box needs a key that is not in the ring, or does not open with the key that it names."""


@dataclass(frozen=True, slots=True)
class SignedBox:
    """A value encrypted from one key for another, in its five-line text."""

    encryptor: NamedRevision
    decryptor: NamedRevision
    nonce: bytes
    ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> "SignedBox":
        """Exactly five lines, nothing around them. Raises BoxMalformed."""
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
        """The five lines, no newline at the end."""
        encode = strict_base64.encoded
        return f"{_VERSION}\n{self.encryptor}\n{self.decryptor}\n{encode(self.nonce)}\n{encode(self.ciphertext)}"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """The ring of builder keys: the newest one seals, the one named in a box opens it.

    Keys are kept under their full names. `repr` and `str` show the names and never the keys.
    """

    _keys: dict[str, KeyFile]
    _boxes: "dict[str, Box]" = field(default_factory=dict, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self._keys:
            raise NoBuilderKey

    @classmethod
    def from_texts(cls, texts: Iterable[str] | str) -> "KeyRing":
        r"""A ring of key texts, in which a backslash and an `n` may stand for a newline (as in a variable).

        Raises NoBuilderKey when there are none, KeyFileMalformed.
        """
        each = [texts] if isinstance(texts, str) else texts
        keys = [KeyFile.parse(text.replace("\\n", "\n"), KeyKind.SECRET_ENCRYPTION) for text in each]
        return cls({str(key.named_revision): key for key in keys})

    @property
    def newest(self) -> NamedRevision:
        """The key that seals: the one with the highest file name."""
        return max(self._keys.values(), key=lambda key: key.file_name).named_revision

    def seal(self, plain: bytes, nonce: bytes | None = None, key_revision: str | None = None) -> str:
        """The text of a signed box from a key to itself: the newest, or the one of that full name.

        A nonce must never be given for two different values of a key; without one it is drawn. The same value,
        nonce and key give the same text. Raises BoxUnreadable when the ring has no such key.
        """
        from nacl.utils import random

        name = str(self.newest) if key_revision is None else key_revision
        nonce = random(NONCE_BYTES) if nonce is None else nonce
        ciphertext = self._box(name).encrypt(plain, nonce).ciphertext
        named_revision = self._keys[name].named_revision
        return SignedBox(named_revision, named_revision, nonce, ciphertext).text

    def open(self, text: str) -> bytes:
        """The value in a signed box. Raises BoxMalformed, BoxUnreadable."""
        from nacl.exceptions import CryptoError

        signed = SignedBox.parse(text)
        if signed.encryptor != signed.decryptor:
            raise BoxUnreadable(f"a box from {signed.encryptor} to {signed.decryptor}, not from a key to itself")
        try:
            return self._box(str(signed.decryptor)).decrypt(signed.ciphertext, signed.nonce)
        except CryptoError as problem:
            raise BoxUnreadable(f"does not open with {signed.decryptor}") from problem

    def _box(self, name: str) -> "Box":
        """Kept, because the shared key costs two curve multiplications and every access token needs it."""
        from nacl.public import Box, PrivateKey

        if name not in self._keys:
            raise BoxUnreadable(f"no builder key {name}")
        if name not in self._boxes:
            secret = PrivateKey(self._keys[name].raw)
            self._boxes[name] = Box(secret, secret.public_key)
        return self._boxes[name]


def generate_builder_key(revision: str) -> str:
    """The key text of a new builder key. Raises NamedRevisionMalformed."""
    _, secret = generate_encryption_pair(BUILDER_KEY_NAME, revision)
    return secret.text
