"""Publishing an archive: checks in the contract's order, then the bytes, then all rows at once (packages.md 7).

Every entrance ends in `publish` and differs only in where the bytes are (`Source`). Interrupted before the rows are
written, an upload leaves only an object that no row names (the sweep removes it); a repeat after the rows are written
finds the package and says so.
"""

from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import package_rows, steps
from chalicelib.catalog.channel_rows import UNSTABLE
from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.origin_rows import OriginCountRow, OriginRow, origin_count_key, origin_key
from chalicelib.catalog.package_rows import PackageRow, SettingsRow, Texts, TextsRow
from chalicelib.catalog.steps import Observed
from chalicelib.core import hart
from chalicelib.core.hart import HartArchive, HartRefused
from chalicelib.core.ident import PackageIdent
from chalicelib.core.standing import Placement
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.packages import artifacts, dependents
from chalicelib.packages.contents import Contents
from chalicelib.packages.errors import ArchiveRefused, ReleaseExists, TargetUnsupported
from chalicelib.packages.search import rows as search_index
from chalicelib.packages.source import Source
from chalicelib.platform.change import Change, again_when_stale
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, Key, Row, put_many, read, read_many

INLINE_TEXTS_BYTES = 300_000
"""Compressed texts beyond this go to the object store; a table row holds 400 KB."""

LISTS_BYTES = 340_000
"""What the lists of dependencies may take of their row; 30 channels with long names need up to 30 KB of it."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a client announces about the archive that it sends."""

    ident: PackageIdent
    target: Target
    checksum: str
    forced: bool
    uploader_id: int


def demand_absent(upload: Upload) -> None:
    """Check 3: without force, the ident must not exist for the announced target. Raises ReleaseExists."""
    if not upload.forced and read(package_rows.package_key(upload.ident, upload.target)) is not None:
        raise ReleaseExists


def publish(upload: Upload, source: Source) -> None:
    """Check and store an archive and make it a member of `unstable`; visible to the very next request.

    Raises ReleaseExists, TargetUnsupported, ArchiveRefused, OriginMissing, ObjectStoreFailed, and what the source
    raises.
    """
    demand_absent(upload)
    try:
        contents = inspect(upload, hart.read_hart(source.open()))
        newest = _newest_of_same_type(upload, contents)
        _demand_same_bytes(upload, contents)
        demand_complete(upload, contents)
    except HartRefused as problem:
        raise ArchiveRefused(str(problem)) from problem
    key = artifacts.key_of(upload.ident, contents.target, upload_id=str(new_id()))
    source.store(key)
    finalise(upload, contents, key, newest, source)


def inspect(upload: Upload, archive: HartArchive) -> Contents:
    """Checks 5 to 9, on the archive alone. Raises HartRefused, TargetUnsupported, ArchiveRefused."""
    package_type = hart.package_type(archive)
    if package_type == "native":
        _demand_native_allowed(upload.ident.origin)
    target = hart.target(archive)
    if target not in config.targets:
        raise TargetUnsupported
    if upload.checksum != archive.checksum:
        raise ArchiveRefused("ds:up:3")
    texts = Texts(archive.metafiles.get("MANIFEST", ""), archive.metafiles.get("default.toml", ""))
    return Contents(archive, target, package_type, texts)


def demand_complete(upload: Upload, contents: Contents) -> None:
    """Checks 13 and 14, before anything is stored. Raises HartRefused, ArchiveRefused."""
    archive = contents.archive
    hart.manifest(archive)
    size = sum(len(text.encode()) for text in contents.lists.values())
    if size > LISTS_BYTES:
        raise ArchiveRefused(f"The lists of dependencies are too long: {size} bytes, {LISTS_BYTES} at most")
    if hart.ident(archive) != upload.ident:
        raise ArchiveRefused("ds:up:6")


def finalise(upload: Upload, contents: Contents, key: str, newest: PackageRow | None, source: Source) -> None:
    """Write every row of a stored archive in one transaction; a lost race is decided anew, a repeat changes nothing.

    `newest` is the newest release of the name for the target, whose dependencies are known already. An object whose
    place is taken is left to the sweep, because links to it may be in use. Raises ReleaseExists, ArchiveRefused,
    OriginMissing.
    """
    hints: list[Row] = [*dependents.hints_of(upload.ident, contents.target, hart.tdeps(contents.archive), newest)]
    if newest is None:
        hints += search_index.hints_of(upload.ident.origin, upload.ident.name)
    put_many(hints)
    again_when_stale(lambda: _write(upload, contents, key, source))


def _demand_native_allowed(origin: str) -> None:
    allowed = config.native_packages
    if allowed == "all":
        return
    if allowed == "off":
        raise ArchiveRefused("Uploading 'native' package is not supported")
    if origin not in {name.strip() for name in allowed.split(",")}:
        raise ArchiveRefused(f"Native Package upload for the origin '{origin}' is not supported")


def _newest_of_same_type(upload: Upload, contents: Contents) -> PackageRow | None:
    """Check 10; gives the newest release of the name for the archive's target."""
    newest = next(package_rows.newest_first(upload.ident.origin, upload.ident.name, contents.target), None)
    if newest is not None and newest.package_type != contents.package_type:
        raise ArchiveRefused(
            f"Package type mismatch; expected '{newest.package_type}', found '{contents.package_type}'"
        )
    return newest


def _demand_same_bytes(upload: Upload, contents: Contents) -> None:
    if not upload.forced:
        return
    stored = read(package_rows.package_key(upload.ident, contents.target))
    if stored is not None and stored.checksum != upload.checksum:
        raise ArchiveRefused("ds:up:4")


def _write(upload: Upload, contents: Contents, key: str, source: Source) -> None:
    found = read_many(keys_before(upload.ident, contents.target))
    stored = found.get(package_rows.package_key(upload.ident, contents.target))
    if stored is not None and stored.artifact == key:
        return  # an earlier try was written, only its answer got lost
    change = Change()
    add_rows(change, upload, contents, key, found)
    source.settle(change)
    change.commit()


def keys_before(ident: PackageIdent, target: Target) -> list[Key[Any]]:
    """The rows that must be read before `add_rows`."""
    settings_key = package_rows.settings_key(ident.origin, ident.name)
    return [*steps.keys_of(ident), package_rows.package_key(ident, target), settings_key, origin_key(ident.origin)]


def add_rows(change: Change, upload: Upload, contents: Contents, key: str, found: Found) -> None:
    """Add to a change every row of an archive that is stored under `key`, decided on the rows of `keys_before`.

    Raises ReleaseExists, ArchiveRefused, OriginMissing.
    """
    ident, target = upload.ident, contents.target
    stored = found.get(package_rows.package_key(ident, target))
    _decide_again(upload, contents, stored)
    visibility = _visibility(change, upload, found)
    seen = Observed.from_rows(ident, found)
    old = seen.standing.places.get(target)
    place = Placement(visibility, old.channels if old is not None else frozenset({UNSTABLE}))
    steps.step(change, seen, seen.standing.with_place(target, place), carried=target)
    # Rows read together are not of one instant: the ident's revision says nothing about the package's row.
    unchanged = PackageRow.pk.does_not_exist() if stored is None else PackageRow.artifact == stored.artifact
    change.put(_package_row(upload, contents, key, place, stored), condition=unchanged)
    change.put(_texts_row(ident, contents, key))


def _decide_again(upload: Upload, contents: Contents, stored: PackageRow | None) -> None:
    """Checks 3 and 11 once more, on what the transaction will be conditioned on: another upload may have come first."""
    if stored is None:
        return
    if not upload.forced and contents.target is upload.target:
        raise ReleaseExists
    if upload.forced and stored.checksum != upload.checksum:
        raise ArchiveRefused("ds:up:4")


def _visibility(change: Change, upload: Upload, found: Found) -> Visibility:
    """What the name's settings say; without any they are made with the origin's default. Raises OriginMissing."""
    ident = upload.ident
    origin = found.get(origin_key(ident.origin))
    if origin is None:
        raise OriginMissing
    change.check(origin_key(ident.origin), OriginRow.pk.exists(), otherwise=OriginMissing())
    key = package_rows.settings_key(ident.origin, ident.name)
    known = found.get(key)
    if known is not None:
        change.check(key, SettingsRow.visibility == known.visibility)
        return Visibility(known.visibility)
    visibility = Visibility(origin.default_package_visibility)
    moment = now()
    change.add(
        SettingsRow(
            key.pk,
            key.sk,
            id=new_id(moment),
            visibility=str(visibility),
            owner_id=upload.uploader_id,
            created_at=timestamp(moment),
            updated_at=timestamp(moment),
        )
    )
    public = int(visibility is Visibility.PUBLIC)
    counts = [OriginCountRow.settings.add(1), OriginCountRow.public_settings.add(public)]
    change.update(origin_count_key(ident.origin), counts)
    return visibility


def _package_row(
    upload: Upload, contents: Contents, key: str, place: Placement, stored: PackageRow | None
) -> PackageRow:
    archive, moment = contents.archive, now()
    where = package_rows.package_key(upload.ident, contents.target)
    return PackageRow(
        where.pk,
        where.sk,
        id=new_id(moment) if stored is None else stored.id,
        owner_id=upload.uploader_id,
        ident=str(upload.ident),
        checksum=archive.checksum,
        size=archive.size,
        package_type=contents.package_type,
        visibility=str(place.visibility),
        channels=steps.listed(place.channels),
        is_a_service=contents.is_a_service,
        artifact=key,
        created_at=timestamp(moment) if stored is None else stored.created_at,
        updated_at=timestamp(moment),
        **contents.lists,
    )


def _texts_row(ident: PackageIdent, contents: Contents, key: str) -> TextsRow:
    where = package_rows.texts_key(ident, contents.target)
    packed = contents.texts.packed()
    if len(packed) <= INLINE_TEXTS_BYTES:
        return TextsRow(where.pk, where.sk, content=packed)
    place = artifacts.texts_key_of(key)
    artifacts.put_bytes(place, packed)
    return TextsRow(where.pk, where.sk, artifact=place)
