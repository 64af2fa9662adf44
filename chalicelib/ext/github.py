"""What our GitHub App may read in a repository where it is installed (platform.md 2.1)."""

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from chalicelib.ext.errors import ContentMissing, GitHubFailed
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, Unreadable, send

TOTAL_SECONDS = 20.0
"""Both calls together; API Gateway gives up after 29."""
JWT_SECONDS = 100
ACCEPT = "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"
TEXTS = ("name", "path", "sha", "url", "html_url", "git_url", "download_url", "content", "encoding")


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository, and the installation of our App that may read it."""

    installation_id: int
    id: int


def file_content(repository: Repository, path: str) -> dict[str, Any]:
    """A file as GitHub tells it, its Base64 without line feeds.

    Any signed-in user reads through the App, as in the reference; which installations are whose will be known with
    projects. Raises ContentMissing, GitHubFailed (a directory is no file).
    """
    ends = time.monotonic() + TOTAL_SECONDS
    token = _installation_token(repository.installation_id, ends)
    url = f"{_api()}/repositories/{repository.id}/contents/{_path(path)}"
    told = _told(OutboundRequest("GET", url, {"Authorization": f"Bearer {token}", "Accept": ACCEPT}), ends)
    if told.status == 404:
        raise ContentMissing
    if told.status != 200:
        raise GitHubFailed
    return _file(told)


def _installation_token(installation_id: int, ends: float) -> str:
    url = f"{_api()}/app/installations/{installation_id}/access_tokens"
    told = _told(OutboundRequest("POST", url, {"Authorization": f"Bearer {_app_token()}", "Accept": ACCEPT}), ends)
    if not told.is_success:
        raise GitHubFailed
    try:
        token = told.json_object()["token"]
    except (KeyError, Unreadable) as problem:
        raise GitHubFailed from problem
    if not isinstance(token, str) or not token:
        raise GitHubFailed
    return token


def _app_token() -> str:
    """A token that says we are the App. Raises GitHubFailed where no App, or no key that works, is configured."""
    import jwt

    now = int(time.time())
    claims = {"iat": now, "exp": now + JWT_SECONDS, "iss": config.github_app_id}
    key = config.github_app_private_key.replace("\\n", "\n")
    if not config.github_app_id or not key:
        raise GitHubFailed
    try:
        return jwt.encode(claims, key, algorithm="RS256")
    except (jwt.PyJWTError, ValueError, TypeError) as problem:
        raise GitHubFailed from problem


def _told(ask: OutboundRequest, ends: float) -> OutboundResponse:
    try:
        return send(ask, max(0.0, ends - time.monotonic()))
    except Unreachable as problem:
        raise GitHubFailed from problem


def _path(path: str) -> str:
    """The path within a URL of the API, from which it may not climb. Raises ContentMissing."""
    if not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ContentMissing
    return quote(path, safe="/")


def _file(told: OutboundResponse) -> dict[str, Any]:
    try:
        sent = told.json_object()
        file: dict[str, Any] = {field: sent[field] for field in (*TEXTS, "size")}
    except (KeyError, Unreadable) as problem:
        raise GitHubFailed from problem
    if not all(isinstance(file[field], str) for field in TEXTS) or type(file["size"]) is not int:
        raise GitHubFailed
    if file["encoding"] == "base64":
        file["content"] = file["content"].replace("\n", "")
    return file


def _api() -> str:
    return config.github_api_url.rstrip("/")
