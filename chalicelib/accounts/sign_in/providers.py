"""The sign-in providers: the token request of each, and the fields of its user object (accounts.md 5)."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from chalicelib.core.plain_text import is_plain
from chalicelib.core.tokens.session_token import Provider
from chalicelib.platform.config import Config
from chalicelib.platform.outbound import OutboundRequest

ACCEPT_JSON = {"Accept": "application/json"}
ACCEPT_GITHUB = {
    "Accept": "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"
}


class ProviderUser(Struct, frozen=True):
    """A user as the provider describes them."""

    extern_id: str
    name: str
    email: str = ""


class OAuthProvider(Struct, frozen=True):
    """A kind of provider. `user` parses its user object; raises KeyError for a missing or wrongly typed field."""

    kind: Provider
    token_request: Callable[[str, Config], OutboundRequest]
    user: Callable[[Mapping[str, Any]], ProviderUser]
    accept: Mapping[str, str]


def _credentials_in_query(code: str, settings: Config) -> OutboundRequest:
    query = {"client_id": settings.oauth_client_id, "client_secret": settings.oauth_client_secret, "code": code}
    return OutboundRequest("POST", settings.oauth_token_url, ACCEPT_JSON, query=query)


def _grant_in_query(code: str, settings: Config) -> OutboundRequest:
    return OutboundRequest("POST", settings.oauth_token_url, ACCEPT_JSON, query=_grant(code, settings))


def _grant_in_form(code: str, settings: Config) -> OutboundRequest:
    return OutboundRequest("POST", settings.oauth_token_url, ACCEPT_JSON, form=_grant(code, settings))


def _credentials_in_header(code: str, settings: Config) -> OutboundRequest:
    form = {"grant_type": "authorization_code", "code": code}
    basic = (settings.oauth_client_id, settings.oauth_client_secret)
    return OutboundRequest("POST", settings.oauth_token_url, ACCEPT_JSON, form=form, basic=basic)


def _grant(code: str, settings: Config) -> dict[str, str]:
    return {
        "client_id": settings.oauth_client_id,
        "client_secret": settings.oauth_client_secret,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": settings.oauth_redirect_url,
    }


def _github(user: Mapping[str, Any]) -> ProviderUser:
    return ProviderUser(str(_number(user, "id")), _text(user, "login"), _email(user))


def _gitlab(user: Mapping[str, Any]) -> ProviderUser:
    return ProviderUser(_text(user, "sub"), _text(user, "nickname"), _email(user))


def _bitbucket(user: Mapping[str, Any]) -> ProviderUser:
    name = _text(user, "user" if "user" in user else "username")
    return ProviderUser(name, name)


def _okta(user: Mapping[str, Any]) -> ProviderUser:
    return ProviderUser(_text(user, "sub"), _text(user, "preferred_username"), _email(user))


def _azure(user: Mapping[str, Any]) -> ProviderUser:
    return ProviderUser(_text(user, "sub"), _text(user, "upn"))


def _active_directory(user: Mapping[str, Any]) -> ProviderUser:
    return ProviderUser(_text(user, "sub"), _text(user, "sub"))


def _text(user: Mapping[str, Any], field: str) -> str:
    value = user[field]
    if not isinstance(value, str) or not value or not is_plain(value):
        raise KeyError(field)
    return value


def _number(user: Mapping[str, Any], field: str) -> int:
    value = user[field]
    if not isinstance(value, int) or isinstance(value, bool):
        raise KeyError(field)
    return value


def _email(user: Mapping[str, Any]) -> str:
    """Return the e-mail address, or an empty text. GitHub sends null for a private address; others omit the field."""
    return _text(user, "email") if user.get("email") else ""


PROVIDERS: dict[str, OAuthProvider] = {
    "github": OAuthProvider(Provider.GITHUB, _credentials_in_query, _github, ACCEPT_GITHUB),
    "gitlab": OAuthProvider(Provider.GITLAB, _grant_in_query, _gitlab, ACCEPT_JSON),
    "bitbucket": OAuthProvider(Provider.BITBUCKET, _credentials_in_header, _bitbucket, ACCEPT_JSON),
    "okta": OAuthProvider(Provider.OKTA, _grant_in_form, _okta, ACCEPT_JSON),
    "chef-automate": OAuthProvider(Provider.CHEF_AUTOMATE, _grant_in_form, _okta, ACCEPT_JSON),
    "azure-ad": OAuthProvider(Provider.AZURE_AD, _grant_in_form, _azure, ACCEPT_JSON),
    "active-directory": OAuthProvider(Provider.ACTIVE_DIRECTORY, _grant_in_form, _active_directory, ACCEPT_JSON),
}
