"""The rules of membership: members and their roles, departure, transfer (accounts.md 8.4, 8.6).

A membership is two rows, one in the origin and one in the account. Every change of it demands in its transaction what
it was decided on: the origin is there, and the member's role is still the one that was seen. So the origin's owner and
the member with the role owner are the same account at any time, whatever happens side by side.
"""

from collections.abc import Sequence

from chalicelib.accounts.errors import AccountMissing
from chalicelib.catalog import audit_rows, member_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, MembershipOfAccountRow, member_key, membership_of_account_key
from chalicelib.catalog.origin_rows import OriginCountRow, OriginRow, origin_count_key, origin_key
from chalicelib.core.roles import Role, RoleUnknown
from chalicelib.core.session import Session
from chalicelib.identity import rows as account_rows
from chalicelib.identity.caller import Caller
from chalicelib.identity.errors import RoleMissing
from chalicelib.origins.errors import (
    ChangeForbidden,
    MemberMissing,
    NothingToDepartFrom,
    NotOwner,
    OwnerCannotDepart,
    OwnerStays,
    RoleInvalid,
    TransferToSelf,
)
from chalicelib.platform.change import Change, Stale, again_when_stale
from chalicelib.platform.table import read, read_many


def names(origin: str) -> Sequence[str]:
    """The account names of all members, ascending."""
    return sorted(row.name for row in member_rows.members(origin))


def account_named(name: str) -> int:
    """The id of an account. Raises AccountMissing."""
    row = read(account_rows.name_key(name))
    if row is None:
        raise AccountMissing
    return int(row.account_id)


def role_of(origin: str, user: str) -> Role:
    """The role of an account by name. Raises AccountMissing, MemberMissing."""
    member = read(member_key(origin, account_named(user)))
    if member is None:
        raise MemberMissing
    return Role.parse(member.role)


def parse_role(text: str) -> Role:
    """A role as clients write it, in any case. Raises RoleInvalid."""
    try:
        return Role.parse(text)
    except RoleUnknown as problem:
        raise RoleInvalid(text) from problem


def set_role(origin: str, user: str, role: Role, by: Caller) -> None:
    """Give a member another role; the owner's is changed by transfer only.

    Origins are public, so that one is missing is said before the caller's role is asked for. Raises, in this order,
    OriginMissing, RoleMissing, ChangeForbidden (owner as role), AccountMissing, ChangeForbidden (self or owner),
    MemberMissing. Source: accounts.md 8.6.
    """
    if read(origin_key(origin)) is None:
        raise OriginMissing
    session = by.require_role(origin, Role.ADMINISTRATOR)
    if role is Role.OWNER:
        raise ChangeForbidden
    account_id = account_named(user)
    if account_id == session.account_id:
        raise ChangeForbidden
    again_when_stale(lambda: _set_role(origin, account_id, user, role, session))


def remove(origin: str, user: str, by: Session) -> None:
    """End somebody's membership, if there is one. Raises NotOwner, OwnerStays, AccountMissing."""

    def end_membership() -> None:
        place = origin_key(origin)
        row = read(place)
        if row is None or int(row.owner_id) != by.account_id:
            raise NotOwner
        if user == by.name:
            raise OwnerStays
        account_id = account_named(user)
        member = read(member_key(origin, account_id))
        if member is None:
            return
        change = Change()
        change.check(place, OriginRow.owner_id == by.account_id)
        _end(change, origin, account_id, member)
        audit_rows.record(change, AuditAction.MEMBER_REMOVE, by, origin=origin, target=user)
        change.commit()

    again_when_stale(end_membership)


def depart(origin: str, by: Session) -> None:
    """Leave an origin. Raises OwnerCannotDepart, NothingToDepartFrom."""

    def end_own_membership() -> None:
        mine, place = member_key(origin, by.account_id), origin_key(origin)
        found = read_many([place, mine])
        row, member = found.get(place), found.get(mine)
        if row is not None and int(row.owner_id) == by.account_id:
            raise OwnerCannotDepart
        if row is None or member is None:
            raise NothingToDepartFrom(origin)
        change = Change()
        origin_rows.require(change, origin)
        _end(change, origin, by.account_id, member)
        audit_rows.record(change, AuditAction.MEMBER_DEPART, by, origin=origin, target=by.name)
        change.commit()

    again_when_stale(end_own_membership)


def transfer(origin: str, user: str, by: Session) -> None:
    """Make a member the owner; the former owner stays as maintainer.

    Raises, in this order, NotOwner, TransferToSelf, AccountMissing, RoleMissing (the recipient is no member).
    """

    def hand_over() -> None:
        place = origin_key(origin)
        row = read(place)
        if row is None or int(row.owner_id) != by.account_id:
            raise NotOwner
        if user == by.name:
            raise TransferToSelf
        recipient_id = account_named(user)
        mine, theirs = member_key(origin, by.account_id), member_key(origin, recipient_id)
        recipient = read(theirs)
        if recipient is None:
            raise RoleMissing
        change = Change()
        change.update(
            place,
            [OriginRow.owner_id.set(recipient_id), OriginRow.owner_name.set(user)],
            condition=OriginRow.owner_id == by.account_id,
        )
        change.update(mine, [MemberRow.role.set(str(Role.MAINTAINER))], condition=MemberRow.role == str(Role.OWNER))
        change.update(theirs, [MemberRow.role.set(str(Role.OWNER))], condition=MemberRow.role == recipient.role)
        audit_rows.record(change, AuditAction.OWNER_TRANSFER, by, origin=origin, target=str(recipient_id))
        change.commit()

    again_when_stale(hand_over)


def join(change: Change, origin: str, account_id: int, name: str) -> None:
    """Add to a change that a new member comes, with the least role (Stale when it is a member by then)."""
    member, membership = member_key(origin, account_id), membership_of_account_key(account_id, origin)
    origin_rows.require(change, origin)
    change.add(MemberRow(member.pk, member.sk, role=str(Role.READONLY_MEMBER), name=name))
    change.put(MembershipOfAccountRow(membership.pk, membership.sk))
    change.update(origin_count_key(origin), [OriginCountRow.members.add(1)])


def _set_role(origin: str, account_id: int, user: str, role: Role, by: Session) -> None:
    place, theirs = origin_key(origin), member_key(origin, account_id)
    found = read_many([place, theirs])
    row, member = found.get(place), found.get(theirs)
    if row is None:
        raise OriginMissing
    if int(row.owner_id) == account_id:
        raise ChangeForbidden
    if member is None:
        raise MemberMissing
    change = Change()
    origin_rows.require(change, origin)
    change.update(theirs, [MemberRow.role.set(str(role))], condition=MemberRow.role == member.role, otherwise=Stale())
    audit_rows.record(change, AuditAction.MEMBER_ROLE, by, origin=origin, target=user)
    change.commit()


def _end(change: Change, origin: str, account_id: int, member: MemberRow) -> None:
    change.delete(member_key(origin, account_id), condition=MemberRow.role == member.role)
    change.delete(membership_of_account_key(account_id, origin))
    change.update(origin_count_key(origin), [OriginCountRow.members.add(-1)])
