"""Accounts and sessions as they come into being (accounts.md 3.1, 3.3)."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.accounts.sign_in.service import start_session
from chalicelib.core.session_token import Provider, account_id_of, fingerprint
from chalicelib.identity import caller, credentials, registration
from chalicelib.identity import rows as account_rows
from chalicelib.identity.errors import TokenRefused
from chalicelib.identity.registration import Identity, find_or_create
from chalicelib.platform.change import Change
from chalicelib.platform.table import read
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


def _who(name: str, oauth_token: str = "gho_abc") -> Identity:
    return Identity("17", name, "x@example.com", Provider.OKTA, oauth_token)


def test_racing_first_sign_ins_end_with_one_account() -> None:
    name = a_name("user")
    barrier = threading.Barrier(8)

    def race(_: Any) -> int:
        barrier.wait()
        return find_or_create(name, "x@example.com")

    with ThreadPoolExecutor(8) as racers:
        ids = list(racers.map(race, range(8)))

    assert len(set(ids)) == 1
    assert read(account_rows.account_key(ids[0])).name == name


def test_an_id_that_is_taken_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = find_or_create(a_name("user"), "")
    ids = iter([first, first, first + 1])
    monkeypatch.setattr(registration, "new_id", lambda _: next(ids))
    name = a_name("user")

    assert find_or_create(name, "") == first + 1
    assert read(account_rows.account_key(first)).name != name


def test_names_differ_by_case() -> None:
    name = a_name("user")

    assert find_or_create(name, "") != find_or_create(name.upper(), "")


def test_a_token_leads_to_its_account_and_holds_no_credential_of_the_provider() -> None:
    session = start_session(_who(a_name("user"), oauth_token="gho_secret_of_the_provider"))

    assert account_id_of(session.token) == session.account_id
    row = read(account_rows.session_key(session.account_id, fingerprint(session.token)))
    assert "gho_secret" not in str(row.serialize())
    assert session.token not in str(row.serialize())


def test_a_session_ends_when_its_time_is_over_although_its_row_is_still_there(monkeypatch: pytest.MonkeyPatch) -> None:
    session = start_session(_who(a_name("user")))
    assert caller.identify(f"Bearer {session.token}").session.account_id == session.account_id
    in_three_days = time.time() + 259_201
    monkeypatch.setattr(credentials.time, "time", lambda: in_three_days)

    with pytest.raises(TokenRefused):
        _ = caller.identify(f"Bearer {session.token}").session


def test_a_session_does_not_get_longer_by_use() -> None:
    earliest = int(time.time())
    session = start_session(_who(a_name("user")))
    latest = time.time()
    key = account_rows.session_key(session.account_id, fingerprint(session.token))
    before = read(key).expires_at

    caller.identify(f"Bearer {session.token}").require_session()

    assert read(key).expires_at == before
    assert earliest <= before - 259_200 <= latest


def test_a_session_is_gone_with_its_row() -> None:
    session = start_session(_who(a_name("user")))
    change = Change()
    change.delete(account_rows.session_key(session.account_id, fingerprint(session.token)))
    change.commit()

    with pytest.raises(TokenRefused):
        caller.identify(f"Bearer {session.token}").settle()
