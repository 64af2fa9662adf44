"""The rules of membership: list, roles, removal, departure, transfer (accounts.md 8.4, 8.6).

A membership has two rows, one in the origin and one in the account. The transaction of every change requires that the
origin exists and that the member's role is still the one that was read. So the owner in the origin's row and the member
with the role `owner` are always the same account, even with concurrent requests.
"""

from chalicelib.accounts.errors import AccountMissing
from chalicelib.catalog import audit_rows, fences, member_rows, origin_rows, origin_summaries
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, MembershipOfAccountRow, member_key, membership_of_account_key
from chalicelib.catalog.origin_rows import OriginCountRow, OriginRow, origin_count_key, origin_key
from chalicelib.core.roles import Role, RoleUnknown
from chalicelib.core.session import Session
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller
from chalicelib.origins.errors import (
    ChangeForbidden,
    MemberMissing,
    NothingToDepartFrom,
    NotOwner,
    OwnerCannotDepart,
    OwnerStays,
    RecipientNotMember,
    RoleInvalid,
    TransferToSelf,
)
from chalicelib.platform.change import Change, retry_when_stale
from chalicelib.platform.table import read, read_many


def names(origin: str) -> list[str]:
    """Return the account names of all members, ascending."""
    return sorted(row.name for row in member_rows.members(origin))


def account_named(name: str) -> int:
    """Return the id of an account. Raises AccountMissing."""
    row = read(account_rows.name_key(name))
    if row is None:
        raise AccountMissing
    return int(row.account_id)


def role_of(origin: str, user: str) -> Role:
    """Return the role of an account, given by name. Raises AccountMissing, MemberMissing."""
    member = read(member_key(origin, account_named(user)))
    if member is None:
        raise MemberMissing
    return Role.parse(member.role)


def parse_role(text: str) -> Role:
    """Return the role that a client names, in upper or lower case. Raises RoleInvalid."""
    try:
        return Role.parse(text)
    except RoleUnknown as problem:
        raise RoleInvalid(text) from problem


def set_role(origin: str, user: str, role: Role, caller: Caller) -> None:
    """Assign a role to a member. Only a transfer changes the owner's role.

    Raises, in this order, OriginMissing (before the role check, because origins are public), RoleMissing,
    ChangeForbidden (the role `owner`), AccountMissing, ChangeForbidden (the caller or the owner as the member),
    MemberMissing. Source: accounts.md 8.6.
    """
    if read(origin_key(origin)) is None:
        raise OriginMissing
    session = caller.require_role(origin, Role.ADMINISTRATOR)
    if role is Role.OWNER:
        raise ChangeForbidden
    account_id = account_named(user)
    if account_id == session.account_id:
        raise ChangeForbidden
    retry_when_stale(lambda: _set_role(origin, account_id, user, role, session))
    fences.remove_all(origin)


def _set_role(origin: str, account_id: int, user: str, role: Role, by: Session) -> None:
    row_key, their_key = origin_key(origin), member_key(origin, account_id)
    found = read_many([row_key, their_key])
    row, member = found.get(row_key), found.get(their_key)
    if row is None:
        raise OriginMissing
    if int(row.owner_id) == account_id:
        raise ChangeForbidden
    if member is None:
        raise MemberMissing
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        change.update(their_key, [MemberRow.role.set(str(role))], condition=MemberRow.role == member.role)
        audit_rows.record(change, AuditAction.MEMBER_ROLE, by, origin=origin, target=user)


def remove(origin: str, user: str, by: Session) -> None:
    """End the membership of an account; does nothing if it is not a member.

    Raises, in this order, NotOwner, OwnerStays, AccountMissing.
    """
    retry_when_stale(lambda: _remove(origin, user, by))
    fences.remove_all(origin)


def _remove(origin: str, user: str, by: Session) -> None:
    _require_owner(origin, by)
    if user == by.name:
        raise OwnerStays
    account_id = account_named(user)
    member = read(member_key(origin, account_id))
    if member is None:
        return
    with Change() as change:
        change.check(origin_key(origin), OriginRow.owner_id == by.account_id)
        _end(change, origin, account_id, member)
        audit_rows.record(change, AuditAction.MEMBER_REMOVE, by, origin=origin, target=user)


def depart(origin: str, by: Session) -> None:
    """End the account's own membership. Raises OwnerCannotDepart, NothingToDepartFrom, OriginMissing."""
    retry_when_stale(lambda: _depart(origin, by))
    fences.remove_all(origin)


def _depart(origin: str, by: Session) -> None:
    row_key, own_key = origin_key(origin), member_key(origin, by.account_id)
    found = read_many([row_key, own_key])
    row, member = found.get(row_key), found.get(own_key)
    if row is not None and int(row.owner_id) == by.account_id:
        raise OwnerCannotDepart
    if row is None or member is None:
        raise NothingToDepartFrom(origin)
    with Change() as change:
        origin_rows.require(change, origin, by.permission)
        _end(change, origin, by.account_id, member)
        audit_rows.record(change, AuditAction.MEMBER_DEPART, by, origin=origin, target=by.name)


def transfer(origin: str, user: str, by: Session) -> None:
    """Make a member the owner. The former owner becomes a maintainer.

    Raises, in this order, NotOwner, TransferToSelf, AccountMissing, RecipientNotMember.
    """
    retry_when_stale(lambda: _transfer(origin, user, by))
    fences.remove_all(origin)


def _transfer(origin: str, user: str, by: Session) -> None:
    _require_owner(origin, by)
    if user == by.name:
        raise TransferToSelf
    recipient_id = account_named(user)
    own_key, their_key = member_key(origin, by.account_id), member_key(origin, recipient_id)
    recipient = read(their_key)
    if recipient is None:
        raise RecipientNotMember
    with Change() as change:
        change.update(
            origin_key(origin),
            [OriginRow.owner_id.set(recipient_id), OriginRow.owner_name.set(user)],
            condition=OriginRow.owner_id == by.account_id,
        )
        origin_summaries.note_origin(change, origin)
        change.update(own_key, [MemberRow.role.set(str(Role.MAINTAINER))], condition=MemberRow.role == str(Role.OWNER))
        change.update(their_key, [MemberRow.role.set(str(Role.OWNER))], condition=MemberRow.role == recipient.role)
        audit_rows.record(change, AuditAction.OWNER_TRANSFER, by, origin=origin, target=str(recipient_id))


def join(change: Change, origin: str, account_id: int, name: str) -> None:
    """Add a new readonly member to a change, on condition that the account is not a member (Stale).

    The caller of this function requires the origin.
    """
    member, membership = member_key(origin, account_id), membership_of_account_key(account_id, origin)
    change.add(MemberRow(member.pk, member.sk, role=str(Role.READONLY_MEMBER), name=name))
    change.put(MembershipOfAccountRow(membership.pk, membership.sk))
    origin_rows.add_limited(change, origin, "members")


def _end(change: Change, origin: str, account_id: int, member: MemberRow) -> None:
    change.delete(member_key(origin, account_id), condition=MemberRow.role == member.role)
    change.delete(membership_of_account_key(account_id, origin))
    change.update(origin_count_key(origin), [OriginCountRow.members.add(-1)])


def _require_owner(origin: str, by: Session) -> None:
    """Raise NotOwner unless the account owns the origin, regardless of the flags of its session (accounts.md 6.2)."""
    row = read(origin_key(origin))
    if row is None or int(row.owner_id) != by.account_id:
        raise NotOwner
