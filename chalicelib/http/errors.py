"""The table from errors to statuses; a body is the error's own text, mostly none (platform.md 1.3)."""

from collections.abc import Mapping

from chalicelib.core.target import TargetUnknown
from chalicelib.http.answer import Answer, empty, text
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.query import QueryMalformed
from chalicelib.platform import logs
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.background import NotStarted
from chalicelib.platform.table import KeyTooLong, StoreUnavailable

COMMON: dict[type[Exception], int] = {
    QueryMalformed: 400,
    BodyMalformed: 400,
    BodyTooLarge: 413,
    KeyTooLong: 422,
    TargetUnknown: 422,
    StoreUnavailable: 503,
    NotStarted: 503,
    SecretUnavailable: 503,
}
RETRY_AFTER = {"Retry-After": "1"}


class ErrorTable:
    """The statuses of all domain errors; each domain adds its own table when its routes are registered."""

    def __init__(self, *tables: Mapping[type[Exception], int]) -> None:
        self._statuses = dict(COMMON)
        for table in tables:
            self.add(table)

    def add(self, table: Mapping[type[Exception], int]) -> None:
        """Add the errors of a domain."""
        self._statuses.update(table)

    def status_of(self, kind: type[Exception]) -> int | None:
        """The status of a kind of error, or of the closest base class that has one; None for unexpected errors."""
        return next((self._statuses[each] for each in kind.__mro__ if each in self._statuses), None)

    def answer_to(self, problem: Exception) -> Answer:
        """The answer to an error: its row in the table, or an empty 500 and a log entry for unexpected ones."""
        status = self.status_of(type(problem))
        if status is None:
            logs.unexpected_error(problem)
            return empty(500)
        status = getattr(problem, "status", status)
        if status == 503:
            logs.unexpected_error(problem)
            return Answer(503, headers=RETRY_AFTER)
        said = str(problem)
        return text(status, said) if said else empty(status)
