"""Errors that end a command or one of its steps. `str()` is one line for the user: the problem and what to do."""

from chalicelib.core.harts.hart_refusals import one_line

LONGEST_QUOTE = 300


class BldrError(Exception):
    """A command or one of its steps failed."""


class NotConfigured(BldrError):
    """No Builder or no origin is configured."""


class AddressInvalid(BldrError):
    """The address of a Builder is not a usable URL."""


class ConfigInvalid(BldrError):
    """hab's configuration file, a token file or an environment variable has an unusable value."""


class IdentInvalid(BldrError):
    """A package ident is malformed or not fully qualified."""


class PackageMissing(BldrError):
    """A package, a channel or a signing key does not exist."""


class PathUnusable(BldrError):
    """A file or folder is missing, unreadable, not writable or of the wrong kind."""


class ArchiveDamaged(BldrError):
    """A file is not a readable package archive, or its checksum differs."""


class DependencyCycle(BldrError):
    """Packages depend on each other in a cycle."""


class ChangeRefused(BldrError):
    """The program refused a change before it sent any request."""


class Unreachable(BldrError):
    """No usable response after all retries."""


class ResponseMalformed(BldrError):
    """A response does not have the shape that the API defines."""


class RequestRefused(BldrError):
    """The Builder answered with an error status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class StepsFailed(BldrError):
    """Some steps of a command failed. Each of them was reported on its own line."""


def request_refused(status: int, body: str, purpose: str, host: str, has_token: bool) -> RequestRefused:
    """Return the error for a status. `purpose` completes "cannot ...", as in "promote acme/widget/1/2 to stable"."""
    quote = one_line(body.strip(), LONGEST_QUOTE)
    detail = f"{status}: {quote}" if quote else f"{status}"
    cause = "refuses it" if status == 409 and quote else _cause(status, has_token)
    return RequestRefused(status, f"cannot {purpose}: {host} {cause} ({detail})")


def _cause(status: int, has_token: bool) -> str:
    if status == 401 and not has_token:
        return "needs a token; set HAB_AUTH_TOKEN or pass --token-file"
    return _CAUSES.get(status) or ("has an internal problem; try again later" if status >= 500 else "refuses it")


_CAUSES = {
    401: "does not accept the token for this: it is expired or revoked, or the role of its account is too low",
    403: "does not allow this: there is no such origin, the account needs a higher role, or the token a wider scope",
    404: "does not have it, or the account may not see it",
    409: "already has it",
    413: "does not accept a body of this size",
    424: "reports that the package would depend on itself",
    429: "limits the rate of requests; use fewer --jobs, or wait a minute",
    501: "does not serve this target",
}
