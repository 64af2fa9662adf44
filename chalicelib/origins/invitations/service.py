"""The rules of invitations: sent to an account, then accepted, ignored or rescinded (accounts.md 8.7).

Invited → accepted (a member) | ignored → accepted or rescinded | rescinded. There is one invitation per origin and
account; an ignored one counts too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, member_key
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.unsigned import NotUnsigned, unsigned
from chalicelib.identity.caller import Caller
from chalicelib.origins.errors import AlreadyInvited, InvitationIdInvalid, InvitationNotYours
from chalicelib.origins.invitations import rows as invitation_store
from chalicelib.origins.invitations.rows import InvitationPlaceRow, InvitationRow, PendingInvitationRow
from chalicelib.origins.members import service as membership
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import read


@dataclass(frozen=True, slots=True)
class Invitation:
    """An invitation; `inviter_id` is the account that sent it, which clients know as `owner_id`."""

    id: int
    origin: str
    account_id: int
    account_name: str
    inviter_id: int
    ignored: bool
    created_at: str

    def as_json(self) -> dict[str, Any]:
        """The object that clients read, with all fields that `hab` requires."""
        return {
            "id": str(self.id),
            "origin": self.origin,
            "account_id": str(self.account_id),
            "account_name": self.account_name,
            "owner_id": str(self.inviter_id),
            "ignored": self.ignored,
            "created_at": self.created_at,
            "updated_at": self.created_at,
        }


def parse_id(text: str) -> int:
    """An invitation's id in a path. Raises InvitationIdInvalid."""
    try:
        return unsigned(text, bits=64)
    except NotUnsigned as problem:
        raise InvitationIdInvalid(text) from problem


def of_origin(origin: str) -> Sequence[Invitation]:
    """Pending and ignored invitations, oldest first."""
    return sorted(map(_invitation, invitation_store.invitations(origin)), key=lambda invitation: invitation.id)


def pending_for(account_id: int) -> Sequence[Invitation]:
    """The invitations that an account has neither accepted nor ignored, oldest first (accounts.md 8.3)."""
    return [_invitation(row) for row in invitation_store.pending(account_id)]


def send(origin: str, user: str, by: Session) -> Invitation:
    """Invite an account; members may be invited too. Raises AccountMissing, AlreadyInvited, OriginMissing."""
    account_id = membership.account_named(user)

    def invite() -> Invitation:
        moment = now()
        invitation = Invitation(
            new_id(moment), origin, account_id, user, by.account_id, ignored=False, created_at=timestamp(moment)
        )
        change = Change()
        origin_rows.require(change, origin)
        change.add(_row(invitation), otherwise=AlreadyInvited())
        place = invitation_store.place_key(invitation.id)
        change.add(InvitationPlaceRow(place.pk, place.sk, origin=origin, account_id=account_id))
        change.put(_pending_row(invitation))
        audit_rows.record(change, AuditAction.INVITATION_SEND, by, origin=origin, target=user)
        change.commit()
        return invitation

    invitation: Invitation = again_when_stale(invite)
    return invitation


def accept(invitation_id: int, by: Caller) -> None:
    """Make the invited account, whoever accepts, a readonly member; an existing role is kept.

    An unknown id changes nothing. Raises InvitationNotYours.
    """

    def join() -> None:
        invitation = _found(invitation_id)
        if invitation is None:
            return
        _demand_invited_or_maintainer(invitation, by)
        change = _ending(invitation)
        member = member_key(invitation.origin, invitation.account_id)
        if read(member) is None:
            membership.join(change, invitation.origin, invitation.account_id, invitation.account_name)
        else:
            origin_rows.require(change, invitation.origin)
            change.check(member, MemberRow.pk.exists())
        _record(change, AuditAction.INVITATION_ACCEPT, invitation, by)
        _commit(change)

    again_when_stale(join)


def ignore(invitation_id: int, by: Caller) -> None:
    """Take an invitation off the account's list; the origin still has it. Raises InvitationNotYours."""

    def set_ignored() -> None:
        invitation = _found(invitation_id)
        if invitation is None:
            return
        _demand_invited_or_maintainer(invitation, by)
        change = Change()
        origin_rows.require(change, invitation.origin)
        change.update(
            invitation_store.invitation_key(invitation.origin, invitation.account_id),
            [InvitationRow.ignored.set(True)],
            condition=InvitationRow.id == invitation.id,
        )
        change.delete(invitation_store.pending_key(invitation.account_id, invitation.id))
        _record(change, AuditAction.INVITATION_IGNORE, invitation, by)
        _commit(change)

    again_when_stale(set_ignored)


def rescind(invitation_id: int, by: Caller) -> None:
    """Take an invitation back. Raises InvitationNotYours."""

    def take_back() -> None:
        invitation = _found(invitation_id)
        if invitation is None:
            return
        if not _maintains(invitation.origin, by):
            raise InvitationNotYours
        change = _ending(invitation)
        origin_rows.require(change, invitation.origin)
        _record(change, AuditAction.INVITATION_RESCIND, invitation, by)
        _commit(change)

    again_when_stale(take_back)


def _found(invitation_id: int) -> Invitation | None:
    place = read(invitation_store.place_key(invitation_id))
    if place is None:
        return None
    row = read(invitation_store.invitation_key(place.origin, int(place.account_id)))
    return None if row is None or int(row.id) != invitation_id else _invitation(row)


def _demand_invited_or_maintainer(invitation: Invitation, by: Caller) -> None:
    if by.require_session().account_id != invitation.account_id and not _maintains(invitation.origin, by):
        raise InvitationNotYours


def _maintains(origin: str, by: Caller) -> bool:
    role = by.role_in(origin)
    return role is not None and role >= Role.MAINTAINER


def _ending(invitation: Invitation) -> Change:
    """All rows of the invitation go, unless another took them (Stale)."""
    in_origin, place, pending = invitation_store.keys_of(_row(invitation))
    change = Change()
    change.delete(in_origin, condition=InvitationRow.id == invitation.id)
    change.delete(place)
    change.delete(pending)
    return change


def _commit(change: Change) -> None:
    """An origin under deletion takes its invitations along: to clients the id is unknown."""
    try:
        change.commit()
    except OriginMissing:
        return


def _record(change: Change, operation: AuditAction, invitation: Invitation, by: Caller) -> None:
    audit_rows.record(change, operation, by.require_session(), origin=invitation.origin, target=invitation.account_name)


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        int(row.id),
        row.origin,
        int(row.account_id),
        row.account_name,
        int(row.owner_id),
        bool(row.ignored),
        row.created_at,
    )


def _row(invitation: Invitation) -> InvitationRow:
    key = invitation_store.invitation_key(invitation.origin, invitation.account_id)
    return InvitationRow(key.pk, key.sk, **_attributes(invitation))


def _pending_row(invitation: Invitation) -> PendingInvitationRow:
    key = invitation_store.pending_key(invitation.account_id, invitation.id)
    return PendingInvitationRow(key.pk, key.sk, **_attributes(invitation))


def _attributes(invitation: Invitation) -> dict[str, Any]:
    return {
        "id": invitation.id,
        "origin": invitation.origin,
        "account_id": invitation.account_id,
        "account_name": invitation.account_name,
        "owner_id": invitation.inviter_id,
        "ignored": invitation.ignored,
        "created_at": invitation.created_at,
    }
