"""The table from errors to statuses. The body of a refusal is the text of its error, often empty (platform.md 1.3)."""

from collections.abc import Callable, Mapping

from chalicelib.core.keys.signed_box import BoxUnreadable
from chalicelib.core.service_failed import ServiceFailed
from chalicelib.core.target import TargetUnknown
from chalicelib.http.answer import Answer, AnswerTooLarge, empty, text
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.query import QueryMalformed
from chalicelib.platform import logs
from chalicelib.platform.aws import SecretUnavailable
from chalicelib.platform.background import NotStarted
from chalicelib.platform.key_ring import BuilderKeyInvalid
from chalicelib.platform.metrics import is_server_error
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreUnavailable

COMMON: dict[type[Exception], int] = {
    QueryMalformed: 400,
    BodyMalformed: 400,
    BodyTooLarge: 413,
    AnswerTooLarge: 422,
    KeyTooLong: 422,
    TargetUnknown: 422,
    StoreUnavailable: 503,
    NotStarted: 503,
    SecretUnavailable: 503,
    BoxUnreadable: 503,
    BuilderKeyInvalid: 503,
}
UNUSABLE_KEYS = (SecretUnavailable, BoxUnreadable, BuilderKeyInvalid)
"""Errors that an operator must mend. Their texts name the secret, and never quote it."""

LONGEST_TEXT = 10_000
"""Characters of a refusal. Some texts quote a value of the request, which may have megabytes."""

RETRY_AFTER = {"Retry-After": "1"}


class PassedOn(Exception):
    """Another service refused the request. The client gets its status and text unchanged."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


class ErrorTable:
    """The statuses of all domain errors. Each domain adds its table when its routes are registered.

    `load_rest` adds the tables of domains that are not registered yet: an operation may raise errors of another domain.
    """

    def __init__(self, *tables: Mapping[type[Exception], int], load_rest: Callable[[], object] = lambda: None) -> None:
        self._load_rest = load_rest
        self._statuses = dict(COMMON)
        for table in tables:
            self.add(table)

    def add(self, table: Mapping[type[Exception], int]) -> None:
        """Add the errors of a domain."""
        self._statuses.update(table)

    def status_of(self, kind: type[Exception]) -> int | None:
        """Return the status of a kind of error, or of its closest base class in the table. None: unexpected error."""
        return next((self._statuses[each] for each in kind.__mro__ if each in self._statuses), None)

    def answer_to(self, problem: Exception) -> Answer:
        """Return the answer to an error. An unexpected error is answered with an empty 500.

        Every failure of the service is logged with its causes, because the answer does not show them. So are failures
        of other services, for which the contract has lower statuses.
        """
        answer = self._answer_to(problem)
        if isinstance(problem, UNUSABLE_KEYS):
            logs.unusable_key(problem)
        elif is_server_error(answer.status):
            logs.unexpected_error(problem)
        elif isinstance(problem, ServiceFailed):
            logs.failed_service(problem)
        return answer

    def _answer_to(self, problem: Exception) -> Answer:
        if isinstance(problem, PassedOn):
            return text(problem.status, problem.text)
        status = self.status_of(type(problem))
        if status is None:
            self._load_rest()
            status = self.status_of(type(problem))
        if status is None:
            return empty(500)
        if status == 503:
            return Answer(503, headers=RETRY_AFTER)
        body = str(problem)[:LONGEST_TEXT]
        status = getattr(problem, "status", status)
        return text(status, body) if body else empty(status)
