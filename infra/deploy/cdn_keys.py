"""Key pairs that sign download URLs: generated here, and stored only in Secrets Manager.

The secret of a slot of the template exists only after the slot has a public key. Until then a secret of its own, with a
name of its own, holds the private key, so that a run that is interrupted between the two continues with the same pair.
"""

from contextlib import suppress
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from infra.deploy.aws import Account

BITS = 2048
"""CloudFront accepts no other RSA keys."""


def pending_name(stack: str, slot: str) -> str:
    """Return the name of the secret that holds the private key of a slot until the slot has its own."""
    return f"{stack}-downloads-{slot.lower()}-pending"


def prepare(account: Account, stack: str, slot: str) -> str:
    """Return the public key (PEM) of the pair that waits for a slot, which is generated if there is none."""
    name = pending_name(stack, slot)
    private = account.secret_value(name)
    if private is None:
        private = generate()
        description = "Private key that signs download URLs, until the stack has a secret for it"
        account.secrets.create_secret(Name=name, SecretString=private, Description=description)
    return public_of(private)


def install(account: Account, stack: str, slot: str, secret: str) -> bool:
    """Move the waiting private key to the secret of its slot, and return whether there was one.

    Does not replace a key that the secret already holds.
    """
    name = pending_name(stack, slot)
    private = account.secret_value(name)
    if private is None:
        return False
    if account.secret_value(secret) is None:
        account.secrets.put_secret_value(SecretId=secret, SecretString=private)
    with suppress(account.secrets.exceptions.ResourceNotFoundException):
        account.secrets.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    return True


def generate() -> str:
    """Return the private key (PEM) of a new pair."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_of(private: str) -> str:
    """Return the public key (PEM) of a private key."""
    key: Any = load_pem_private_key(private.encode(), password=None)
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())
