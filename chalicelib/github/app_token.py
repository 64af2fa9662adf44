"""The token with which our GitHub App authenticates itself (platform.md 2.1)."""

import time

import jwt

from chalicelib.github.errors import GitHubFailed
from chalicelib.platform.config import config
from chalicelib.platform.secret_settings import secret_setting

LIFE_SECONDS = 100


def app_token() -> str:
    """Return a token that authenticates the App.

    Raises GitHubFailed if no App or no usable key is configured, SecretUnavailable.
    """
    now = int(time.time())
    claims = {"iat": now, "exp": now + LIFE_SECONDS, "iss": config.github_app_id}
    if not config.github_app_id:
        raise GitHubFailed(reason="no GitHub App is configured (BLDR_GITHUB_APP_ID)")
    key = secret_setting(config.github_app_private_key, config.github_app_private_key_arn).replace("\\n", "\n")
    if not key:
        raise GitHubFailed(reason="the GitHub App has no private key")
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as problem:
        raise GitHubFailed(reason="the private key of the GitHub App cannot be used") from problem
