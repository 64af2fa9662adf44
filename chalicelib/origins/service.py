"""The rules of origins: create, show, change the default visibility (accounts.md 8.4)."""

from contextlib import suppress

from msgspec import Struct

from chalicelib.catalog import audit_rows, fences, origin_rows, origin_summaries
from chalicelib.catalog.audit_rows import AuditAction
from chalicelib.catalog.channel_rows import INITIAL_CHANNELS, ChannelRow, channel_key
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.member_rows import MemberRow, MembershipOfAccountRow, member_key, membership_of_account_key
from chalicelib.catalog.origin_rows import LeavingOriginRow, OriginCountRow, OriginRow
from chalicelib.core.ident import is_origin_name
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.origins import deletion
from chalicelib.origins.errors import CreationNotAllowed, OriginNameInvalid, OriginNotEmpty, OriginTaken
from chalicelib.origins.keys import rows as key_rows
from chalicelib.platform.change import Change, Stale, retry_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config


class Origin(Struct, frozen=True):
    """An origin and the full name of its newest secret signing key, empty if it has no key."""

    row: OriginRow
    private_key_name: str


class _DeletionUnfinished(Exception):
    """A deleted origin with that name still has rows."""


def create(name: str, visibility: Visibility, by: Session) -> OriginRow:
    """Create an origin with its owner, its counts and the channels `unstable` and `stable`, in one transaction.

    Remaining rows of a deleted origin with that name are removed first.
    Raises CreationNotAllowed, OriginNameInvalid, OriginTaken.
    """
    if config.origin_creators and by.name not in config.origin_creators:
        raise CreationNotAllowed
    if not is_origin_name(name):
        raise OriginNameInvalid
    return retry_when_stale(lambda: _create_after_deletion(name, visibility, by))


def _create_after_deletion(name: str, visibility: Visibility, by: Session) -> OriginRow:
    try:
        return _create(name, visibility, by)
    except _DeletionUnfinished as unfinished:
        with suppress(OriginNotEmpty):  # the origin exists again
            deletion.finish(name)
        raise Stale from unfinished


def _create(name: str, visibility: Visibility, by: Session) -> OriginRow:
    created_at = timestamp(now())
    origin, counts = origin_rows.origin_key(name), origin_rows.origin_count_key(name)
    member, membership = member_key(name, by.account_id), membership_of_account_key(by.account_id, name)
    row = OriginRow(
        origin.pk,
        origin.sk,
        id=new_id(),
        owner_id=by.account_id,
        owner_name=by.name,
        default_package_visibility=str(visibility),
        created_at=created_at,
    )
    with Change() as change:
        change.check(
            origin_rows.leaving_key(name), LeavingOriginRow.pk.does_not_exist(), otherwise=_DeletionUnfinished()
        )
        change.add(row, otherwise=OriginTaken())
        origin_summaries.note_origin(change, name)
        change.put(OriginCountRow(counts.pk, counts.sk, members=1))
        change.put(MemberRow(member.pk, member.sk, role=str(Role.OWNER), name=by.name))
        change.put(MembershipOfAccountRow(membership.pk, membership.sk))
        for channel in INITIAL_CHANNELS:
            key = channel_key(name, channel)
            change.put(ChannelRow(key.pk, key.sk, id=new_id(), owner_id=by.account_id, created_at=created_at))
        audit_rows.record(change, AuditAction.ORIGIN_CREATE, by, origin=name, target=name)
    return row


def show(name: str, caller: Caller) -> Origin:
    """Return an origin, read together with the rows that prove the caller. Raises OriginMissing."""
    key = origin_rows.origin_key(name)
    row = caller.read_with(key).get(key)
    if row is None:
        raise OriginMissing
    newest = key_rows.newest_secret_key(name)
    return Origin(row, "" if newest is None else newest.full_name)


def set_default_visibility(name: str, visibility: Visibility, by: Session) -> None:
    """Set the visibility of packages whose name is new in the origin. Raises OriginMissing."""
    with Change() as change:
        change.update(
            origin_rows.origin_key(name),
            [OriginRow.default_package_visibility.set(str(visibility))],
            condition=origin_rows.is_unchanged(name, by.permission),
            otherwise=OriginMissing(),
        )
        origin_rows.require_role(change, name, by.permission)
        origin_summaries.note_origin(change, name)
        audit_rows.record(change, AuditAction.ORIGIN_CHANGE, by, origin=name, target=name)
    fences.remove_all(name)
