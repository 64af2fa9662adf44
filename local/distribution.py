"""The local stand-in for the CDN distribution: its signing key and the check of signed URLs (platform.md 4.3, D3).

The URLs use CloudFront's canned policy: an RSA SHA-1 signature over the URL and its expiry time.
"""

import base64
import binascii
import json
import re
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from chalicelib.platform.aws import client
from chalicelib.platform.config import Config
from local.artifacts import PREFIX
from local.state.folder import write_private

KEY_ID = "local"
"""Id of the signing key that the local stack generates itself."""

_TIME = re.compile("[0-9]{1,12}")
_FROM_URL = str.maketrans("-_~", "+=/")


def ensure_signing_key(settings: Config, kept: Path | None = None) -> None:
    """Generate the stand-in's signing key unless it exists. Does nothing if the settings name another key.

    `kept`: a file that keeps the key when the engine is restarted, so that signed URLs stay valid.
    """
    if settings.cdn_key_id != KEY_ID:
        return
    secret, secrets = settings.cdn_key_secret, client("secretsmanager")
    try:
        secrets.get_secret_value(SecretId=secret)
    except secrets.exceptions.ResourceNotFoundException:
        secrets.create_secret(Name=secret, SecretString=_signing_key(kept))


def _signing_key(kept: Path | None) -> str:
    if kept is not None and kept.exists():
        return kept.read_text()
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    if kept is not None:
        write_private(kept, pem)
    return pem


class SignedUrls:
    """Checks URLs below `/artifacts/` as the distribution at `settings.cdn_url` does."""

    def __init__(self, settings: Config) -> None:
        self._settings = settings

    def __call__(self, raw_path: str, query: Mapping[str, str]) -> bool:
        """Return True if the URL is signed with our key and has not expired. Any other query parameter is refused."""
        if not self._settings.cdn_key_secret or set(query) != {"Expires", "Signature", "Key-Pair-Id"}:
            return False
        expires = query["Expires"]
        if query["Key-Pair-Id"] != self._settings.cdn_key_id or not _TIME.fullmatch(expires):
            return False
        if int(expires) <= time.time():
            return False
        url = f"{self._settings.cdn_url.rstrip('/')}/{raw_path.removeprefix(PREFIX)}"
        return self._is_signed(_canned_policy(url, int(expires)), query["Signature"])

    def _is_signed(self, policy: bytes, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature.translate(_FROM_URL), validate=True)
            self._public_key.verify(raw, policy, padding.PKCS1v15(), SHA1())  # noqa: S303 - CloudFront supports no other
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True

    @cached_property
    def _public_key(self) -> Any:
        secret = client("secretsmanager").get_secret_value(SecretId=self._settings.cdn_key_secret)["SecretString"]
        return load_pem_private_key(secret.encode(), password=None).public_key()


def _canned_policy(url: str, expires: int) -> bytes:
    condition = {"DateLessThan": {"AWS:EpochTime": expires}}
    return json.dumps({"Statement": [{"Resource": url, "Condition": condition}]}, separators=(",", ":")).encode()
