"""Every change of an account's tokens leaves an audit row, in the transaction of the change (accounts.md section 9)."""

import pytest

from chalicelib.accounts.access_tokens import service
from chalicelib.accounts.errors import NamedTokenMissing, NotOwnToken
from chalicelib.accounts.named_tokens import service as named_tokens
from chalicelib.accounts.named_tokens.service import TokenRequest
from chalicelib.accounts.sign_in.service import start_session
from chalicelib.catalog.audit_rows import AuditRow, account_book
from chalicelib.core.event_kinds import Trigger
from chalicelib.core.session_token import Provider
from chalicelib.identity.caller import identify
from chalicelib.identity.registration import Identity
from chalicelib.platform.table import rows
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def caller():
    """Somebody at the command line."""
    token = start_session(Identity("1", a_name("user"), "", Provider.GITHUB, "x")).token
    caller = identify(f"Bearer {token}", trigger=Trigger.HAB)
    caller.settle()
    return caller


def _book(caller):
    return list(rows(AuditRow, account_book(caller.account_id)))


def test_the_access_token_is_audited(caller):
    session = caller.require_session()
    token = service.generate_access_token(session)
    service.generate_access_token(session)
    service.revoke_access_token(session, token.id)

    book = _book(caller)

    assert [row.operation for row in book] == ["token_generate", "token_generate", "token_revoke"]
    assert {row.target for row in book} == {str(token.id)}
    assert {(row.requester_id, row.requester_name, row.trigger) for row in book} == {
        (session.account_id, session.name, "hab_client")
    }
    assert [row.created_at for row in book] == sorted(row.created_at for row in book)
    assert token.text not in str([row.serialize() for row in book])


def test_named_tokens_are_audited(caller):
    row, text = named_tokens.make(TokenRequest.of("ci bot", ["read"], None, None), caller)
    named_tokens.revoke(int(row.id), caller.require_session())

    book = _book(caller)

    assert [(each.operation, each.target) for each in book] == [
        ("token_generate", f"{row.id} ci bot"),
        ("token_revoke", str(row.id)),
    ]
    assert text not in str([each.serialize() for each in book])


def test_what_did_not_happen_is_not_in_the_book(caller):
    with pytest.raises(NotOwnToken):
        service.revoke_access_token(caller.require_session(), 1)
    with pytest.raises(NamedTokenMissing):
        named_tokens.revoke(1, caller.require_session())

    assert _book(caller) == []
