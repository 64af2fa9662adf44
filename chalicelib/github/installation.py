"""Requests with the rights of one installation of our GitHub App (platform.md 2.1, builds.md 9.7)."""

import time
from base64 import b64decode
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec import MsgspecError, Struct, json

from chalicelib.github.app_token import app_token
from chalicelib.github.errors import ContentMissing, ContentUndecodable, GitHubFailed
from chalicelib.github.shapes import (
    FileContent,
    FolderEntry,
    InstallationToken,
    Repository,
    RepositoryFile,
    RepositoryPermission,
)
from chalicelib.platform.config import config
from chalicelib.platform.outbound import OutboundRequest, OutboundResponse, Unreachable, send

TOTAL_SECONDS = 20.0
"""The time limit of all requests of one installation together. The function times out after 29 seconds."""

ACCEPT = "application/json, application/vnd.github.v3+json, application/vnd.github.machine-man-preview+json"

T = TypeVar("T")


class CloneCredentials(Struct, frozen=True):
    """The user name and password with which Git reads a repository. The password is valid for an hour."""

    username: str
    password: str


def installation_clone_credentials(installation_id: int, repository_id: int | None = None) -> CloneCredentials:
    """Return credentials that may read the repositories of an installation, or only one of them, and nothing else.

    Raises GitHubFailed, SecretUnavailable.
    """
    wanted: dict[str, Any] = {"permissions": {"contents": "read"}}
    if repository_id is not None:
        wanted["repository_ids"] = [repository_id]
    token = _installation_token(installation_id, time.monotonic() + TOTAL_SECONDS, wanted)
    return CloneCredentials("x-access-token", token)


class Installation:
    """An installation of the App, and the time until which its requests must be answered."""

    def __init__(self, installation_id: int) -> None:
        """Obtain the token of an installation. Raises GitHubFailed, SecretUnavailable."""
        self.deadline = time.monotonic() + TOTAL_SECONDS
        self._token = _installation_token(installation_id, self.deadline)

    def repository(self, repository_id: int, reader: str | None = None) -> Repository:
        """Return a repository. Raises ContentMissing, GitHubFailed.

        `reader` is the account at GitHub for which it is read, None if that is not checked. A private repository that
        the account may not read is missing. Otherwise an account that guesses the ids of an installation and of a
        repository could read and build what other accounts have entrusted to the App.
        """
        response = self._get(f"/repositories/{repository_id}", "a repository")
        repository = _decoded(response, Repository)
        if repository.private and reader is not None:
            self._demand_reader(repository_id, reader)
        return repository

    def _demand_reader(self, repository_id: int, reader: str) -> None:
        path = f"/repositories/{repository_id}/collaborators/{_quoted(reader)}/permission"
        found = _decoded(self._get(path, "the rights of an account"), RepositoryPermission)
        if found.permission not in ("admin", "write", "read"):
            raise ContentMissing

    def described_file(self, repository_id: int, path: str) -> RepositoryFile:
        """Return a file as GitHub describes it. Raises ContentMissing, GitHubFailed (also for a folder)."""
        file = _decoded(self._get_content(repository_id, path), RepositoryFile)
        if file.encoding == "base64":
            file.content = file.content.replace("\n", "")
        return file

    def file(self, repository_id: int, path: str) -> bytes:
        """Return the bytes of a file on the default branch.

        Raises ContentMissing, GitHubFailed (also for a folder), ContentUndecodable.
        """
        file = _decoded(self._get_content(repository_id, path), FileContent)
        if file.encoding != "base64":
            raise ContentUndecodable(reason="the content is not in Base64, because the file is too large")
        try:
            return b64decode(file.content.replace("\n", ""), validate=True)
        except ValueError as problem:
            raise ContentUndecodable(reason="the content is not valid Base64") from problem

    def files_in(self, repository_id: int, folder: str) -> frozenset[str]:
        """Return the names of the files in a folder on the default branch; "" is the root.

        Raises ContentMissing, GitHubFailed (also for a file).
        """
        entries = _decoded(self._get_content(repository_id, folder), list[FolderEntry])
        return frozenset(entry.name for entry in entries if entry.type != "dir")

    def _get_content(self, repository_id: int, path: str) -> OutboundResponse:
        return self._get(f"/repositories/{repository_id}/contents/{_quoted(path)}", "the content of a repository")

    def _get(self, path: str, what: str) -> OutboundResponse:
        response = _send(OutboundRequest("GET", _api_url() + path, _headers(self._token)), self.deadline)
        if response.status == 404:
            raise ContentMissing
        if response.status != 200:
            raise GitHubFailed(reason=f"GitHub answered {response.status} to the request for {what}")
        return response


def _installation_token(installation_id: int, deadline: float, wanted: Mapping[str, Any] | None = None) -> str:
    url = f"{_api_url()}/app/installations/{installation_id}/access_tokens"
    response = _send(OutboundRequest("POST", url, _headers(app_token()), json=wanted), deadline)
    if not response.is_success:
        raise GitHubFailed(reason=f"GitHub answered {response.status} to the request for an installation's token")
    token = _decoded(response, InstallationToken).token
    if not token:
        raise GitHubFailed(reason="GitHub answered without a token")
    return token


def _headers(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "Accept": ACCEPT}


def _send(request: OutboundRequest, deadline: float) -> OutboundResponse:
    try:
        return send(request, max(0.0, deadline - time.monotonic()))
    except Unreachable as problem:
        raise GitHubFailed(reason="GitHub did not answer in time") from problem


def _quoted(path: str) -> str:
    """Return the path of a file within a URL. Raises ContentMissing for a path that would leave the repository."""
    if path and not {"", ".", ".."}.isdisjoint(path.split("/")):
        raise ContentMissing
    return quote(path, safe="/")


def _decoded(response: OutboundResponse, shape: type[T]) -> T:
    try:
        return json.decode(response.body, type=shape)
    except (MsgspecError, RecursionError, UnicodeError) as problem:
        raise GitHubFailed(reason="GitHub sent something unexpected") from problem


def _api_url() -> str:
    return config.github_api_url.rstrip("/")
