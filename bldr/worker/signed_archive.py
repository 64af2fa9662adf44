"""Sign the payload of a package archive, and verify the signature of one (packages.md section 12)."""

import base64
import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey, VerifyKey

from bldr.errors import ArchiveDamaged
from chalicelib.core.keys.key_file import KeyFile
from chalicelib.core.keys.named_revision import NamedRevision, NamedRevisionMalformed

BLOCK_BYTES = 1 << 20
FORM, ALGORITHM = "HART-1", "BLAKE2b"
SIGNATURE_BYTES, DIGEST_CHARACTERS = 64, 64
HEADER_BYTES = 4096
HEADER_LINES = 5


def header(digest: str, key: KeyFile) -> bytes:
    """Return the five header lines for a payload with this BLAKE2b-256 digest, signed with a secret key."""
    signed = SigningKey(key.raw[:32]).sign(digest.encode())
    lines = (FORM, str(key.named_revision), ALGORITHM, base64.b64encode(bytes(signed)).decode(), "")
    return "".join(f"{line}\n" for line in lines).encode()


def sign_archive(payload: Path, key: KeyFile, archive: Path) -> None:
    """Write an archive: the signed header and the payload. Raises OSError if the payload is a link."""
    with os.fdopen(os.open(payload, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as source:
        digest = hashlib.blake2b(digest_size=32)
        while block := source.read(BLOCK_BYTES):
            digest.update(block)
        source.seek(0)
        with archive.open("xb") as target:
            target.write(header(digest.hexdigest(), key))
            shutil.copyfileobj(source, target, BLOCK_BYTES)


def require_signature(archive: Path, public_key: Callable[[NamedRevision], KeyFile | None]) -> None:
    """Require that an archive is signed by the key that its header names. Raises ArchiveDamaged, OSError."""
    with archive.open("rb") as file:
        lines = file.read(HEADER_BYTES).split(b"\n", HEADER_LINES)
        try:
            name = NamedRevision.parse(lines[1].decode().strip())
            signed = base64.b64decode(lines[3].strip(), validate=True)
        except (IndexError, ValueError, NamedRevisionMalformed):
            raise ArchiveDamaged(f"{archive.name} has no readable signature") from None
        file.seek(sum(len(line) + 1 for line in lines[:HEADER_LINES]))
        digest = hashlib.blake2b(digest_size=32)
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
    key = public_key(name)
    if key is None:
        raise ArchiveDamaged(f"the Builder does not have the key {name}, which signed {archive.name}")
    try:
        VerifyKey(key.raw).verify(digest.hexdigest().encode(), signed[:SIGNATURE_BYTES])
    except (BadSignatureError, ValueError):
        raise ArchiveDamaged(f"the signature of {archive.name} is wrong") from None
