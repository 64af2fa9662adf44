"""Anonymous boxes: values that clients seal for an origin's encryption key (accounts.md 7.6, texts of 8.8)."""

from dataclasses import dataclass

from chalicelib.core import strict_base64
from chalicelib.core.key_file import KeyFile, KeyKind
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed

VERSION = "ANONYMOUS-BOX-1"


class AnonymousBoxMalformed(ValueError):
    """The text is no anonymous box; `reason` says why in words that the client may read."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class AnonymousBoxUnreadable(ValueError):
    """The box does not open with the origin's key; `reason` is the text of the answer."""

    reason = "Crypto error: Could not decrypt origin encrypted secret"

    def __init__(self) -> None:
        super().__init__(self.reason)


@dataclass(frozen=True, slots=True)
class AnonymousBox:
    """A sealed value and the full name of the key that it was sealed for."""

    sealed_for: NamedRevision
    ciphertext: bytes

    @classmethod
    def parse(cls, text: str) -> "AnonymousBox":
        """Read the three lines as liberally as key files: `\\r\\n` is tolerated, what follows is ignored.

        Raises AnonymousBoxMalformed.
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
        """The three lines, no newline at the end."""
        return f"{VERSION}\n{self.sealed_for}\n{strict_base64.encoded(self.ciphertext)}"

    def open(self, secret: KeyFile) -> bytes:
        """The sealed value, by the origin's secret encryption key; the name in the box is not compared with the key's.

        Raises AnonymousBoxUnreadable.
        """
        from nacl.exceptions import CryptoError
        from nacl.public import PrivateKey, SealedBox

        _require(secret, KeyKind.SECRET_ENCRYPTION)
        try:
            return SealedBox(PrivateKey(secret.raw)).decrypt(self.ciphertext)
        except CryptoError as problem:
            raise AnonymousBoxUnreadable from problem


def seal_anonymously(value: bytes, public: KeyFile) -> AnonymousBox:
    """Seal a value for an origin's public encryption key, as clients do; every call gives another box."""
    from nacl.public import PublicKey, SealedBox

    _require(public, KeyKind.PUBLIC_ENCRYPTION)
    return AnonymousBox(public.named_revision, SealedBox(PublicKey(public.raw)).encrypt(value))


def _require(key: KeyFile, kind: KeyKind) -> None:
    if key.kind is not kind:
        raise ValueError(f"a {kind.version} key is needed, not a {key.kind.version}")
