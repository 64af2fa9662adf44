"""Writes a plan of packages into the table: the rows of uploads, promotions and changes of visibility, in bulk.

The rows are planned by the code that serves the requests; only archives are left out, so their downloads are 404.
"""

import hashlib
from collections.abc import Iterable
from typing import Any

from chalicelib.catalog import event_rows, package_rows, steps
from chalicelib.catalog.channel_rows import BORN_WITH, count_key
from chalicelib.catalog.origin_rows import origin_count_key, origin_key
from chalicelib.catalog.package_rows import PackageRow, Texts
from chalicelib.catalog.steps import Observed
from chalicelib.channels import service as channels
from chalicelib.core.event_kinds import ChannelOperation
from chalicelib.core.hart import HartArchive
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service as origins
from chalicelib.packages import artifacts, dependents, upload
from chalicelib.packages.contents import Contents
from chalicelib.packages.search import rows as search_index
from chalicelib.platform.clock import new_id
from chalicelib.platform.table import Key
from local.seed.ledger import Ledger
from local.seed.releases import CHANNELS, Release, SeedPlan

ARCHIVE_BYTES = 100_000
MANIFEST = "# {ident}\n\n* __Maintainer__: The Habitat Maintainers\n* __Version__: {version}\n* __Target__: {target}\n"


def write(plan: SeedPlan, owner: str) -> int:
    """Write a plan into new origins of an account. Gives the number of rows. Raises OriginTaken."""
    by = Session(find_or_create(owner, f"{owner}@example.com"), owner, SessionFlags(0))
    return sum(_fill_origin(plan, origin, by) for origin in plan.origins)


def metafiles(release: Release) -> dict[str, str]:
    """What the archive of a release says about itself."""
    ident = release.ident
    return {
        "IDENT": str(ident),
        "TARGET": str(release.target),
        "MANIFEST": MANIFEST.format(ident=ident, version=ident.version, target=release.target),
        "DEPS": "\n".join(release.deps),
        "TDEPS": "\n".join(release.tdeps),
        "BUILD_DEPS": "\n".join(release.build_deps),
    }


def _fill_origin(plan: SeedPlan, origin: str, by: Session) -> int:
    origins.create(origin, Visibility.PUBLIC, by)
    for channel in CHANNELS:
        if channel not in BORN_WITH:
            channels.create(origin, channel, by)
    counts = [count_key(origin, channel) for channel in {*BORN_WITH, *CHANNELS}]
    shared: list[Key[Any]] = [origin_key(origin), origin_count_key(origin), *counts]
    ledger = Ledger()
    ledger.load(shared)
    for releases in plan.names(origin):
        _publish_name(ledger, releases, by)
        ledger.write(keep=shared)
    return ledger.close()


def _publish_name(ledger: Ledger, releases: Iterable[Release], by: Session) -> None:
    """The releases of a name, in the order in which they would be uploaded and promoted."""
    newest: dict[Target, PackageRow] = {}
    for release in releases:
        ident, target = release.ident, release.target
        known = newest.get(target)
        tdeps = [PackageIdent.parse(dep) for dep in release.tdeps]
        ledger.put_all(dependents.hints_of(ident, target, tdeps, known))
        if known is None:
            ledger.put_all(search_index.hints_of(ident.origin, ident.name))
        _publish(ledger, release, by)
        for channel in release.channels:
            _promote(ledger, release, channel, by)
        if release.private:
            _hide(ledger, release)
        key = package_rows.package_key(ident, target)
        row = ledger.found([key]).get(key)
        if row is not None and version_key(ident.version) is not None and (known is None or known.sk < row.sk):
            newest[target] = row


def _publish(ledger: Ledger, release: Release, by: Session) -> None:
    ident, target, contents = release.ident, release.target, _contents(release)
    announced = upload.Upload(ident, target, contents.archive.checksum, forced=False, uploader_id=by.account_id)
    key = artifacts.key_of(ident, target, upload_id=str(new_id()))
    upload.add_rows(ledger, announced, contents, key, ledger.found(upload.keys_before(ident, target)))


def _contents(release: Release) -> Contents:
    texts = metafiles(release)
    checksum = hashlib.blake2b(f"{release.ident} {release.target}".encode(), digest_size=32).hexdigest()
    archive = HartArchive(checksum, ARCHIVE_BYTES, "core", "20240101000000", texts)
    return Contents(archive, release.target, "standard", Texts(texts["MANIFEST"].strip(), ""))


def _promote(ledger: Ledger, release: Release, channel: str, by: Session) -> None:
    ident, target = release.ident, release.target
    seen = Observed.from_rows(ident, ledger.found(steps.keys_of(ident)))
    place = seen.standing.places[target]
    steps.step(ledger, seen, seen.standing.with_place(target, place.joined(channel)), by=by)
    event_rows.record(ledger, ChannelOperation.PROMOTE, ident, target, channel, by)


def _hide(ledger: Ledger, release: Release) -> None:
    seen = Observed.from_rows(release.ident, ledger.found(steps.keys_of(release.ident)))
    place = seen.standing.places[release.target]
    hidden = seen.standing.with_place(release.target, place.seen_as(Visibility.PRIVATE))
    if hidden != seen.standing:
        steps.step(ledger, seen, hidden)
