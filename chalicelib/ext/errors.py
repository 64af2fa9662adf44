"""Errors around external services, and the status of each (platform.md 2.1, 2.2, 2.6)."""

from chalicelib.core.explained import Explained
from chalicelib.core.service_failed import ServiceFailed
from chalicelib.github.errors import STATUS as GITHUB_ERRORS


class RepositoryMissing(Exception):
    """The id of the installation or repository is not an unsigned 32-bit number."""


class CredentialsIncomplete(Exception):
    """The user name, the password or the registry's URL is missing."""


class CredentialsWrong(Exception):
    """The registry did not accept the credentials, or its address is not public."""


class RegistryUrlMalformed(Exception):
    """The registry's URL cannot be parsed."""


class RegistryUnreachable(ServiceFailed):
    """The registry did not answer."""


class NoticeRefused(Exception):
    """The event is neither `ping` nor `push`, or its signature is missing or wrong."""


class PushMalformed(Exception):
    """The push event lacks a field or is not JSON."""


class PushTooLarge(Explained):
    """The push changes too many files or plans; the text says what to do."""


class PushUnfinished(Exception):
    """Not all builds of the push were started in time. A repeat starts the rest."""


class BldrTomlUnreadable(ServiceFailed):
    """The file `.bldr.toml` of the repository cannot be parsed."""


class PlanUnreadable(ServiceFailed):
    """A plan of the repository cannot be parsed."""


STATUS: dict[type[Exception], int] = {
    **GITHUB_ERRORS,
    RepositoryMissing: 404,
    CredentialsIncomplete: 400,
    CredentialsWrong: 400,
    RegistryUrlMalformed: 500,
    RegistryUnreachable: 403,
    NoticeRefused: 400,
    PushMalformed: 422,
    PushTooLarge: 422,
    PushUnfinished: 503,
    BldrTomlUnreadable: 500,
    PlanUnreadable: 500,
}
