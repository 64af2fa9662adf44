"""Facts about one package: its archive, who uploaded and promoted it, and its deprecation."""

from msgspec import Struct

from chalicelib.catalog import channel_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import StoredPackage
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.deprecations.service import Subject, most_specific
from chalicelib.identity.caller import Caller
from chalicelib.identity.rows import account_key
from chalicelib.packages import reads
from chalicelib.packages.facts.shapes import ChannelFact
from chalicelib.platform.table import read_many


class Facts(Struct, frozen=True):
    """The facts about a package. Account names are None for callers who are not members of the origin."""

    target: Target
    package: StoredPackage
    uploader: str | None
    channels: list[ChannelFact]
    deprecation: DeprecationRow | None


def facts_of(ident: PackageIdent, target: Target, only_target: bool, caller: Caller) -> Facts:
    """Return the facts about a package for a target or, unless `only_target`, for another one.

    Makes two calls, three if the package does not exist for the target. Raises ReleaseMissing.
    """
    package = reads.exact(ident, target, caller)
    row = package.row
    row_target = Target(row.pk.rpartition("/")[2])
    if only_target and row_target is not target:
        raise ReleaseMissing
    subject, uploader_key = Subject.of_release(ident), account_key(int(row.owner_id))
    keys = {name: channel_rows.membership_key(name, ident, row_target) for name in package.channels}
    found = read_many([*subject.keys, uploader_key, *keys.values()])
    memberships = {name: found.get(key) for name, key in keys.items()}
    is_member = caller.role_in(ident.origin) is not None
    uploader = found.get(uploader_key)
    return Facts(
        row_target,
        package,
        uploader.name if uploader is not None and is_member else None,
        [
            ChannelFact(name, membership.updated_at, membership.by if is_member else None)
            for name, membership in memberships.items()
            if membership is not None
        ],
        most_specific(subject, found),
    )
