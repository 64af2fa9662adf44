"""Key files, the four-line texts of signing and encryption keys, and new key pairs (accounts.md 7.1-7.3)."""

from enum import Enum

from msgspec import Struct

from chalicelib.core import strict_base64
from chalicelib.core.deferred import deferred
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed

with deferred():
    from chalicelib.core.keys import sodium


class KeyFileMalformed(ValueError):
    """The text is not a key of the expected kind. `reason` never quotes the text, which may be a secret key."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeyKind(Enum):
    """A kind of key: its version line, the length of the raw key in bytes, and the suffix of its file."""

    PUBLIC_SIGNING = ("SIG-PUB-1", 32, ".pub")
    SECRET_SIGNING = ("SIG-SEC-1", 64, ".sig.key")  # libsodium's form: the seed, then the public key
    PUBLIC_ENCRYPTION = ("BOX-PUB-1", 32, ".pub")
    SECRET_ENCRYPTION = ("BOX-SEC-1", 32, ".box.key")

    def __init__(self, version: str, raw_length: int, suffix: str) -> None:
        self.version = version
        self.raw_length = raw_length
        self.suffix = suffix


class KeyFile(Struct, frozen=True):
    """One key. Raises KeyFileMalformed if the raw key has the wrong length; `repr` and `str` do not show the key."""

    kind: KeyKind
    named_revision: NamedRevision
    raw: bytes

    def __post_init__(self) -> None:
        if len(self.raw) != self.kind.raw_length:
            raise KeyFileMalformed(f"a {self.kind.version} key has {self.kind.raw_length} bytes, not {len(self.raw)}")

    def __repr__(self) -> str:
        return f"KeyFile({self.kind.name}, {self.named_revision})"

    @classmethod
    def parse(cls, text: str, kind: KeyKind) -> "KeyFile":
        """Return the key in a text of four lines: version, full name, any text, Base64 of the raw key.

        Further lines are ignored. Raises KeyFileMalformed. Source: accounts.md 7.2.
        """
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if lines[0] != kind.version:
            raise KeyFileMalformed(f"line 1 is not {kind.version}")
        if len(lines) < 4:
            raise KeyFileMalformed("there are less than four lines")
        return cls(kind, _named_revision(lines[1]), _raw(lines[3]))

    @property
    def text(self) -> str:
        """The canonical text, which is stored and served, without a newline at the end."""
        return f"{self.kind.version}\n{self.named_revision}\n\n{strict_base64.encoded(self.raw)}"

    @property
    def file_name(self) -> str:
        """The name of the key's file. The two public kinds have the same suffix."""
        return f"{self.named_revision}{self.kind.suffix}"


def generate_signing_pair(name: str, revision: str) -> tuple[KeyFile, KeyFile]:
    """Return a new Ed25519 pair, public and secret key, with one full name. Raises NamedRevisionMalformed."""
    named_revision = NamedRevision(name, revision)
    secret = sodium.SigningKey.generate()
    public_raw = bytes(secret.verify_key)
    return (
        KeyFile(KeyKind.PUBLIC_SIGNING, named_revision, public_raw),
        KeyFile(KeyKind.SECRET_SIGNING, named_revision, bytes(secret) + public_raw),
    )


def generate_encryption_pair(name: str, revision: str) -> tuple[KeyFile, KeyFile]:
    """Return a new X25519 pair, public and secret key, with one full name. Raises NamedRevisionMalformed."""
    named_revision = NamedRevision(name, revision)
    secret = sodium.PrivateKey.generate()
    return (
        KeyFile(KeyKind.PUBLIC_ENCRYPTION, named_revision, bytes(secret.public_key)),
        KeyFile(KeyKind.SECRET_ENCRYPTION, named_revision, bytes(secret)),
    )


def _named_revision(line: str) -> NamedRevision:
    try:
        return NamedRevision.parse(line)
    except NamedRevisionMalformed:
        raise KeyFileMalformed("line 2 is not <name>-<revision>") from None  # the cause would quote the line


def _raw(line: str) -> bytes:
    try:
        return strict_base64.decoded(line.strip())
    except strict_base64.Base64Malformed:
        raise KeyFileMalformed("line 4 is not padded Base64") from None
