"""Whether a container registry takes a user's credentials (platform.md 2.2)."""

from dataclasses import dataclass

from chalicelib.ext.errors import CredentialsIncomplete, CredentialsWrong, RegistryUnreachable, RegistryUnreadable
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, Unreachable, directly, send
from chalicelib.platform.public_address import AddressRefused, UrlUnreadable, publicly, read_url

SECONDS = 5.0
DOCKER = "docker"
DOCKER_HUB = "https://hub.docker.com/v2"


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a user sent."""

    username: str | None
    password: str | None
    url: str | None


def validate(registry_type: str, credentials: Credentials) -> None:
    """Try to sign in, and say nothing of the answer but yes or no.

    Only `docker` has an address of its own; a given one is asked whatever the type says, unless it is not public.
    Raises CredentialsIncomplete, CredentialsWrong, RegistryUnreadable, RegistryUnreachable.
    """
    if credentials.username is None or credentials.password is None:
        raise CredentialsIncomplete
    if credentials.url is None and registry_type != DOCKER:
        raise CredentialsIncomplete
    sent = {"username": credentials.username, "password": credentials.password, "url": credentials.url}
    where = DOCKER_HUB if credentials.url is None else credentials.url
    ask = OutboundRequest("POST", f"{where}/users/login", {"Accept": "application/json"}, json=sent)
    try:
        read_url(where)
        told = send(ask, SECONDS, directly if config.private_registries == "allowed" else publicly)
    except UrlUnreadable as problem:
        raise RegistryUnreadable from problem
    except AddressRefused as problem:
        raise CredentialsWrong from problem
    except Unreachable as problem:
        raise RegistryUnreachable from problem
    if told.status != 200:
        raise CredentialsWrong
