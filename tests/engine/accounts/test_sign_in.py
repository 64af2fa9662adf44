"""Creation of accounts and sessions (accounts.md 3.1, 3.3)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.accounts.sign_in.service import SignedIn, start_session
from chalicelib.core.tokens.session_token import Provider, account_id_of, fingerprint
from chalicelib.identity import registration
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import identify
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.registration import Identity, find_or_create
from chalicelib.identity.rows import SessionRow
from chalicelib.platform.change import Change
from chalicelib.platform.table import read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


def an_identity(name: str, oauth_token: str = "gho_abc") -> Identity:
    return Identity("17", name, "x@example.com", Provider.OKTA, oauth_token)


def name_of(account_id: int) -> str:
    row = read(account_rows.account_key(account_id))
    assert row is not None
    return str(row.name)


def session_row(session: SignedIn) -> SessionRow:
    row = read(account_rows.session_key(session.account_id, fingerprint(session.token)))
    assert row is not None
    return row


def test_concurrent_first_sign_ins_end_with_one_account() -> None:
    name = a_name("user")
    barrier = threading.Barrier(8)

    def race(_: int) -> int:
        barrier.wait()
        return find_or_create(name, "x@example.com")

    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(race, range(8)))

    assert len(set(ids)) == 1
    assert name_of(ids[0]) == name


def test_an_id_is_not_used_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_or_create(a_name("user"), "")
    ids = iter([first, first, first + 1])
    monkeypatch.setattr(registration, "new_id", lambda _: next(ids))
    name = a_name("user")

    assert find_or_create(name, "") == first + 1
    assert name_of(first) != name


def test_names_are_case_sensitive() -> None:
    name = a_name("user")

    assert find_or_create(name, "") != find_or_create(name.upper(), "")


def test_a_session_names_its_account_and_does_not_hold_the_token_of_the_provider() -> None:
    session = start_session(an_identity(a_name("user"), oauth_token="gho_secret_of_the_provider"))

    assert account_id_of(session.token) == session.account_id
    stored = str(session_row(session).serialize())
    assert "gho_secret" not in stored
    assert session.token not in stored


def test_an_expired_session_is_refused_although_its_row_still_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    session = start_session(an_identity(a_name("user")))
    assert identify(f"Bearer {session.token}").require_session().account_id == session.account_id
    in_three_days = time.time() + 259_201
    monkeypatch.setattr("chalicelib.identity.credentials.time.time", lambda: in_three_days)

    with pytest.raises(TokenRefused):
        _ = identify(f"Bearer {session.token}").session


def test_use_does_not_extend_a_session() -> None:
    earliest = int(time.time())
    session = start_session(an_identity(a_name("user")))
    latest = time.time()
    before = session_row(session).expires_at

    identify(f"Bearer {session.token}").require_session()

    assert session_row(session).expires_at == before
    assert earliest <= before - 259_200 <= latest


def test_a_session_without_a_row_is_refused() -> None:
    session = start_session(an_identity(a_name("user")))
    with Change() as change:
        change.delete(account_rows.session_key(session.account_id, fingerprint(session.token)))

    with pytest.raises(TokenRefused):
        identify(f"Bearer {session.token}").settle()
