"""The rules of invitations: send, accept, ignore, rescind (accounts.md 8.7).

An invitation is pending until it is ignored, and exists until it is accepted or rescinded. While it exists, pending or
ignored, the account cannot be invited to that origin again. Deleting an origin deletes its invitations. Their ids are
then unknown, so accept, ignore and rescind suppress OriginMissing.
"""

from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.catalog.origin_rows import OriginCountRow, origin_count_key
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.identity.caller import Caller
from chalicelib.identity.errors import RoleMissing
from chalicelib.origins.errors import AlreadyInvited, InvitationIdInvalid, InvitationNotYours
from chalicelib.origins.invitations import rows
from chalicelib.origins.invitations.rows import InvitationIdRow, InvitationRow, PendingInvitationRow
from chalicelib.origins.members import service as members
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read

PENDING_SHOWN = 1_000
"""Other accounts decide how many invitations an account has, so its list shows as many as fit an answer."""


def parse_id(text: str) -> int:
    """Return the id of an invitation in a path. Raises InvitationIdInvalid."""
    try:
        return unsigned(text, bits=64)
    except NotUnsigned as problem:
        raise InvitationIdInvalid(text) from problem


def of_origin(origin: str) -> Sequence[InvitationRow]:
    """Return the pending and ignored invitations of an origin, oldest first."""
    return sorted(rows.invitations(origin), key=lambda row: int(row.id))


def pending_for(session: Session) -> Sequence[InvitationRow]:
    """Return the first pending invitations of an account that the session reaches, oldest first (accounts.md 8.3)."""
    reached = (row for row in rows.pending(session.account_id) if session.reaches(row.origin))
    return list(islice(reached, PENDING_SHOWN))


def send(origin: str, user: str, by: Session) -> InvitationRow:
    """Invite an account, which may be a member already.

    Raises AccountMissing, AlreadyInvited, OriginMissing, TooManyInOrigin.
    """
    account_id = members.account_named(user)
    return retry_when_stale(lambda: _send(origin, account_id, user, by))


def _send(origin: str, account_id: int, user: str, by: Session) -> InvitationRow:
    moment = now()
    values: dict[str, Any] = {
        "id": new_id(moment),
        "origin": origin,
        "account_id": account_id,
        "account_name": user,
        "owner_id": by.account_id,
        "ignored": False,
        "created_at": timestamp(moment),
    }
    key = rows.invitation_key(origin, account_id)
    row = InvitationRow(key.pk, key.sk, **values)
    _, id_key, pending_key = rows.keys_of(row)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.add(row, otherwise=AlreadyInvited())
        change.add(InvitationIdRow(id_key.pk, id_key.sk, origin=origin, account_id=account_id))
        change.put(PendingInvitationRow(pending_key.pk, pending_key.sk, **values))
        origin_rows.add_limited(change, origin, "invitations")
        audit_rows.record(change, AuditAction.INVITATION_SEND, by, origin=origin, target=user)
    return row


def accept(origin: str, invitation_id: int, caller: Caller) -> None:
    """Make the invited account a readonly member; an existing role stays. Does nothing for an unknown id.

    A maintainer may accept for the invited account. Raises InvitationNotYours.
    """
    retry_when_stale(lambda: _accept(origin, invitation_id, caller))


def _accept(origin: str, invitation_id: int, caller: Caller) -> None:
    invitation = _answerable(origin, invitation_id, caller)
    if invitation is None:
        return
    account_id = int(invitation.account_id)
    key = member_key(origin, account_id)
    with suppress(OriginMissing), Change() as change:
        origin_rows.require(change, origin, caller.require_session().permission)
        _delete(change, invitation)
        if read(key) is None:
            members.join(change, origin, account_id, invitation.account_name)
        else:
            change.check(key, MemberRow.pk.exists())
        _record(change, AuditAction.INVITATION_ACCEPT, invitation, caller)


def ignore(origin: str, invitation_id: int, caller: Caller) -> None:
    """Remove an invitation from the account's list. The origin keeps it. Does nothing for an unknown id.

    Raises InvitationNotYours.
    """
    retry_when_stale(lambda: _ignore(origin, invitation_id, caller))


def _ignore(origin: str, invitation_id: int, caller: Caller) -> None:
    invitation = _answerable(origin, invitation_id, caller)
    if invitation is None:
        return
    key, _, pending_key = rows.keys_of(invitation)
    with suppress(OriginMissing), Change() as change:
        origin_rows.require(change, invitation.origin, caller.require_session().permission)
        change.update(key, [InvitationRow.ignored.set(True)], condition=InvitationRow.id == invitation_id)
        change.delete(pending_key)
        _record(change, AuditAction.INVITATION_IGNORE, invitation, caller)


def rescind(origin: str, invitation_id: int, caller: Caller) -> None:
    """Delete an invitation. Only maintainers of its origin can do this. Does nothing for an unknown id.

    Raises InvitationNotYours.
    """
    retry_when_stale(lambda: _rescind(origin, invitation_id, caller))


def _rescind(origin: str, invitation_id: int, caller: Caller) -> None:
    invitation = _with_id(origin, invitation_id)
    if invitation is None:
        return
    _demand_maintainer(invitation.origin, caller)
    with suppress(OriginMissing), Change() as change:
        origin_rows.require(change, invitation.origin, caller.require_session().permission)
        _delete(change, invitation)
        _record(change, AuditAction.INVITATION_RESCIND, invitation, caller)


def _answerable(origin: str, invitation_id: int, caller: Caller) -> InvitationRow | None:
    """Return an invitation that the caller may answer, or None for an unknown id. Raises InvitationNotYours."""
    invitation = _with_id(origin, invitation_id)
    if invitation is None:
        return None
    is_invited = caller.require_session().account_id == int(invitation.account_id)
    if not is_invited:
        _demand_maintainer(invitation.origin, caller)
    return invitation


def _demand_maintainer(origin: str, caller: Caller) -> None:
    try:
        caller.require_role(origin, Role.MAINTAINER)
    except RoleMissing as problem:
        raise InvitationNotYours from problem


def _with_id(origin: str, invitation_id: int) -> InvitationRow | None:
    """Return the invitation of an origin with an id; an id of another origin's invitation is unknown."""
    by_id = read(rows.id_key(invitation_id))
    if by_id is None or by_id.origin != origin:
        return None
    row = read(rows.invitation_key(origin, int(by_id.account_id)))
    return None if row is None or int(row.id) != invitation_id else row


def _delete(change: Change, invitation: InvitationRow) -> None:
    """Delete all rows of an invitation, on condition that it was not replaced by another (Stale)."""
    key, id_key, pending_key = rows.keys_of(invitation)
    change.delete(key, condition=InvitationRow.id == int(invitation.id))
    change.delete(id_key)
    change.delete(pending_key)
    change.update(origin_count_key(invitation.origin), [OriginCountRow.invitations.add(-1)])


def _record(change: Change, action: AuditAction, invitation: InvitationRow, caller: Caller) -> None:
    audit_rows.record(
        change, action, caller.require_session(), origin=invitation.origin, target=invitation.account_name
    )
