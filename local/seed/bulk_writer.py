"""Writes a generated depot to the table in bulk: the rows of its uploads, promotions and visibility changes.

The service's own code creates the rows. Only the archives are missing, so downloads of these packages return 404.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from itertools import chain
from typing import Any

from chalicelib.catalog import package_rows, steps
from chalicelib.catalog.channel_rows import INITIAL_CHANNELS
from chalicelib.catalog.events import event_folding, event_rows, event_states
from chalicelib.catalog.events.event_rows import EventRow
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.catalog.package_rows import PackageRow, release_sort_key
from chalicelib.catalog.package_texts import Texts
from chalicelib.catalog.steps import Observed
from chalicelib.channels import service as channels
from chalicelib.core.builds.numbered_graph import Node
from chalicelib.core.events.event_chunks import Arrival
from chalicelib.core.events.event_kinds import ChannelOperation
from chalicelib.core.harts.hart import HartArchive
from chalicelib.core.ident import PackageIdent
from chalicelib.core.roles import SessionFlags
from chalicelib.core.session import Session
from chalicelib.core.target import Target
from chalicelib.core.version_order import version_key
from chalicelib.core.visibility import Visibility
from chalicelib.graph import nodes as graph_nodes
from chalicelib.graph.service import has_graph
from chalicelib.identity.registration import find_or_create
from chalicelib.origins import service as origins
from chalicelib.packages import artifacts, hints, upload, upload_checks
from chalicelib.packages.contents import Contents
from chalicelib.packages.search import snapshots as search_snapshots
from chalicelib.platform.change import retry_when_stale
from chalicelib.platform.clock import new_id
from chalicelib.platform.row import Key
from local.seed import graph_writer
from local.seed.memory_change import MemoryChange
from local.seed.origin_change import OriginChange
from local.seed.releases import CHANNELS, GeneratedDepot, Release

ARCHIVE_BYTES = 100_000
MANIFEST = "# {ident}\n\n* __Maintainer__: The Habitat Maintainers\n* __Version__: {version}\n* __Target__: {target}\n"


def write(depot: GeneratedDepot, owner: str) -> int:
    """Create the origins of a depot for an account and write its packages. Returns the number of rows.

    Raises OriginTaken.
    """
    by = Session(find_or_create(owner, f"{owner}@example.com"), owner, SessionFlags(0))
    written = sum(_write_origin(depot, origin, by) for origin in depot.origins) + _write_graph(depot)
    search_snapshots.fold(upto=new_id())  # nothing else writes, so the log of names is complete
    return written


def metafiles(release: Release) -> dict[str, str]:
    """Return the metafiles that the archive of a release would have."""
    ident = release.ident
    return {
        "IDENT": str(ident),
        "TARGET": str(release.target),
        "MANIFEST": MANIFEST.format(ident=ident, version=ident.version, target=release.target),
        "DEPS": "\n".join(release.deps),
        "TDEPS": "\n".join(release.tdeps),
        "BUILD_DEPS": "\n".join(release.build_deps),
    }


def _write_graph(depot: GeneratedDepot) -> int:
    """Write the build graphs: the latest release of each name and target."""
    latest: dict[tuple[Target, str], Release] = {}
    for origin in depot.origins:
        for release in chain.from_iterable(depot.names(origin)):
            key = (release.target, f"{origin}/{release.ident.name}")
            other = latest.get(key)
            if other is None or release_sort_key(other.ident) < release_sort_key(release.ident):
                latest[key] = release
    nodes: dict[Target, dict[str, Node]] = defaultdict(dict)
    for (target, name), release in latest.items():
        if has_graph(target):
            deps, build_deps = release.deps, release.build_deps
            nodes[target][name] = graph_nodes.Release.of(release.ident, target, deps, build_deps).node
    return sum(graph_writer.write(target, of_target) for target, of_target in nodes.items())


def _write_origin(depot: GeneratedDepot, origin: str, by: Session) -> int:
    origins.create(origin, Visibility.PUBLIC, by)
    for channel in CHANNELS:
        if channel not in INITIAL_CHANNELS:
            channels.create(origin, channel, by)
    shared: list[Key[Any]] = [origin_key(origin)]
    change = OriginChange(origin)
    change.load(shared)
    events: list[Arrival] = []
    for releases in depot.names(origin):
        events += _publish_all(change, releases, by)
        change.forget(event_rows.inbox_partition(0))  # the index gets the events with the final states
        change.flush(keep=shared)
    return change.close() + retry_when_stale(partial(event_folding.add, events))


def _publish_all(change: MemoryChange, releases: Iterable[Release], by: Session) -> list[Arrival]:
    """Publish and promote the releases of a name, oldest first. Returns the events with the states of their idents."""
    events: list[EventRow] = []
    newest: dict[Target, PackageRow] = {}
    for release in releases:
        ident, target = release.ident, release.target
        previous = newest.get(target)
        tdeps = [PackageIdent.parse(dep) for dep in release.tdeps]
        change.put_all(hints.dependent_hints(ident, target, tdeps, previous))
        _publish(change, release, by)
        for channel in release.channels:
            events.append(_promote(change, release, channel, by))
        if release.private:
            _hide(change, release)
        key = package_rows.package_key(ident, target)
        row = change.read([key]).get(key)
        if row is not None and version_key(ident.version) is not None and (previous is None or previous.sk < row.sk):
            newest[target] = row
    keys = {event.ident: package_rows.ident_key(PackageIdent.parse(event.ident)) for event in events}
    found = change.read(list(keys.values()))
    return [(event.entry, event_states.state_of(found.get(keys[event.ident]))) for event in events]


def _publish(change: MemoryChange, release: Release, by: Session) -> None:
    ident, target, contents = release.ident, release.target, _contents(release)
    announced = upload_checks.Upload(ident, target, contents.archive.checksum, forced=False, uploader_id=by.account_id)
    key = artifacts.key_of(ident, target, upload_id=str(new_id()))
    upload.add_rows(change, announced, contents, key, change.read(upload.keys_before(ident, target)))


def _contents(release: Release) -> Contents:
    texts = metafiles(release)
    checksum = hashlib.blake2b(f"{release.ident} {release.target}".encode(), digest_size=32).hexdigest()
    archive = HartArchive(checksum, ARCHIVE_BYTES, "core", "20240101000000", texts)
    return Contents(archive, release.target, "standard", Texts(texts["MANIFEST"].strip(), ""))


def _promote(change: MemoryChange, release: Release, channel: str, by: Session) -> EventRow:
    ident, target = release.ident, release.target
    before = Observed.from_rows(ident, change.read(steps.keys_of(ident)))
    placement = before.standing.placements[target]
    after = before.standing.with_placement(target, placement.joined(channel))
    steps.step(change, before, after, by=by)
    return event_rows.event(ChannelOperation.PROMOTE, ident, target, channel, by, public=after.is_public)


def _hide(change: MemoryChange, release: Release) -> None:
    before = Observed.from_rows(release.ident, change.read(steps.keys_of(release.ident)))
    placement = before.standing.placements[release.target]
    after = before.standing.with_placement(release.target, placement.with_visibility(Visibility.PRIVATE))
    if after != before.standing:
        steps.step(change, before, after)
