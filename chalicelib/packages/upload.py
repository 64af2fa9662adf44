"""Publication of an archive: the checks (`upload_checks.py`), then the bytes, then all rows (packages.md section 7).

Every kind of upload ends in `publish`; they differ only in the source of the bytes (`Source`). An upload that is
interrupted before its rows are written leaves an object that no row refers to, and the sweep deletes it. An upload that
is repeated after its rows were written raises ReleaseExists.
"""

from functools import partial
from typing import Any

from msgspec import Struct

from chalicelib.catalog import fences, job_token_rows, name_rows, origin_rows, package_rows, project_rows, steps
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import OriginMissing, RoleLost
from chalicelib.catalog.events import event_states
from chalicelib.catalog.fences import Fence
from chalicelib.catalog.lists.list_rows import EntryChange
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.catalog.package_rows import PackageRow, TextsRow
from chalicelib.catalog.steps import Observed
from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import HartRefused
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.graph import nodes as graph_nodes
from chalicelib.graph.nodes import Release
from chalicelib.packages import after_upload, artifacts, hints, pending_hints, refusals, upload_checks
from chalicelib.packages.contents import Contents
from chalicelib.packages.errors import ArchiveRefused, ReleaseExists
from chalicelib.packages.hints import Hinted, Written
from chalicelib.packages.pending_hints import Name, PendingHintsRow
from chalicelib.packages.search import snapshots as search_snapshots
from chalicelib.packages.settings import rows as settings_rows
from chalicelib.packages.source import Source
from chalicelib.packages.upload_checks import Upload
from chalicelib.platform import metrics
from chalicelib.platform.change import Change
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read_many

INLINE_TEXTS_BYTES = 300_000
"""Compressed texts of more bytes are stored as an object, because a row holds 400 KB."""


def demand_absent(upload: Upload) -> None:
    """Raise ReleaseExists if the package exists for the announced target and the upload is not forced (check 3)."""
    _demand_absent(upload, read_many(_key_of_announced(upload)))


def keys_of_announced(ident: PackageIdent, target: Target, forced: bool) -> list[Key[Any]]:
    """Return the keys of the rows that `publish` needs before it reads the archive."""
    package_key = [] if forced else [package_rows.package_key(ident, target)]
    return [*package_key, *graph_nodes.keys_before(ident, target), name_rows.name_key(ident.origin, ident.name)]


@refusals.counted()
def publish(upload: Upload, source: Source, announced: Found | None = None) -> None:
    """Check and store an archive, and add the package to `unstable`. The next request can read it.

    `announced` holds the rows of `keys_of_announced`, if the caller has read them.

    Raises ReleaseExists, TargetUnsupported, ArchiveRefused, CycleClosed, OriginMissing, RoleLost, ObjectStoreFailed and
    the exceptions of the source.
    """
    name_key = name_rows.name_key(upload.ident.origin, upload.ident.name)
    if announced is None:
        announced = read_many(keys_of_announced(upload.ident, upload.target, upload.forced))
    _demand_absent(upload, announced)
    try:
        contents = upload_checks.inspect(upload, hart.read_hart(source.open()))
        newest = KnownNewest(upload_checks.newest_of_same_type(upload, contents), announced.get(name_key))
        upload_checks.demand_same_bytes(upload, contents)
        upload_checks.demand_no_cycle(upload, contents, announced)
        upload_checks.demand_complete(upload, contents)
    except HartRefused as problem:
        raise ArchiveRefused(str(problem), type(problem).__name__) from problem
    key = artifacts.key_of(upload.ident, contents.target, upload_id=str(new_id()))
    source.store(key)
    hinted: set[Name] = set()
    try:
        write = partial(_write, upload, contents, key, source, newest, hinted)
        is_built = fences.protected(upload.ident.origin, upload.permission, write)
    except (ReleaseExists, ArchiveRefused, OriginMissing, RoleLost):  # another request was first
        hints.remove_of_refused(upload.ident, contents.target, hinted)
        raise
    metrics.current().uploaded_bytes.append(contents.archive.size)
    if is_built and not upload.is_from_worker:
        after_upload.notify(upload.ident, contents.target, upload.uploader_id)


def keys_before(ident: PackageIdent, target: Target) -> list[Key[Any]]:
    """Return the keys of the rows that must be read before `add_rows`."""
    own_keys = [*steps.keys_of(ident), package_rows.package_key(ident, target), *event_states.keys_before(ident)]
    return [*own_keys, origin_key(ident.origin)]


def _key_of_announced(upload: Upload) -> list[Key[PackageRow]]:
    return [] if upload.forced else [package_rows.package_key(upload.ident, upload.target)]


def _demand_absent(upload: Upload, found: Found) -> None:
    if any(found.get(key) is not None for key in _key_of_announced(upload)):
        raise ReleaseExists


def add_rows(change: Change, upload: Upload, contents: Contents, key: str, found: Found) -> PackageRow:
    """Add all rows of an archive to a change, and return that of the package.

    `key` is its object; `found` holds the rows of `keys_before`.

    Raises ReleaseExists, ArchiveRefused, OriginMissing.
    """
    ident, target = upload.ident, contents.target
    stored = found.get(package_rows.package_key(ident, target))
    _check_again(upload, contents, stored)
    observed = Observed.from_rows(ident, found)
    old = observed.standing.placements.get(target)
    visibility, of_settings = _visibility(change, upload, found)
    placement = Placement(visibility, old.channels if old is not None else frozenset({UNSTABLE}))
    steps.step(change, observed, observed.standing.with_placement(target, placement), others=of_settings)
    if not observed.standing.exists:
        event_states.note_return(change, ident, found)
    # A BatchGetItem is not a snapshot: the ident's row may be older than the package's, so both need a condition.
    unchanged = PackageRow.pk.does_not_exist() if stored is None else PackageRow.artifact == stored.artifact
    row = _package_row(upload, contents, key, stored)
    change.put(row, condition=unchanged)
    change.put(_texts_row(ident, contents, key))
    return row


class KnownNewest(Struct, frozen=True):
    """The newest release of a name and target, None if there is none, and the name as it was read before."""

    release: PackageRow | None
    name: NameRow | None

    def keys(self, target: Target) -> list[Key[PendingHintsRow]]:
        """Return the keys of the rows that must be read before `has_hints`, besides the name."""
        return [] if self.release is None else [pending_hints.pending_key(target, int(self.release.id))]

    def has_hints(self, name: NameRow | None, target: Target, found: Found) -> bool:
        """Return True if the hints of the release are written, and none can have been deleted until the name was read
        again.
        """
        before, after = (None if row is None else row.epoch for row in (self.name, name))
        return before == after and all(found.get(key) is None for key in self.keys(target))


def _write(
    upload: Upload,
    contents: Contents,
    key: str,
    source: Source,
    newest: KnownNewest,
    hinted: set[Name],
    fence: Fence,
) -> bool:
    """Write all rows in one transaction, and before it the hints that lead to them. Many hints are written after it.

    Returns True if the package has a project with automatic builds. `hinted` collects the names whose hints it writes.

    The object of a replaced package is left to the sweep, because clients may still hold signed URLs of it.
    """
    graph_keys = graph_nodes.keys_before(upload.ident, contents.target)
    project_key = project_rows.project_key(upload.ident.origin, upload.ident.name, contents.target)
    hint_keys = newest.keys(contents.target)
    found = read_many([*keys_before(upload.ident, contents.target), *graph_keys, project_key, *hint_keys])
    project = found.get(project_key)
    is_built = project is not None and project.auto_build
    stored = found.get(package_rows.package_key(upload.ident, contents.target))
    if stored is not None and stored.artifact == key:
        return is_built  # an earlier attempt committed, but its response was lost
    released, written = _released(upload, contents), Written()
    node = graph_nodes.changed_by(released, found) if stored is None else None
    with Change() as change:
        fence.check(change, None)
        _note_job(change, upload)
        row = add_rows(change, upload, contents, key, found)
        source.settle(change)
        if stored is None:  # a replaced package has the same bytes, and so its hints
            written = hints.write(change, _hinted(upload, contents, found, newest), int(row.id))
            hinted.update(written.names)
        if node is not None:
            graph_nodes.announce(contents.target, released.name, int(node.revision))
            graph_nodes.put(change, node)
    if written.is_pending:
        pending_hints.start(upload.ident.origin, contents.target, int(row.id))
    graph_nodes.fold_if_due(released, found)
    if Observed.from_rows(upload.ident, found).idents == 0:
        search_snapshots.fold_if_due()
    return is_built


def _released(upload: Upload, contents: Contents) -> Release:
    deps, build_deps = (map(str, read_list(contents.archive)) for read_list in (hart.deps, hart.build_deps))
    return Release.of(upload.ident, contents.target, deps, build_deps)


def _hinted(upload: Upload, contents: Contents, found: Found, newest: KnownNewest) -> Hinted:
    """Return what hints need. A newest release counts as not known if its hints may have been deleted meanwhile."""
    name = found.get(name_rows.name_key(upload.ident.origin, upload.ident.name))
    release = newest.release if newest.has_hints(name, contents.target, found) else None
    tdeps = hart.tdeps(contents.archive)
    return Hinted(upload.ident, contents.target, tdeps, release)


def _note_job(change: Change, upload: Upload) -> None:
    """Store what the attempt of a job uploads, on condition that it has not ended. The change raises RoleLost."""
    permission = upload.permission
    if permission is not None and permission.attempt is not None:
        lost = RoleLost(status=permission.refused)
        job_token_rows.note_upload(change, permission.account_id, permission.attempt, upload.ident, otherwise=lost)


def _check_again(upload: Upload, contents: Contents, stored: PackageRow | None) -> None:
    """Repeat checks 3 and 11 on the row that the transaction depends on, because another upload may have been first."""
    if stored is None:
        return
    if not upload.forced and contents.target is upload.target:
        raise ReleaseExists
    if upload.forced and stored.checksum != upload.checksum:
        raise ArchiveRefused("ds:up:4", "OtherBytesForced")


def _visibility(change: Change, upload: Upload, found: Found) -> tuple[Visibility, list[EntryChange]]:
    """Return the visibility in the settings of the name, on condition that they stay. Raises OriginMissing.

    A name without settings gets settings with the origin's default visibility. The list of settings then changes.
    """
    ident = upload.ident
    origin = found.get(origin_key(ident.origin))
    if origin is None or not origin_rows.is_same(origin, upload.permission):
        raise OriginMissing
    name_key = name_rows.name_key(ident.origin, ident.name)
    name = found.get(name_key)
    name_rows.renew_revision(change, name_key)
    change.update(name_key, [], condition=name_rows.is_same_epoch(name))
    if name is not None and name.visibility is not None:
        return Visibility(name.visibility), []
    visibility = Visibility(origin.default_package_visibility)
    row = settings_rows.new(ident.origin, ident.name, visibility, upload.uploader_id)
    return visibility, [settings_rows.add(change, ident.origin, row)]


def _package_row(upload: Upload, contents: Contents, key: str, stored: PackageRow | None) -> PackageRow:
    archive, moment = contents.archive, now()
    row_key = package_rows.package_key(upload.ident, contents.target)
    return PackageRow(
        row_key.pk,
        row_key.sk,
        id=new_id(moment) if stored is None else stored.id,
        owner_id=upload.uploader_id,
        ident=str(upload.ident),
        checksum=archive.checksum,
        size=archive.size,
        package_type=contents.package_type,
        is_a_service=contents.is_a_service,
        artifact=key,
        created_at=timestamp(moment) if stored is None else stored.created_at,
        updated_at=timestamp(moment),
        lists=contents.lists.packed(),
    )


def _texts_row(ident: PackageIdent, contents: Contents, key: str) -> TextsRow:
    row_key = package_rows.texts_key(ident, contents.target)
    packed = contents.texts.packed()
    if len(packed) <= INLINE_TEXTS_BYTES:
        return TextsRow(row_key.pk, row_key.sk, content=packed)
    artifact = artifacts.texts_key_of(key)
    artifacts.put_bytes(artifact, packed)
    return TextsRow(row_key.pk, row_key.sk, artifact=artifact)
