"""The table of providers: how each wants its token request, and where it says who the user is (accounts.md 5)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.core.session_token import Provider
from chalicelib.platform.config import Config
from chalicelib.platform.outbound import OutboundRequest

ACCEPT_JSON = {"Accept": "application/json"}
ACCEPT_GITHUB = {
    "Accept": "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"
}


@dataclass(frozen=True, slots=True)
class Person:
    """Who a provider says somebody is."""

    extern_id: str
    name: str
    email: str = ""


@dataclass(frozen=True, slots=True)
class OAuthProvider:
    """One kind of provider. `person` reads its user object and raises KeyError where that does not say who it is."""

    kind: Provider
    token_request: Callable[[str, Config], OutboundRequest]
    person: Callable[[Mapping[str, Any]], Person]
    accept: Mapping[str, str]


def _all_in_the_query(code: str, known: Config) -> OutboundRequest:
    query = {"client_id": known.oauth_client_id, "client_secret": known.oauth_client_secret, "code": code}
    return OutboundRequest("POST", known.oauth_token_url, ACCEPT_JSON, query=query)


def _grant_in_the_query(code: str, known: Config) -> OutboundRequest:
    return OutboundRequest("POST", known.oauth_token_url, ACCEPT_JSON, query=_grant(code, known))


def _grant_as_form(code: str, known: Config) -> OutboundRequest:
    return OutboundRequest("POST", known.oauth_token_url, ACCEPT_JSON, form=_grant(code, known))


def _form_behind_a_password(code: str, known: Config) -> OutboundRequest:
    form = {"grant_type": "authorization_code", "code": code}
    password = (known.oauth_client_id, known.oauth_client_secret)
    return OutboundRequest("POST", known.oauth_token_url, ACCEPT_JSON, form=form, basic=password)


def _grant(code: str, known: Config) -> dict[str, str]:
    return {
        "client_id": known.oauth_client_id,
        "client_secret": known.oauth_client_secret,
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": known.oauth_redirect_url,
    }


def _github(user: Mapping[str, Any]) -> Person:
    return Person(str(_number(user, "id")), _text(user, "login"), _email(user))


def _gitlab(user: Mapping[str, Any]) -> Person:
    return Person(_text(user, "sub"), _text(user, "nickname"), _email(user))


def _bitbucket(user: Mapping[str, Any]) -> Person:
    name = _text(user, "user" if "user" in user else "username")
    return Person(name, name)


def _okta(user: Mapping[str, Any]) -> Person:
    return Person(_text(user, "sub"), _text(user, "preferred_username"), _email(user))


def _azure(user: Mapping[str, Any]) -> Person:
    return Person(_text(user, "sub"), _text(user, "upn"))


def _active_directory(user: Mapping[str, Any]) -> Person:
    return Person(_text(user, "sub"), _text(user, "sub"))


def _text(user: Mapping[str, Any], field: str) -> str:
    value = user[field]
    if not isinstance(value, str) or not value:
        raise KeyError(field)
    return value


def _number(user: Mapping[str, Any], field: str) -> int:
    value = user[field]
    if not isinstance(value, int) or isinstance(value, bool):
        raise KeyError(field)
    return value


def _email(user: Mapping[str, Any]) -> str:
    """GitHub sends null for somebody who keeps the address private; others leave it out."""
    return _text(user, "email") if user.get("email") else ""


PROVIDERS: dict[str, OAuthProvider] = {
    "github": OAuthProvider(Provider.GITHUB, _all_in_the_query, _github, ACCEPT_GITHUB),
    "gitlab": OAuthProvider(Provider.GITLAB, _grant_in_the_query, _gitlab, ACCEPT_JSON),
    "bitbucket": OAuthProvider(Provider.BITBUCKET, _form_behind_a_password, _bitbucket, ACCEPT_JSON),
    "okta": OAuthProvider(Provider.OKTA, _grant_as_form, _okta, ACCEPT_JSON),
    "chef-automate": OAuthProvider(Provider.CHEF_AUTOMATE, _grant_as_form, _okta, ACCEPT_JSON),
    "azure-ad": OAuthProvider(Provider.AZURE_AD, _grant_as_form, _azure, ACCEPT_JSON),
    "active-directory": OAuthProvider(Provider.ACTIVE_DIRECTORY, _grant_as_form, _active_directory, ACCEPT_JSON),
}
