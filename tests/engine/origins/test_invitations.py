"""Invitations that are replaced while a request changes them (accounts.md 8.7)."""

from collections.abc import Callable

import pytest

from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.identity.credentials import Credential
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service
from chalicelib.origins.invitations import service as invitations
from chalicelib.origins.members import service as members
from chalicelib.platform.change import Change
from tests.builders.names import a_name

pytestmark = pytest.mark.usefixtures("table")


def a_caller() -> Caller:
    name = a_name("user")
    return Caller(Credential(find_or_create(name, ""), key=None, name=name))


OPERATIONS: list[Callable[[str, int, Caller], None]] = [invitations.accept, invitations.ignore, invitations.rescind]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_newer_invitation_of_the_same_account_is_not_changed(
    operation: Callable[[str, int, Caller], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, owner, invited = a_name("origin"), a_caller(), a_caller().require_session()
    service.create(origin, Visibility.PUBLIC, owner.require_session())
    old_id = int(invitations.send(origin, invited.name, owner.require_session()).id)
    commit = Change.commit

    def commit_after_another_client(change: Change) -> None:
        monkeypatch.setattr(Change, "commit", commit)
        invitations.rescind(origin, old_id, owner)
        invitations.send(origin, invited.name, owner.require_session())
        commit(change)

    monkeypatch.setattr(Change, "commit", commit_after_another_client)
    operation(origin, old_id, owner)

    [new] = invitations.of_origin(origin)
    assert new.id != old_id
    assert not new.ignored
    assert [pending.id for pending in invitations.pending_for(invited)] == [new.id]
    assert members.names(origin) == [owner.require_session().name]
