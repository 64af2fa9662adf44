"""Errors of requests to GitHub, and the status of each (platform.md 2.1, builds.md 1.2)."""

from chalicelib.core.service_failed import ServiceFailed


class GitHubFailed(ServiceFailed):
    """GitHub refused, did not answer, or sent something unexpected."""


class ContentUndecodable(GitHubFailed):
    """The content of a file is not Base64."""


class ContentMissing(Exception):
    """The repository, or the file in it, does not exist."""


STATUS: dict[type[Exception], int] = {
    GitHubFailed: 403,
    ContentMissing: 404,
}
