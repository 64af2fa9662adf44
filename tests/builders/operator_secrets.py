"""The secrets that an operator fills in, under the names that the policies of the functions have in tests."""

from chalicelib.platform import secret_settings
from chalicelib.platform.aws import client

CLIENT_SECRET = "OAuthClientSecret"
APP_PRIVATE_KEY = "GitHubAppPrivateKey"
WEBHOOK_SECRET = "GitHubWebhookSecret"
CDN_SIGNING_KEY = "bldr-cdn-signing-key"
SITE_KEY = "SiteKey"


def an_operator_secret(name: str, text: str | None) -> str:
    """Create or replace a secret and return its name. Without a text it has no value, as after the first deployment."""
    client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    client("secretsmanager").create_secret(Name=name, **({} if text is None else {"SecretString": text}))
    secret_settings._value.cache_clear()
    return name
