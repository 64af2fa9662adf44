"""The table from errors to statuses (platform.md 1.3)."""

from importlib import import_module
from pkgutil import walk_packages

import pytest

import chalicelib
from chalicelib.accounts.errors import LicenseServiceFailed, ProviderFailed, ProviderRefused
from chalicelib.core.target import TargetUnknown
from chalicelib.events.errors import SaasUnreachable
from chalicelib.ext.errors import CredentialsWrong, RegistryUnreachable, RegistryUrlMalformed
from chalicelib.github.errors import GitHubFailed
from chalicelib.http.answer import Answer, empty, text
from chalicelib.http.body import BodyMalformed, BodyTooLarge
from chalicelib.http.errors import COMMON, LONGEST_TEXT, ErrorTable, PassedOn
from chalicelib.http.query import QueryMalformed
from chalicelib.identity.errors import STATUS as IDENTITY
from chalicelib.identity.errors import RoleMissing, SessionMissing, TokenRefused
from chalicelib.origins.errors import IntegrationUnreadable
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.platform.row import KeyTooLong
from chalicelib.platform.table import StoreUnavailable


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


def test_a_text_that_quotes_a_large_value_is_cut() -> None:
    assert TABLE.answer_to(Missing("x" * 2_000_000)) == text(404, "x" * LONGEST_TEXT)


def test_an_unavailable_table_asks_for_a_repeat_and_says_nothing_else() -> None:
    assert TABLE.answer_to(StoreUnavailable("secret")) == Answer(503, headers={"Retry-After": "1"})


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """The errors that are logged."""
    problems: list[BaseException] = []
    for name in ("unexpected_error", "unusable_key"):
        monkeypatch.setattr(f"chalicelib.platform.logs.{name}", problems.append)
    return problems


def statuses_of_all_domains() -> dict[type[Exception], int]:
    """Return the status of every error in the table COMMON and in the tables STATUS of all modules."""
    statuses = dict(COMMON)
    for module in walk_packages(chalicelib.__path__, "chalicelib."):
        statuses |= getattr(import_module(module.name), "STATUS", {})
    return statuses


ALL = statuses_of_all_domains()


def test_all_tables_are_known() -> None:
    assert {SaasUnreachable, IntegrationUnreadable, RegistryUrlMalformed, ObjectStoreFailed, RoleMissing} <= set(ALL)


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_an_error_is_logged_if_the_service_failed(kind: type[Exception], logged: list[BaseException]) -> None:
    problem = kind.__new__(kind)  # without its arguments, which the table does not need

    answer = ErrorTable(ALL).answer_to(problem)

    assert logged == ([problem] if answer.status >= 500 and answer.status != 501 else [])


@pytest.mark.parametrize("problem", [KeyError(), PassedOn(500, "x"), PassedOn(503, "x"), RoleMissing(status=500)])
def test_errors_outside_of_the_tables_are_logged_as_well(problem: Exception, logged: list[BaseException]) -> None:
    assert ErrorTable(ALL).answer_to(problem).status >= 500
    assert logged == [problem]


def test_a_refusal_that_another_service_gives_to_the_client_is_not_logged(logged: list[BaseException]) -> None:
    TABLE.answer_to(PassedOn(404, "no such license"))

    assert logged == []


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (GitHubFailed(reason="GitHub answered 401"), 403),
        (RegistryUnreachable(), 403),
        (ProviderFailed(), 401),
        (ProviderRefused("wrong client secret", reason="the provider answered 401"), 401),
        (LicenseServiceFailed("The license service cannot be reached."), 400),
    ],
)
def test_a_failure_of_another_service_is_logged_as_a_warning_with_its_cause(
    problem: Exception, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    problem.__cause__ = TimeoutError("geheim")

    assert ErrorTable(ALL).answer_to(problem).status == status

    [record] = [record for record in caplog.records if record.message == "service failed"]
    assert record.levelname == "WARNING"
    described = vars(record)["problem"]
    assert [each["type"] for each in described] == [
        f"{type(problem).__module__}.{type(problem).__qualname__}",
        "builtins.TimeoutError",
    ]
    assert described[0].get("reason", "") == vars(problem)["reason"]
    assert "geheim" not in str(described)
    assert "wrong client secret" not in str(described)


@pytest.mark.parametrize("problem", [QueryMalformed("x"), RegistryUrlMalformed(), CredentialsWrong(), RoleMissing()])
def test_a_mistake_of_the_client_is_not_a_failed_service(problem: Exception, caplog: pytest.LogCaptureFixture) -> None:
    ErrorTable(ALL).answer_to(problem)

    assert "service failed" not in caplog.text


def test_an_unexpected_error_is_an_empty_500() -> None:
    assert TABLE.status_of(KeyError) is None
    assert TABLE.answer_to(KeyError("secret")) == empty(500)


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_a_refusal_of_another_service_is_passed_on_with_status_and_text(status: int) -> None:
    assert TABLE.answer_to(PassedOn(status, "no such license")) == text(status, "no such license")
