"""Key files: the four-line text of signing and encryption keys, and new key pairs (accounts.md 7.1-7.3)."""

from dataclasses import dataclass, field
from enum import Enum

from chalicelib.core import strict_base64
from chalicelib.core.named_revision import NamedRevision, NamedRevisionMalformed


class KeyFileMalformed(ValueError):
    """The text is no key of the kind asked for. `reason` never quotes the text, which may be a secret key."""

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


@dataclass(frozen=True, slots=True)
class KeyFile:
    """One key. Raises KeyFileMalformed for a raw key of the wrong length; `repr` and `str` never show the key."""

    kind: KeyKind
    named_revision: NamedRevision
    raw: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.raw) != self.kind.raw_length:
            raise KeyFileMalformed(f"a {self.kind.version} key has {self.kind.raw_length} bytes, not {len(self.raw)}")

    @classmethod
    def parse(cls, text: str, kind: KeyKind) -> "KeyFile":
        """Read the four lines: version, full name, anything, Base64 of the raw key; what follows is ignored.

        Raises KeyFileMalformed. Source: accounts.md 7.2.
        """
        lines = [line.removesuffix("\r") for line in text.split("\n")]
        if lines[0] != kind.version:
            raise KeyFileMalformed(f"line 1 is not {kind.version}")
        if len(lines) < 4:
            raise KeyFileMalformed("there are less than four lines")
        return cls(kind, _named_revision(lines[1]), _raw(lines[3]))

    @property
    def text(self) -> str:
        """The canonical text, which is what is stored and served; no newline at the end."""
        return f"{self.kind.version}\n{self.named_revision}\n\n{strict_base64.encoded(self.raw)}"

    @property
    def file_name(self) -> str:
        """The name of the key's file. The two public kinds share a suffix."""
        return f"{self.named_revision}{self.kind.suffix}"


def generate_signing_pair(name: str, revision: str) -> tuple[KeyFile, KeyFile]:
    """A new Ed25519 pair, public and secret key, of one full name. Raises NamedRevisionMalformed."""
    from nacl.signing import SigningKey

    named_revision = NamedRevision(name, revision)
    secret = SigningKey.generate()
    public_raw = bytes(secret.verify_key)
    return (
        KeyFile(KeyKind.PUBLIC_SIGNING, named_revision, public_raw),
        KeyFile(KeyKind.SECRET_SIGNING, named_revision, bytes(secret) + public_raw),
    )


def generate_encryption_pair(name: str, revision: str) -> tuple[KeyFile, KeyFile]:
    """A new X25519 pair, public and secret key, of one full name. Raises NamedRevisionMalformed."""
    from nacl.public import PrivateKey

    named_revision = NamedRevision(name, revision)
    secret = PrivateKey.generate()
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
