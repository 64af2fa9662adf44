"""Anonymous boxes: values that clients seal for an origin's encryption key (accounts.md 7.6, messages of 8.8)."""

from msgspec import Struct

from chalicelib.core import strict_base64
from chalicelib.core.deferred import deferred
from chalicelib.core.keys.key_file import KeyFile, KeyKind
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed

with deferred():
    from chalicelib.core.keys import sodium

VERSION = "ANONYMOUS-BOX-1"


class AnonymousBoxMalformed(ValueError):
    """The text is not an anonymous box; `reason` is the message for the client."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AnonymousBoxUnreadable(ValueError):
    """The box does not open with the origin's key; `reason` is the message for the client."""

    reason = "Crypto error: Could not decrypt origin encrypted secret"

    def __init__(self) -> None:
        super().__init__(self.reason)


class AnonymousBox(Struct, frozen=True):
    """A sealed value and the full name of the key for which it is sealed."""

    sealed_for: NamedRevision
    ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> "AnonymousBox":
        """Return the box in a text of three lines. Raises AnonymousBoxMalformed.

        As in key files, lines may end in `\\r\\n`, and further lines are ignored.
        """
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if lines[0] != VERSION:
            raise AnonymousBoxMalformed(f"Crypto error: Unsupported version: {lines[0]}")
        if len(lines) < 3:
            raise AnonymousBoxMalformed("Crypto error: Less than three lines")
        try:
            return cls(NamedRevision.parse(lines[1]), strict_base64.decoded(lines[2].strip()))
        except NamedRevisionMalformed as problem:
            raise AnonymousBoxMalformed("Crypto error: Line 2 is not the name and revision of a key") from problem
        except strict_base64.Base64Malformed as problem:
            raise AnonymousBoxMalformed("Crypto error: The sealed value is not Base64") from problem

    @property
    def text(self) -> str:
        """The three lines, without a newline at the end."""
        return f"{VERSION}\n{self.sealed_for}\n{strict_base64.encoded(self.ciphertext)}"

    def open(self, secret: KeyFile) -> bytes:
        """Return the value, opened with the origin's secret encryption key. Raises AnonymousBoxUnreadable.

        The key's name is not compared with the name in the box.
        """
        _require(secret, KeyKind.SECRET_ENCRYPTION)
        try:
            return sodium.SealedBox(sodium.PrivateKey(secret.raw)).decrypt(self.ciphertext)
        except sodium.CryptoError as problem:
            raise AnonymousBoxUnreadable from problem


def seal_anonymously(value: bytes, public: KeyFile) -> AnonymousBox:
    """Seal a value for an origin's public encryption key, as clients do; each call returns a different box."""
    _require(public, KeyKind.PUBLIC_ENCRYPTION)
    ciphertext = sodium.SealedBox(sodium.PublicKey(public.raw)).encrypt(value)
    return AnonymousBox(public.named_revision, ciphertext)


def _require(key: KeyFile, kind: KeyKind) -> None:
    if key.kind is not kind:
        raise ValueError(f"a {kind.version} key is needed, not a {key.kind.version}")
