"""Refusals around other people's services, and the status of each (platform.md 2.1, 2.2, 2.6)."""


class InstallationMalformed(Exception):
    """The id of an installation or repository in the path is no unsigned 32-bit number."""


class GitHubFailed(Exception):
    """GitHub refused, failed, or said what cannot be read."""


class ContentMissing(Exception):
    """GitHub has no such file."""


class CredentialsIncomplete(Exception):
    """User name, password or the registry's address is missing."""


class CredentialsWrong(Exception):
    """The registry did not accept the credentials, or is one that is not asked."""


class RegistryUnreadable(Exception):
    """The registry's address is no URL."""


class RegistryUnreachable(Exception):
    """The registry did not answer."""


class NoticeRefused(Exception):
    """A notice of another kind than expected, or not signed with our secret."""


class PushMalformed(Exception):
    """A push notice that is not what GitHub documents."""


STATUS: dict[type[Exception], int] = {
    InstallationMalformed: 404,
    GitHubFailed: 403,
    ContentMissing: 404,
    CredentialsIncomplete: 400,
    CredentialsWrong: 400,
    RegistryUnreadable: 500,
    RegistryUnreachable: 403,
    NoticeRefused: 400,
    PushMalformed: 422,
}
