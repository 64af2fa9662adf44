"""Settings that are secret: given as text locally, and held by Secrets Manager in a deployment."""

from functools import cache

from chalicelib.platform.aws import secret_text


def secret_setting(text: str, secret: str) -> str:
    """Return the text if there is one, else the value of the secret, or an empty text if no secret is named.

    A secret is read once per process. Raises SecretUnavailable, also for a secret that has no value yet; errors are not
    cached.
    """
    return text or (_value(secret) if secret else "")


@cache
def _value(secret: str) -> str:
    return secret_text(secret).strip()
