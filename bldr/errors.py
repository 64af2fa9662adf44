"""What can stop a command; `str()` of each is the one line that the user reads: what was wrong, and what to do."""

from chalicelib.core.hart_refusals import one_line

LONGEST_SAID = 300


class BldrError(Exception):
    """A command, or one of its steps, could not be done."""


class NotConfigured(BldrError):
    """No Builder, or no origin, is named anywhere."""


class AddressInvalid(BldrError):
    """A Builder's address is no URL that requests can be sent to."""


class ConfigurationUnreadable(BldrError):
    """hab's configuration file, or a file with a token, cannot be read."""


class IdentUnclear(BldrError):
    """Not the ident that the command needs."""


class PathUnusable(BldrError):
    """A file or folder that is not there, cannot be written, or is not what it should be."""


class ArchiveDamaged(BldrError):
    """A file that is no readable package archive, or not the one that it should be."""


class DependencyCycle(BldrError):
    """Archives that depend on one another, so that none can be first."""


class ChangeRefused(BldrError):
    """Something that no Builder would do, refused before it is asked."""


class Unreachable(BldrError):
    """No answer, after all retries."""


class AnswerMalformed(BldrError):
    """An answer that no Builder gives."""


class Refused(BldrError):
    """The Builder answered with a status that means no; `said` is its text."""

    def __init__(self, status: int, line: str, said: str = "") -> None:
        super().__init__(line)
        self.status, self.said = status, said


class StepsFailed(BldrError):
    """Some steps of a command failed; each has been told in a line of its own."""


def refused(status: int, body: str, wanted: str, host: str, with_token: bool) -> Refused:
    """The error for a status. `wanted` is what was asked for, as in "promote acme/widget/1/2 to stable"."""
    said = one_line(body.strip(), LONGEST_SAID)
    return Refused(status, f"cannot {wanted}: {_because(status, said, host, with_token)}", said)


def _because(status: int, said: str, host: str, with_token: bool) -> str:
    why = _WHY.get(status)
    if status == 401 and not with_token:
        why = "needs a token; set HAB_AUTH_TOKEN or pass --token-file"
    if why is None:
        why = "is in trouble; try again later" if status >= 500 else "does not take it"
    return f"{host} {why} ({status}{f': {said}' if said else ''})"


_WHY = {
    401: "does not accept the token for this: it has expired, was revoked, or its account has too low a role",
    403: "does not allow it: the account needs a higher role in the origin, the token a wider scope",
    404: "has no such thing, or the account may not see it",
    409: "has it already",
    413: "takes no body of that size here",
    424: "says that the package would depend on itself",
    429: "is asked too often; use fewer --jobs, or wait a minute",
    501: "does not serve that target",
}
