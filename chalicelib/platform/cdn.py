"""Signed URLs of the distribution in front of the bucket, which adds the header that hab needs (platform.md 4.3).

Defer this module: `cryptography` is slow to import.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import quote

from botocore.signers import CloudFrontSigner
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from chalicelib.platform.aws import SecretUnavailable, secret_text
from chalicelib.platform.config import config

VALID_FOR = timedelta(minutes=10)
"""CloudFront checks the expiry only when a transfer begins, so slow transfers finish; each retry of hab gets a new
URL."""


def signed_url(key: str) -> str:
    """Return a URL of the distribution for an object. Raises SecretUnavailable.

    Signed locally; only the first call of a process reads the signing key from Secrets Manager.
    """
    url = f"{config.cdn_url.rstrip('/')}/{quote(key)}"
    signer = CloudFrontSigner(config.cdn_key_id, _sign)
    return str(signer.generate_presigned_url(url, date_less_than=datetime.now(UTC) + VALID_FOR))


def _sign(message: bytes) -> bytes:
    # CloudFront verifies only RSA with SHA-1. Collisions are no threat: this service writes the message, a policy.
    signature: bytes = _private_key().sign(message, padding.PKCS1v15(), SHA1())  # noqa: S303 - CloudFront knows no other
    return signature


@cache
def _private_key() -> Any:
    text = secret_text(config.cdn_key_secret)
    try:
        return load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as problem:
        raise SecretUnavailable(config.cdn_key_secret) from problem
