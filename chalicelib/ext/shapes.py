"""Shapes of registries and repositories over HTTP (platform.md 2.1, 2.2)."""

from msgspec import Struct


class RegistryCredentials(Struct):
    """Credentials of a container registry. `url` may be omitted for Docker Hub."""

    username: str | None = None
    password: str | None = None
    url: str | None = None


class RepositoryFile(Struct):
    """A file of a repository, as GitHub describes it. Base64 in `content` has no line feeds."""

    name: str
    path: str
    sha: str
    url: str
    html_url: str
    git_url: str
    download_url: str
    content: str
    encoding: str
    size: int
