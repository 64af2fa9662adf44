"""Expiry, use, storage and roles of named tokens: the rules that HTTP does not show (accounts.md 3.4)."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from chalicelib.accounts.errors import TooManyTokens
from chalicelib.accounts.named_tokens import rows as token_rows
from chalicelib.accounts.named_tokens import service as named_tokens
from chalicelib.accounts.named_tokens.service import TOKENS_PER_ACCOUNT, TokenRequest
from chalicelib.accounts.sign_in.service import start_session
from chalicelib.core.roles import Role, SessionFlags
from chalicelib.core.tokens.session_token import Provider
from chalicelib.core.tokens.token_scope import Scope
from chalicelib.core.visibility import Visibility
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller, identify
from chalicelib.identity.errors import ScopeMissing, TokenRefused
from chalicelib.identity.registration import Identity
from chalicelib.identity.rows import NamedTokenRow
from chalicelib.origins import service as origins
from chalicelib.platform import clock
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key
from chalicelib.platform.table import StoreUnavailable, delete_many, read
from tests.builders.histories import CLIENTS, histories
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


def fill_up_to(caller: Caller, number: int, days: int | None = None) -> None:
    for _ in range(number):
        make(caller, days=days)


def is_full(caller: Caller) -> bool:
    try:
        make(caller)
    except TooManyTokens:
        return True
    return False


@pytest.mark.parametrize("seed", range(5))
def test_concurrent_requests_do_not_pass_the_limit(caller: Caller, seed: int) -> None:
    fill_up_to(caller, TOKENS_PER_ACCOUNT - 5)
    account_id, refused = caller.require_session().account_id, []

    def send() -> None:
        if is_full(caller):
            refused.append(1)

    with histories() as running:
        running.run(random.Random(seed), [send] * CLIENTS, after_each_call=lambda: None)

    assert len(named_tokens.tokens_of(account_id)) == TOKENS_PER_ACCOUNT
    assert len(refused) == CLIENTS - 5


def test_concurrent_first_requests_are_all_counted(caller: Caller) -> None:
    with histories() as running:
        running.run(random.Random(1), [lambda: fill_up_to(caller, 1)] * CLIENTS, after_each_call=lambda: None)

    counted = read(token_rows.count_key(caller.require_session().account_id))
    assert counted is not None
    assert int(counted.tokens) == CLIENTS


def test_expired_and_revoked_tokens_make_room(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_up_to(caller, TOKENS_PER_ACCOUNT - 3, days=9)
    fill_up_to(caller, 3, days=2)
    assert is_full(caller)
    move_clock(monkeypatch, days=3)

    fill_up_to(caller, 3, days=9)

    assert is_full(caller)
    session = caller.require_session()
    named_tokens.revoke(int(named_tokens.tokens_of(session.account_id)[0].id), session)
    make(caller)
    assert is_full(caller)


def test_revoking_an_expired_token_does_not_make_room(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    expired, _ = make(caller, days=2)
    fill_up_to(caller, TOKENS_PER_ACCOUNT - 1, days=9)
    move_clock(monkeypatch, days=3)
    make(caller, days=9)

    named_tokens.revoke(int(expired.id), caller.require_session())

    assert is_full(caller)


def test_tokens_that_were_created_before_there_was_a_count_are_counted(caller: Caller) -> None:
    account_id = caller.require_session().account_id
    fill_up_to(caller, TOKENS_PER_ACCOUNT)
    delete_many([token_rows.count_key(account_id)])
    assert is_full(caller)

    named_tokens.revoke(int(named_tokens.tokens_of(account_id)[0].id), caller.require_session())

    make(caller)
    assert is_full(caller)


@pytest.mark.parametrize("needed", [*Scope, None])
def test_a_web_session_has_every_scope(caller: Caller, needed: Scope | None) -> None:
    caller.require_scope(needed)
