"""Files of repositories, read through our GitHub App where it is installed (platform.md 2.1)."""

import time
from urllib.parse import quote

import jwt
from msgspec import MsgspecError, Struct, json

from chalicelib.ext.errors import ContentMissing, GitHubFailed
from chalicelib.ext.shapes import RepositoryFile
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, Unreadable, send
from chalicelib.platform.secret_settings import secret_setting

TOTAL_SECONDS = 20.0
"""The time limit of both calls together. API Gateway gives up after 29 seconds."""

JWT_SECONDS = 100
ACCEPT = "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"


class Repository(Struct, frozen=True):
    """A repository, and the installation of our App that may read it."""

    installation_id: int
    id: int


def file_content(repository: Repository, path: str) -> RepositoryFile:
    """Return a file of a repository.

    Every signed-in user may read everything that the App may read: without projects it is unknown which installation
    belongs to which origin (platform.md 2.1). Raises ContentMissing, GitHubFailed (also for a directory).
    """
    deadline = time.monotonic() + TOTAL_SECONDS
    token = _installation_token(repository.installation_id, deadline)
    url = f"{_api_url()}/repositories/{repository.id}/contents/{_quoted(path)}"
    response = _send(_request("GET", url, token), deadline)
    if response.status == 404:
        raise ContentMissing
    if response.status != 200:
        raise GitHubFailed(reason=f"GitHub answered {response.status} to the request for a file")
    return _file(response)


def _installation_token(installation_id: int, deadline: float) -> str:
    url = f"{_api_url()}/app/installations/{installation_id}/access_tokens"
    response = _send(_request("POST", url, _app_token()), deadline)
    if not response.is_success:
        raise GitHubFailed(reason=f"GitHub answered {response.status} to the request for an installation's token")
    try:
        token = response.json_object()["token"]
    except (KeyError, Unreadable) as problem:
        raise GitHubFailed from problem
    if not isinstance(token, str) or not token:
        raise GitHubFailed(reason="GitHub answered without a token")
    return token


def _app_token() -> str:
    """Return a token that authenticates the App.

    Raises GitHubFailed if no App or no usable key is configured, SecretUnavailable.
    """
    now = int(time.time())
    claims = {"iat": now, "exp": now + JWT_SECONDS, "iss": config.github_app_id}
    if not config.github_app_id:
        raise GitHubFailed(reason="no GitHub App is configured (BLDR_GITHUB_APP_ID)")
    key = secret_setting(config.github_app_private_key, config.github_app_private_key_arn).replace("\\n", "\n")
    if not key:
        raise GitHubFailed(reason="the GitHub App has no private key")
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as problem:
        raise GitHubFailed(reason="the private key of the GitHub App cannot be used") from problem


def _request(method: str, url: str, token: str) -> OutboundRequest:
    return OutboundRequest(method, url, {"Authorization": f"Bearer {token}", "Accept": ACCEPT})


def _send(request: OutboundRequest, deadline: float) -> OutboundResponse:
    try:
        return send(request, max(0.0, deadline - time.monotonic()))
    except Unreachable as problem:
        raise GitHubFailed from problem


def _quoted(path: str) -> str:
    """Return the path of a file within a URL. Raises ContentMissing for a path that would leave the repository."""
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ContentMissing
    return quote(path, safe="/")


def _file(response: OutboundResponse) -> RepositoryFile:
    try:
        file = json.decode(response.body, type=RepositoryFile)
    except (MsgspecError, RecursionError, UnicodeError) as problem:
        raise GitHubFailed from problem
    if file.encoding == "base64":
        file.content = file.content.replace("\n", "")
    return file


def _api_url() -> str:
    return config.github_api_url.rstrip("/")
