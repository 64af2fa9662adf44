"""Builder keys with known bytes, key pairs, sealed values."""

import base64
import hashlib
from dataclasses import dataclass
from functools import cache

from nacl.signing import SigningKey

from chalicelib.core.keys.anonymous_box import seal_anonymously
from chalicelib.core.keys.key_file import (
    KeyFile,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.keys.named_revision import NamedRevision
from chalicelib.core.keys.signed_box import BUILDER_KEY_NAME, KeyRing
from tests.builders.reference import REFERENCE

REVISION = "20240101000000"


def a_builder_key(revision: str = REVISION, first_byte: int = 0) -> str:
    """Return the text of a builder key with ascending bytes; by default the key of the contract's test vectors."""
    raw = bytes(range(first_byte, first_byte + 32))
    return KeyFile(KeyKind.SECRET_ENCRYPTION, NamedRevision(BUILDER_KEY_NAME, revision), raw).text


def a_key_ring(*revisions: str) -> KeyRing:
    """Return builder keys with these revisions and different bytes; by default that of the contract's test vectors."""
    numbered = enumerate(revisions or (REVISION,))
    return KeyRing.from_texts(a_builder_key(revision, first_byte) for first_byte, revision in numbered)


def a_signing_pair(name: str = "acme", revision: str = REVISION) -> tuple[KeyFile, KeyFile]:
    """Return a new public and secret signing key; clients upload their `.text`."""
    return generate_signing_pair(name, revision)


@cache
def the_signing_key(full_name: str) -> SigningKey:
    """Return the secret signing key with a full name; the same key for every call."""
    return SigningKey(hashlib.blake2b(full_name.encode(), digest_size=32).digest())


@dataclass(frozen=True)
class ClientKeys:
    """The two files of a signing key pair as `hab` writes them."""

    name: str
    revision: str
    public: bytes
    secret: bytes

    @property
    def public_file(self) -> str:
        """The name of the public key's file."""
        return f"{self.name}-{self.revision}.pub"

    @property
    def secret_file(self) -> str:
        """The name of the secret key's file."""
        return f"{self.name}-{self.revision}.sig.key"


def client_keys() -> list[ClientKeys]:
    """Return key pairs in the format of `hab`: generated ones, and those that `hab` wrote if they are available."""
    generated = [_client_keys(name, "20240805120128") for name in ("workshop", "work_shop-2")]
    written_by_hab = []
    for path in sorted((REFERENCE / "keys").glob("*.pub")):
        name, _, revision = path.stem.rpartition("-")
        secret = path.with_name(f"{path.stem}.sig.key")
        written_by_hab.append(ClientKeys(name, revision, path.read_bytes(), secret.read_bytes()))
    return generated + written_by_hab


def _client_keys(name: str, revision: str) -> ClientKeys:
    key = the_signing_key(f"{name}-{revision}")
    public = bytes(key.verify_key)

    def file(version: str, raw: bytes) -> bytes:
        return f"{version}\n{name}-{revision}\n\n{base64.b64encode(raw).decode()}".encode()

    return ClientKeys(name, revision, file("SIG-PUB-1", public), file("SIG-SEC-1", bytes(key) + public))


def an_encryption_pair(name: str = "acme", revision: str = REVISION) -> tuple[KeyFile, KeyFile]:
    """Return a new public and secret encryption key."""
    return generate_encryption_pair(name, revision)


def a_sealed_value(value: str, public_key_text: str) -> str:
    """Return the value of an origin secret as clients post it, sealed for the key of `GET {o}/encryption_key`."""
    public = KeyFile.parse(public_key_text, KeyKind.PUBLIC_ENCRYPTION)
    return seal_anonymously(value.encode(), public).text


def with_one_byte_changed(text: str) -> list[str]:
    """Return one copy of the text for each character, with that character replaced by another printable one."""
    return [text[:at] + ("B" if text[at] == "A" else "A") + text[at + 1 :] for at in range(len(text))]
