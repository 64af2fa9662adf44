"""Exchange of a code for an identity, in two calls to the configured provider (accounts.md section 5)."""

import time

from msgspec.structs import replace

from chalicelib.accounts.errors import ProviderFailed, ProviderRefused
from chalicelib.accounts.sign_in.providers import PROVIDERS, OAuthProvider
from chalicelib.identity.registration import Identity
from chalicelib.platform.config import Config
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, Unreadable, send
from chalicelib.platform.secret_settings import secret_setting

TOTAL_SECONDS = 20.0
"""The time limit of both calls together. The function times out after 29 seconds."""


def identity_of(code: str, settings: Config) -> Identity:
    """Return the identity of the user that a code was issued for.

    Raises ProviderRefused with the text of the provider, ProviderFailed, SecretUnavailable.
    """
    provider = PROVIDERS[settings.oauth_provider]
    client_secret = secret_setting(settings.oauth_client_secret, settings.oauth_client_secret_arn)
    settings = replace(settings, oauth_client_secret=client_secret)
    deadline = time.monotonic() + TOTAL_SECONDS
    token = _access_token(_send(provider.token_request(code, settings), deadline))
    response = _send(_user_request(provider, token, settings), deadline)
    try:
        user = provider.user(response.json_object())
    except (KeyError, Unreadable) as problem:
        raise ProviderFailed from problem
    return Identity(user.extern_id, user.name, user.email, provider.kind, token)


def _send(request: OutboundRequest, deadline: float) -> OutboundResponse:
    try:
        response = send(request, max(0.0, deadline - time.monotonic()))
    except Unreachable as problem:
        raise ProviderFailed from problem
    if not response.is_success:
        raise ProviderRefused(response.text, reason=f"the provider answered {response.status}")
    return response


def _access_token(response: OutboundResponse) -> str:
    """Return the access token in a response. GitHub answers 200 with an `error` field for a wrong or used code."""
    try:
        token = response.json_object()["access_token"]
    except (KeyError, Unreadable) as problem:
        raise ProviderFailed from problem
    if not isinstance(token, str) or not token:
        raise ProviderFailed(reason="the provider answered without a token")
    return token


def _user_request(provider: OAuthProvider, token: str, settings: Config) -> OutboundRequest:
    headers = {"Authorization": f"Bearer {token}", **provider.accept}
    return OutboundRequest("GET", settings.oauth_userinfo_url, headers)
