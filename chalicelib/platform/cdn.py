"""Signed URLs of the distribution in front of the bucket, which adds the header that hab needs (platform.md 4.3)."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

from chalicelib.platform.aws import secret_text
from chalicelib.platform.config import config

VALID_FOR = timedelta(minutes=10)
"""Only the beginning of a transfer is checked, so slow ones are safe; retries of hab ask for a fresh URL."""


def signed_url(key: str) -> str:
    """A URL of the distribution for an object. Signed here, without a call to AWS once the signing key is known.

    Raises SecretUnavailable.
    """
    from botocore.signers import CloudFrontSigner

    url = f"{config.cdn_url.rstrip('/')}/{quote(key)}"
    signer = CloudFrontSigner(config.cdn_key_id, _sign)
    return str(signer.generate_presigned_url(url, date_less_than=datetime.now(UTC) + VALID_FOR))


def _sign(message: bytes) -> bytes:
    """CloudFront verifies RSA with SHA-1 only; the message is our own policy, so collisions gain nobody anything."""
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.hashes import SHA1

    signature: bytes = _private_key().sign(message, padding.PKCS1v15(), SHA1())  # noqa: S303 - see above
    return signature


@cache
def _private_key() -> Any:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key(secret_text(config.cdn_key_secret).encode(), password=None)
