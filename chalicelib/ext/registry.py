"""Validation of container registry credentials by signing in at the registry (platform.md 2.2)."""

from chalicelib.ext.errors import CredentialsIncomplete, CredentialsWrong, RegistryUnreachable, RegistryUrlMalformed
from chalicelib.ext.shapes import RegistryCredentials
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, Unreachable, directly, send
from chalicelib.platform.public_address import AddressRefused, UrlUnreadable, publicly, read_url

SECONDS = 5.0
"""Time limit of a sign-in."""
DOCKER = "docker"
DOCKER_HUB = "https://hub.docker.com/v2"


def validate(registry_type: str, credentials: RegistryCredentials) -> None:
    """Check credentials by signing in at a registry. Returns nothing if the registry accepts them.

    Only `docker` has a default URL. A given URL is used for every type, but its address must be public unless
    BLDR_PRIVATE_REGISTRIES allows others. Raises CredentialsIncomplete, CredentialsWrong, RegistryUrlMalformed,
    RegistryUnreachable.
    """
    if credentials.username is None or credentials.password is None:
        raise CredentialsIncomplete
    if credentials.url is None and registry_type != DOCKER:
        raise CredentialsIncomplete
    base_url = DOCKER_HUB if credentials.url is None else credentials.url
    body = {"username": credentials.username, "password": credentials.password, "url": credentials.url}
    request = OutboundRequest("POST", f"{base_url}/users/login", {"Accept": "application/json"}, json=body)
    try:
        read_url(base_url)
        response = send(request, SECONDS, directly if config.private_registries == "allowed" else publicly)
    except UrlUnreadable as problem:
        raise RegistryUrlMalformed from problem
    except AddressRefused as problem:
        raise CredentialsWrong from problem
    except Unreachable as problem:
        raise RegistryUnreachable from problem
    if response.status != 200:
        raise CredentialsWrong
