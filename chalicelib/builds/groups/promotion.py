"""Promotion and demotion of what a job group has built (builds.md 4.3).

Packages move in transactions of up to 24, origin by origin, each with an audit row. The roles in all origins, the
channels and the packages are checked before anything moves. After an interruption a repeat moves the rest.
"""

import time
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from chalicelib.builds.groups import reads
from chalicelib.builds.rows import GroupRow
from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.channel_rows import INITIAL_CHANNELS
from chalicelib.catalog.errors import ChannelMissing, ReleaseMissing
from chalicelib.channels import service as channels
from chalicelib.channels.errors import BulkUnfinished, ChannelExists
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import Role
from chalicelib.core.session import Session
from chalicelib.core.standing import Standing
from chalicelib.core.target import Target
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import read_many
from chalicelib.promotions import service as sets
from chalicelib.promotions.service import SetMember, SetRequest

IN_ONE_TRANSACTION = 24
"""See promotions/service.py."""

SECONDS = 20.0
"""No transaction starts later than this after the start of the request. The function times out after 29 seconds."""


def move(group: GroupRow, operation: ChannelOperation, channel: str, idents: Collection[str], caller: Caller) -> None:
    """Promote what a group has built to a channel of each package's origin, or demote it; only `idents`, if any.

    A missing channel is created. Raises SessionMissing, RoleMissing, ChannelMissing, ChannelNameInvalid,
    ReleaseMissing, TooManyChannels, TooManyInOrigin and RoleLost, and BulkUnfinished if a repeat must move the rest.
    """
    deadline = time.monotonic() + SECONDS
    selected = _selected(group, idents)
    sessions = {origin: caller.require_role(origin, Role.MAINTAINER) for origin in selected}
    target = Target(group.target)
    _demand_packages([ident for found in selected.values() for ident in found], target)
    _ensure_channels(channel, sessions)
    for origin, found in selected.items():
        for start in range(0, len(found), IN_ONE_TRANSACTION):
            if time.monotonic() > deadline:
                raise BulkUnfinished
            members = [SetMember(ident, target) for ident in found[start : start + IN_ONE_TRANSACTION]]
            request = SetRequest(operation, origin, channel, members, job_group=group.channel)
            if not sets.apply_valid(request, sessions[origin]).applied:
                raise ReleaseMissing


def _selected(group: GroupRow, idents: Collection[str]) -> Mapping[str, Sequence[PackageIdent]]:
    """Return what a group has built, of `idents` if there are any, by origin."""
    wanted = set(idents)
    selected: dict[str, list[PackageIdent]] = defaultdict(list)
    for entry in reads.built(reads.entries(group)):
        if not wanted or entry.built_ident in wanted:
            ident = PackageIdent.parse(entry.built_ident)
            selected[ident.origin].append(ident)
    return dict(sorted(selected.items()))


def _demand_packages(idents: Sequence[PackageIdent], target: Target) -> None:
    """Raise ReleaseMissing if one of the packages was deleted."""
    keys = [package_rows.ident_key(ident) for ident in idents]
    found = read_many(keys)
    for key in keys:
        row = found.get(key)
        if row is None or target not in Standing.parse(row.standing).placements:
            raise ReleaseMissing


def _ensure_channels(channel: str, sessions: Mapping[str, Session]) -> None:
    """Create the channel in the origins that lack it; `stable` and `unstable` cannot be created."""
    for origin in _without(channel, sessions):
        if channel in INITIAL_CHANNELS:
            raise ChannelMissing
        try:
            channels.create(origin, channel, sessions[origin])
        except ChannelExists:
            continue  # another request created it in the meantime


def _without(channel: str, origins: Iterable[str]) -> list[str]:
    keys = {origin: channel_rows.channel_key(origin, channel) for origin in origins}
    found = read_many(list(keys.values()))
    return [origin for origin, key in keys.items() if found.get(key) is None]
