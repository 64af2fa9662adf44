"""`python -m infra.builder_key SECRET`: generate the builder key of a deployment, once (accounts.md 7.5)."""

import argparse
from datetime import UTC, datetime

from chalicelib.core.keys.signed_box import generate_builder_key
from chalicelib.platform.aws import client


def ensure_builder_key(secret: str, description: str = "") -> bool:
    """Generate a key unless the secret has a value, and create the secret if it is missing.

    Returns True if a key was generated. An existing key is never replaced, because data encrypted with it would become
    unreadable. An empty text is not a value: ministack gives it to a secret that the template creates without one.
    """
    secrets = client("secretsmanager")
    missing = secrets.exceptions.ResourceNotFoundException
    try:
        if secrets.get_secret_value(SecretId=secret).get("SecretString") != "":
            return False
    except missing:
        pass  # without a value, or without the secret
    key = generate_builder_key(datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
    try:
        secrets.put_secret_value(SecretId=secret, SecretString=key)  # the template creates the secret without a value
    except missing:
        secrets.create_secret(Name=secret, SecretString=key, Description=description)
    return True


def main() -> None:
    """Generate the key and print whether the secret changed."""
    parser = argparse.ArgumentParser(prog="python -m infra.builder_key", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("secret", help="name or ARN of the secret: output BuilderKeySecret of the stack")
    secret = parser.parse_args().secret
    if ensure_builder_key(secret):
        print(f"generated a builder key in {secret}")
    else:
        print(f"{secret} already has a builder key; nothing changed")


if __name__ == "__main__":
    main()
