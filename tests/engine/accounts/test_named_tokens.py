"""Expiry, use, storage and roles of named tokens: the rules that HTTP does not show (accounts.md 3.4)."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.accounts.named_tokens import service as named_tokens
from chalicelib.accounts.named_tokens.service import TokenRequest
from chalicelib.accounts.sign_in.service import start_session
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.session_token import Provider
from chalicelib.core.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller, identify
from chalicelib.identity.errors import ScopeMissing, TokenRefused
from chalicelib.identity.registration import Identity
from chalicelib.identity.rows import NamedTokenRow
from chalicelib.origins import service as origins
from chalicelib.platform import clock
from chalicelib.platform.change import Change
from chalicelib.platform.table import Key, StoreUnavailable, read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def caller() -> Caller:
    """A signed-in caller."""
    return identify(f"Bearer {start_session(Identity('1', a_name('user'), '', Provider.GITHUB, 'x')).token}")


def make(
    caller: Caller, scopes: Sequence[str] = ("read",), origin: str | None = None, days: int | None = None
) -> tuple[NamedTokenRow, str]:
    return named_tokens.make(TokenRequest.of("ci", list(scopes), origin, days), caller)


def stored_row(row: NamedTokenRow) -> NamedTokenRow:
    """The row of a token as it is stored now."""
    stored = read(Key(NamedTokenRow, row.pk, row.sk))
    assert stored is not None
    return stored


def move_clock(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    moment = clock.now() + timedelta(**delta)
    for module in (account_rows, named_tokens):
        monkeypatch.setattr(module, "now", lambda: moment)
    monkeypatch.setattr("chalicelib.identity.credentials.time.time", moment.timestamp)


def test_only_a_fingerprint_of_a_token_is_stored(caller: Caller) -> None:
    row, text = make(caller)

    stored = str(stored_row(row).serialize())

    assert text not in stored
    assert text.removeprefix("bldr_") not in stored


def test_an_expired_token_is_refused_although_its_row_still_exists(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, text = make(caller, days=2)
    move_clock(monkeypatch, days=1, hours=23)
    assert identify(f"Bearer {text}").require_session()
    move_clock(monkeypatch, days=2, minutes=1)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {text}").settle()
    assert named_tokens.tokens_of(caller.require_session().account_id) == []
    assert stored_row(row)


def test_the_last_use_is_recorded_once_an_hour(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    row, text = make(caller)
    identify(f"Bearer {text}").settle()
    first = stored_row(row).last_used_at
    move_clock(monkeypatch, minutes=59)
    identify(f"Bearer {text}").settle()
    assert stored_row(row).last_used_at == first
    move_clock(monkeypatch, minutes=61)

    identify(f"Bearer {text}").settle()

    assert stored_row(row).last_used_at > first


def test_a_token_is_accepted_although_its_use_cannot_be_recorded(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, text = make(caller)

    def fail(_: Change) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Change, "commit", fail)

    assert identify(f"Bearer {text}").require_session()


def test_recording_the_use_does_not_recreate_a_revoked_token(caller: Caller) -> None:
    row, _ = make(caller)
    named_tokens.revoke(int(row.id), caller.require_session())

    account_rows.note_use(row)

    assert read(Key(NamedTokenRow, row.pk, row.sk)) is None


def test_a_token_does_not_inherit_the_flags_of_the_session(caller: Caller) -> None:
    caller._session = replace(caller.require_session(), flags=SessionFlags(7))
    _, text = make(caller, scopes=["admin"])

    session = identify(f"Bearer {text}").require_session()

    assert session.flags == SessionFlags(0)
    assert not session.is_builder


def test_a_token_bound_to_an_origin_has_no_role_in_others(caller: Caller) -> None:
    home, other = a_name("origin"), a_name("origin")
    for origin in (home, other):
        origins.create(origin, Visibility.PUBLIC, by=caller.require_session())
    _, text = make(caller, scopes=["upload"], origin=home)

    bound = identify(f"Bearer {text}", origin=home)

    assert (bound.role_in(home), bound.role_in(other)) == (Role.OWNER, None)
    assert bound.may_see(home, Visibility.PRIVATE)
    assert not bound.may_see(other, Visibility.PRIVATE)
    bound.require_scope(Scope.UPLOAD)
    with pytest.raises(ScopeMissing):
        bound.require_scope(Scope.PROMOTE)
    with pytest.raises(ScopeMissing):
        identify(f"Bearer {text}", origin=other).require_scope(Scope.UPLOAD)


@pytest.mark.parametrize("needed", [*Scope, None])
def test_a_web_session_has_every_scope(caller: Caller, needed: Scope | None) -> None:
    caller.require_scope(needed)
