"""Named tokens beyond what HTTP shows: their time, their use, what is kept, and roles (our own addition)."""

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
from chalicelib.identity import credentials
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.errors import ScopeMissing, TokenRefused
from chalicelib.identity.registration import Identity
from chalicelib.origins import service as origins
from chalicelib.platform import clock
from chalicelib.platform.change import Change
from chalicelib.platform.table import StoreUnavailable, read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def caller() -> Caller:
    """Somebody who signed in."""
    return identify(f"Bearer {start_session(Identity('1', a_name('user'), '', Provider.GITHUB, 'x')).token}")


def _make(caller, scopes=("read",), origin=None, days=None):
    return named_tokens.make(TokenRequest.of("ci", list(scopes), origin, days), caller)


def _later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    moment = clock.now() + timedelta(**delta)
    for module in (account_rows, named_tokens):
        monkeypatch.setattr(module, "now", lambda: moment)
    monkeypatch.setattr(credentials.time, "time", moment.timestamp)


def test_only_a_hash_is_kept(caller: Caller) -> None:
    row, text = _make(caller)

    kept = str(read(account_rows.named_token_key(caller.account_id, int(row.id))).serialize())

    assert text not in kept
    assert text.removeprefix("bldr_") not in kept


def test_a_token_ends_when_its_days_are_over_although_its_row_is_still_there(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, text = _make(caller, days=2)
    _later(monkeypatch, days=1, hours=23)
    assert identify(f"Bearer {text}").require_session()
    _later(monkeypatch, days=2, minutes=1)

    with pytest.raises(TokenRefused):
        identify(f"Bearer {text}").settle()
    assert named_tokens.of_account(caller.account_id) == []
    assert read(account_rows.named_token_key(caller.account_id, int(row.id))) is not None


def test_use_is_noted_once_an_hour(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    row, text = _make(caller)
    key = account_rows.named_token_key(caller.account_id, int(row.id))
    identify(f"Bearer {text}").settle()
    first = read(key).last_used_at
    _later(monkeypatch, minutes=59)
    identify(f"Bearer {text}").settle()
    assert read(key).last_used_at == first
    _later(monkeypatch, minutes=61)

    identify(f"Bearer {text}").settle()

    assert read(key).last_used_at > first


def test_a_note_that_cannot_be_written_refuses_nobody(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    _, text = _make(caller)

    def fail(_: Any) -> None:
        raise StoreUnavailable

    monkeypatch.setattr(Change, "commit", fail)

    assert identify(f"Bearer {text}").require_session()


def test_noting_use_does_not_bring_back_a_revoked_token(caller: Caller) -> None:
    row, _ = _make(caller)
    named_tokens.revoke(int(row.id), caller.require_session())

    account_rows.note_use(row)

    assert read(account_rows.named_token_key(caller.account_id, int(row.id))) is None


def test_a_token_has_no_flags_although_its_maker_has(caller: Caller) -> None:
    caller._session = replace(caller.require_session(), flags=SessionFlags(7))
    _, text = _make(caller, scopes=["admin"])

    session = identify(f"Bearer {text}").require_session()

    assert session.flags == SessionFlags(0)
    assert not session.is_builder


def test_an_account_of_its_own_origin_only(caller: Caller) -> None:
    home, other = a_name("origin"), a_name("origin")
    for origin in (home, other):
        origins.create(origin, Visibility.PUBLIC, by=caller.require_session())
    _, text = _make(caller, scopes=["upload"], origin=home)

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
def test_who_signed_in_has_every_scope(caller: Caller, needed: Scope | None) -> None:
    caller.require_scope(needed)
