"""The table from errors to statuses (platform.md 1.3)."""

import pytest

from chalicelib.core.target import TargetUnknown
from chalicelib.http.answer import Answer, empty, text
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.errors import ErrorTable, PassedOn
from chalicelib.http.query import QueryMalformed
from chalicelib.identity.errors import STATUS as IDENTITY
from chalicelib.identity.errors import RoleMissing, SessionMissing, TokenRefused
from chalicelib.platform.object_store import STATUS as OBJECT_STORE
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.table import KeyTooLong, StoreUnavailable


class Missing(Exception):
    """A domain error."""


class ChannelMissing(Missing):
    """A more specific domain error, which the table does not name."""


class Conflict(Missing):
    """A more specific domain error with a row in the table."""


TABLE = ErrorTable(IDENTITY, {Missing: 404, Conflict: 409})


@pytest.mark.parametrize(
    ("problem", "status", "body"),
    [
        (QueryMalformed("x"), 400, "Query deserialize error: x"),
        (BodyMalformed("x"), 400, "Json deserialize error: x"),
        (BodyTooLarge(), 413, ""),
        (TargetUnknown("arm"), 422, "Invalid package target 'arm'"),
        (KeyTooLong(), 422, "A name is too long to be stored."),
        (TokenRefused(), 401, ""),
        (SessionMissing(), 401, ""),
        (RoleMissing(), 403, ""),
        (RoleMissing(status=401), 401, ""),
        (Missing(), 404, ""),
        (Missing("no such thing"), 404, "no such thing"),
        (ChannelMissing(), 404, ""),
        (Conflict(), 409, ""),
    ],
)
def test_an_error_has_the_status_of_its_closest_class_and_its_own_text(
    problem: Exception, status: int, body: str
) -> None:
    assert TABLE.answer_to(problem) == (text(status, body) if body else empty(status))


def test_an_unavailable_table_asks_for_a_repeat_and_says_nothing_else() -> None:
    assert TABLE.answer_to(StoreUnavailable("secret")) == Answer(503, headers={"Retry-After": "1"})


@pytest.mark.parametrize("problem", [KeyError(), StoreUnavailable(), ObjectStoreFailed()])
def test_the_cause_of_a_failure_is_logged(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    logged: list[BaseException] = []
    monkeypatch.setattr("chalicelib.platform.logs.unexpected_error", logged.append)

    ErrorTable(OBJECT_STORE).answer_to(problem)

    assert logged == [problem]


def test_an_unexpected_error_is_an_empty_500() -> None:
    assert TABLE.status_of(KeyError) is None
    assert TABLE.answer_to(KeyError("secret")) == empty(500)


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_a_refusal_of_another_service_is_passed_on_with_status_and_text(status: int) -> None:
    assert TABLE.answer_to(PassedOn(status, "no such license")) == text(status, "no such license")
