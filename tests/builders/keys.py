"""Keys as tests need them: a ring of builder keys with known bytes, key pairs, sealed values."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from nacl.signing import SigningKey

from chalicelib.core.anonymous_box import seal_anonymously
from chalicelib.core.key_file import (
    KeyFile,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.signed_box import BUILDER_KEY_NAME, KeyRing
from tests.builders.reference import REFERENCE

REVISION = "20240101000000"


def a_builder_key(revision: str = REVISION, first_byte: int = 0) -> str:
    """The text of a builder key with ascending bytes; the default is the key of the contract's test vectors."""
    raw = bytes(range(first_byte, first_byte + 32))
    return KeyFile(KeyKind.SECRET_ENCRYPTION, NamedRevision(BUILDER_KEY_NAME, revision), raw).text


def a_key_ring(*revisions: str) -> KeyRing:
    """Builder keys of these revisions, each with bytes of its own; without any the ring of the test vectors."""
    named = enumerate(revisions or (REVISION,))
    return KeyRing.from_texts(a_builder_key(revision, first_byte) for first_byte, revision in named)


def a_signing_pair(name: str = "acme", revision: str = REVISION) -> tuple[KeyFile, KeyFile]:
    """A new public and secret signing key; `.text` is what clients upload."""
    return generate_signing_pair(name, revision)


@cache
def the_signing_key(full_name: str) -> SigningKey:
    """The secret signing key of a name with its revision; always the same one."""
    return SigningKey(hashlib.blake2b(full_name.encode(), digest_size=32).digest())


@dataclass(frozen=True)
class ClientKeys:
    """The two files of a signing key pair as the client writes them."""

    name: str
    revision: str
    public: bytes
    secret: bytes

    @property
    def public_file(self) -> str:
        """What the client calls the public key's file."""
        return f"{self.name}-{self.revision}.pub"

    @property
    def secret_file(self) -> str:
        """What the client calls the secret key's file."""
        return f"{self.name}-{self.revision}.sig.key"


def client_keys() -> list[ClientKeys]:
    """Key pairs in the client's files: built ones, and every real one that lies beside the repository."""
    built = [_client_keys(name, "20240805120128") for name in ("workshop", "work_shop-2")]
    found = []
    for path in sorted((REFERENCE / "keys").glob("*.pub")):
        name, _, revision = path.stem.rpartition("-")
        secret = path.with_name(f"{path.stem}.sig.key")
        found.append(ClientKeys(name, revision, path.read_bytes(), secret.read_bytes()))
    return built + found


def _client_keys(name: str, revision: str) -> ClientKeys:
    key = the_signing_key(f"{name}-{revision}")
    public = bytes(key.verify_key)

    def file(version: str, raw: bytes) -> bytes:
        return f"{version}\n{name}-{revision}\n\n{base64.b64encode(raw).decode()}".encode()

    return ClientKeys(name, revision, file("SIG-PUB-1", public), file("SIG-SEC-1", bytes(key) + public))


def an_encryption_pair(name: str = "acme", revision: str = REVISION) -> tuple[KeyFile, KeyFile]:
    """A new public and secret encryption key."""
    return generate_encryption_pair(name, revision)


def a_sealed_value(value: str, public_key_text: str) -> str:
    """The text that a client posts as an origin secret's value, sealed for the key of `GET {o}/encryption_key`."""
    public = KeyFile.parse(public_key_text, KeyKind.PUBLIC_ENCRYPTION)
    return seal_anonymously(value.encode(), public).text


def with_one_byte_changed(text: str) -> list[str]:
    """The text with each of its characters changed in turn, always to another printable one."""
    return [text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :] for at in range(len(text))]
