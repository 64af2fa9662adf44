"""Shapes of GitHub's answers (platform.md 2.1, builds.md 9.7)."""

from msgspec import Struct


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


class InstallationToken(Struct):
    """A token with the rights of an installation of the App."""

    token: str


class Repository(Struct):
    """A repository. `clone_url` is its address for Git over HTTPS."""

    clone_url: str
    private: bool = False


class RepositoryPermission(Struct):
    """What an account may do in a repository: `admin`, `write`, `read`, or `none`."""

    permission: str


class FileContent(Struct):
    """The content of a file; `encoding` is `base64`, or `none` for a file that is too large."""

    content: str
    encoding: str


class FolderEntry(Struct):
    """A file or folder in a folder."""

    name: str
    type: str = "file"
