"""Keys as tests need them: a ring of builder keys with known bytes, key pairs, sealed values."""

from pathlib import Path

from chalicelib.core.anonymous_box import seal_anonymously
from chalicelib.core.key_file import (
    KeyFile,
    KeyKind,
    generate_encryption_pair,
    generate_signing_pair,
)
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.signed_box import BUILDER_KEY_NAME, KeyRing

REVISION = "20240101000000"
REFERENCE_KEYS = Path(__file__).parents[2].parent / "shared" / "data" / "keys"


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
