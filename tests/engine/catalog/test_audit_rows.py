"""Every change of an account's tokens writes an audit row in the same transaction (accounts.md section 9)."""

import pytest

from chalicelib.accounts.access_tokens import service as access_tokens
from chalicelib.accounts.errors import NamedTokenMissing, NotOwnToken
from chalicelib.accounts.named_tokens import service as named_tokens
from chalicelib.accounts.named_tokens.service import TokenRequest
from chalicelib.accounts.sign_in.service import start_session
from chalicelib.catalog.audit_rows import AuditRow, account_audit_partition
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.core.session import Session
from chalicelib.core.tokens.session_token import Provider
from chalicelib.identity.caller import Caller, identify
from chalicelib.identity.registration import Identity
from chalicelib.platform.table import rows
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def caller() -> Caller:
    """A caller with a session, at the command line."""
    token = start_session(Identity("1", a_name("user"), "", Provider.GITHUB, "x")).token
    caller = identify(f"Bearer {token}", trigger=Trigger.HAB)
    caller.settle()
    return caller


def audit_of(session: Session) -> list[AuditRow]:
    """Return the audit rows of an account."""
    return list(rows(AuditRow, account_audit_partition(session.account_id)))


def test_changes_of_the_access_token_are_audited(caller: Caller) -> None:
    session = caller.require_session()
    token = access_tokens.generate_access_token(session)
    access_tokens.generate_access_token(session)
    access_tokens.revoke_access_token(session, token.id)

    audit = audit_of(session)

    assert [row.operation for row in audit] == ["token_generate", "token_generate", "token_revoke"]
    assert {row.target for row in audit} == {str(token.id)}
    assert {(row.requester_id, row.requester_name, row.trigger) for row in audit} == {
        (session.account_id, session.name, "hab_client")
    }
    assert [row.created_at for row in audit] == sorted(row.created_at for row in audit)
    assert token.text not in str([row.serialize() for row in audit])


def test_changes_of_named_tokens_are_audited(caller: Caller) -> None:
    session = caller.require_session()
    row, text = named_tokens.make(TokenRequest.of("ci bot", ["read"], None, None), caller)
    named_tokens.revoke(int(row.id), session)

    audit = audit_of(session)

    assert [(each.operation, each.target) for each in audit] == [
        ("token_generate", f"{row.id} ci bot"),
        ("token_revoke", str(row.id)),
    ]
    assert text not in str([each.serialize() for each in audit])


def test_refused_changes_are_not_audited(caller: Caller) -> None:
    session = caller.require_session()
    with pytest.raises(NotOwnToken):
        access_tokens.revoke_access_token(session, 1)
    with pytest.raises(NamedTokenMissing):
        named_tokens.revoke(1, session)

    assert audit_of(session) == []
