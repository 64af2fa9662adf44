"""What operators ask of one package: its bytes, who uploaded and promoted it, whether it is deprecated."""

from typing import NamedTuple

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import PackageRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.deprecations.service import Subject, applying
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import account_key
from chalicelib.packages import reads
from chalicelib.platform.table import read_many


class Promoted(NamedTuple):
    """A channel that a package is in; nobody promotes what its upload puts into `unstable`."""

    channel: str
    at: str
    by: str | None


class Facts(NamedTuple):
    """A package with what is known about it. Account names are for members of the origin, None for others."""

    ident: PackageIdent
    target: Target
    row: PackageRow
    uploader: str | None
    channels: list[Promoted]
    deprecation: DeprecationRow | None


def of(ident: PackageIdent, target: Target, only_target: bool, caller: Caller) -> Facts:
    """The facts of a package for a target or, unless only that will do, for another. Raises ReleaseMissing.

    Two calls, with the caller's own rows; three where the target does not have it.
    """
    row = reads.exact(ident, target, caller)
    found_for = Target(row.pk.rpartition("/")[2])
    if only_target and found_for is not target:
        raise ReleaseMissing
    subject, uploader = Subject.of_release(ident), account_key(int(row.owner_id))
    keys = {name: channel_rows.membership_key(name, ident, found_for) for name in package_rows.channels_of(row)}
    found = read_many([*subject.keys, uploader, *keys.values()])
    places = [(name, found.get(key)) for name, key in keys.items()]
    is_member = caller.role_in(ident.origin) is not None
    account = found.get(uploader)
    return Facts(
        ident,
        found_for,
        row,
        account.name if account is not None and is_member else None,
        [Promoted(name, place.updated_at, place.by if is_member else None) for name, place in places if place],
        applying(subject, found),
    )
