"""`python -m infra.builder_key SECRET`: gives a deployment its builder key, once (accounts.md 7.5)."""

import argparse
from datetime import UTC, datetime

from chalicelib.core.signed_box import generate_builder_key
from chalicelib.platform.aws import client


def ensure_builder_key(secret: str, description: str = "") -> bool:
    """Generate the key if the secret has none; True if it was generated.

    A key that is there stays: another one could not read what was encrypted with the first.
    """
    secrets = client("secretsmanager")
    missing = secrets.exceptions.ResourceNotFoundException
    try:
        secrets.get_secret_value(SecretId=secret)
        return False
    except missing:
        key = generate_builder_key(datetime.now(UTC).strftime("%Y%m%d%H%M%S"))
    try:
        secrets.put_secret_value(SecretId=secret, SecretString=key)  # the secret may stand there without a value
    except missing:
        secrets.create_secret(Name=secret, SecretString=key, Description=description)
    return True


def main() -> None:
    """Give a secret its value."""
    parser = argparse.ArgumentParser(prog="python -m infra.builder_key", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("secret", help="name or ARN: output BuilderKeySecret of the stack")
    secret = parser.parse_args().secret
    print("generated" if ensure_builder_key(secret) else "left as it is", "in", secret)


if __name__ == "__main__":
    main()
