"""A code becomes an identity in two calls to the configured provider (accounts.md section 5)."""

import time

from chalicelib.accounts.errors import ProviderFailed, ProviderRefused
from chalicelib.accounts.sign_in.providers import PROVIDERS, OAuthProvider
from chalicelib.identity.registration import Identity
from chalicelib.platform.config import Config
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, Unreadable, send

TOTAL_SECONDS = 20.0
"""Both calls together; API Gateway gives up after 29."""


def identity_of(code: str, known: Config) -> Identity:
    """Who the provider says has this code. Raises ProviderRefused with the provider's text, ProviderFailed."""
    provider = PROVIDERS[known.oauth_provider]
    ends = time.monotonic() + TOTAL_SECONDS
    token = _access_token(_told(provider.token_request(code, known), ends))
    user = _told(_user_request(provider, token, known), ends)
    try:
        person = provider.person(user.json_object())
    except (KeyError, Unreadable) as problem:
        raise ProviderFailed from problem
    return Identity(person.extern_id, person.name, person.email, provider.kind, token)


def _told(ask: OutboundRequest, ends: float) -> OutboundResponse:
    try:
        told = send(ask, max(0.0, ends - time.monotonic()))
    except Unreachable as problem:
        raise ProviderFailed from problem
    if not told.is_success:
        raise ProviderRefused(told.text)
    return told


def _access_token(told: OutboundResponse) -> str:
    """The token in the answer; GitHub says 200 with an `error` in place of it for a code that is wrong or used up."""
    try:
        token = told.json_object()["access_token"]
    except (KeyError, Unreadable) as problem:
        raise ProviderFailed from problem
    if not isinstance(token, str) or not token:
        raise ProviderFailed
    return token


def _user_request(provider: OAuthProvider, token: str, known: Config) -> OutboundRequest:
    return OutboundRequest("GET", known.oauth_userinfo_url, {"Authorization": f"Bearer {token}", **provider.accept})
