"""The rules of origins: creation, showing, the default visibility (accounts.md 8.4)."""

from dataclasses import dataclass

from chalicelib.catalog import audit_rows, origin_rows
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.channel_rows import BORN_WITH, ChannelRow, channel_key
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, MembershipOfAccountRow, member_key, membership_of_account_key
from chalicelib.catalog.origin_rows import LeavingOriginRow, OriginCountRow, OriginRow
from chalicelib.core.ident import is_origin_name
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.origins import deletion
from chalicelib.origins.errors import CreationNotAllowed, OriginNameInvalid, OriginTaken
from chalicelib.origins.keys import rows as key_store
from chalicelib.platform.change import Change, Stale, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config


@dataclass(frozen=True, slots=True)
class Origin:
    """An origin as everybody sees it; `private_key_name` is the full name of the newest secret signing key."""

    name: str
    owner_id: int
    owner_name: str
    default_package_visibility: str
    private_key_name: str | None


@dataclass(frozen=True, slots=True)
class NewOrigin:
    """An origin that has just been created."""

    name: str
    owner_id: int
    default_package_visibility: Visibility
    created_at: str


class _StillLeaving(Exception):
    """A former origin of the name has not been taken down completely."""


def create(name: str, visibility: Visibility, by: Session) -> NewOrigin:
    """Found an origin: owner, counts and the channels `unstable` and `stable` come with it, all or nothing.

    What a deleted origin of the name left behind is taken down first.
    Raises CreationNotAllowed, OriginNameInvalid, OriginTaken.
    """
    if config.origin_creators and by.name not in config.origin_creators:
        raise CreationNotAllowed
    if not is_origin_name(name):
        raise OriginNameInvalid
    origin = NewOrigin(name, by.account_id, visibility, timestamp(now()))

    def take_the_name() -> None:
        try:
            _founding(origin, by).commit()
        except _StillLeaving as former:
            deletion.take_down(name)
            raise Stale from former

    again_when_stale(take_the_name)
    return origin


def _founding(origin: NewOrigin, by: Session) -> Change:
    name, visibility = origin.name, str(origin.default_package_visibility)
    place, counts = origin_rows.origin_key(name), origin_rows.origin_count_key(name)
    member, membership = member_key(name, by.account_id), membership_of_account_key(by.account_id, name)
    change = Change()
    change.check(origin_rows.leaving_key(name), LeavingOriginRow.pk.does_not_exist(), otherwise=_StillLeaving())
    change.add(
        OriginRow(
            place.pk,
            place.sk,
            owner_id=by.account_id,
            owner_name=by.name,
            default_package_visibility=visibility,
            created_at=origin.created_at,
        ),
        otherwise=OriginTaken(),
    )
    change.put(OriginCountRow(counts.pk, counts.sk, members=1))
    change.put(MemberRow(member.pk, member.sk, role=str(Role.OWNER), name=by.name))
    change.put(MembershipOfAccountRow(membership.pk, membership.sk))
    for channel in BORN_WITH:
        key = channel_key(name, channel)
        change.put(ChannelRow(key.pk, key.sk, id=new_id(), owner_id=by.account_id, created_at=origin.created_at))
    audit_rows.record(change, AuditAction.ORIGIN_CREATE, by, origin=name, target=name)
    return change


def show(name: str, caller: Caller) -> Origin:
    """An origin and its newest secret signing key's name. Raises OriginMissing."""
    row = caller.read_with(origin_rows.origin_key(name)).get(origin_rows.origin_key(name))
    if row is None:
        raise OriginMissing
    newest = key_store.newest_secret_key(name)
    return Origin(
        name,
        int(row.owner_id),
        row.owner_name,
        row.default_package_visibility,
        None if newest is None else newest.full_name,
    )


def set_default_visibility(name: str, visibility: Visibility, by: Session) -> None:
    """What new packages of the origin get; existing ones keep theirs. Raises OriginMissing."""
    change = Change()
    change.update(
        origin_rows.origin_key(name),
        [OriginRow.default_package_visibility.set(str(visibility))],
        condition=OriginRow.pk.exists(),
        otherwise=OriginMissing(),
    )
    audit_rows.record(change, AuditAction.ORIGIN_CHANGE, by, origin=name, target=name)
    change.commit()
