"""The checks of an upload that need only what the client announced, the archive, and rows that others may change.

They are made in the contract's order (packages.md section 7). The transaction of the upload repeats those that another
upload may have made untrue meanwhile (`upload.py`).
"""

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import PackageRow
from chalicelib.catalog.package_texts import Texts
from chalicelib.core import answer_size
from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import HartArchive
from chalicelib.core.ident import PackageIdent, is_package_name, is_storable
from chalicelib.core.permission import Permission
from chalicelib.core.target import Target
from chalicelib.graph import nodes as graph_nodes
from chalicelib.graph.nodes import Release
from chalicelib.packages import refusals
from chalicelib.packages.contents import Contents
from chalicelib.packages.errors import ArchiveRefused, CycleClosed, IdentInvalid, TargetUnsupported
from chalicelib.platform.config import config
from chalicelib.platform.table import Found, read, read_many

LISTS_BYTES = 340_000
"""Limit of all lists of a package together, before compression. A row of the table holds 400 KB."""

LATEST = "latest"
"""A path with this word in place of the release reads the newest release (packages.md 1.5)."""


class Upload(Struct, frozen=True):
    """What a client announces about an archive, and the account that uploads it with its permission.

    `is_from_worker` is True for the result of a job, whose dependents the job's group builds.
    """

    ident: PackageIdent
    target: Target
    checksum: str
    forced: bool
    uploader_id: int
    permission: Permission | None = None
    is_from_worker: bool = False


def demand_valid_ident(ident: PackageIdent) -> None:
    """Raise IdentInvalid if a package cannot have the ident (check 1, made before authentication)."""
    with refusals.counted():
        if not is_package_name(ident.name) or not is_storable(ident) or ident.release == LATEST:
            raise invalid(ident)


def invalid(ident: PackageIdent) -> IdentInvalid:
    """Return the error for an ident that a package cannot have."""
    return IdentInvalid(f"Invalid or not fully qualified package identifier '{ident}'")


def inspect(upload: Upload, archive: HartArchive) -> Contents:
    """Return the contents after checks 5 to 9, which need only the archive.

    Raises HartRefused, TargetUnsupported, ArchiveRefused.
    """
    package_type = hart.package_type(archive)
    if package_type == "native":
        _demand_native_allowed(upload.ident.origin)
    target = hart.target(archive)
    if target not in config.targets:
        raise TargetUnsupported
    if upload.checksum != archive.checksum:
        raise ArchiveRefused("ds:up:3", "ChecksumMismatch")
    texts = Texts(archive.metafiles.get("MANIFEST", ""), archive.metafiles.get("default.toml", ""))
    return Contents(archive, target, package_type, texts)


def _demand_native_allowed(origin: str) -> None:
    allowed = config.native_packages
    if allowed == "all":
        return
    if allowed == "off":
        raise ArchiveRefused("Uploading 'native' package is not supported", "NativeRefused")
    if origin not in {name.strip() for name in allowed.split(",")}:
        text = f"Native Package upload for the origin '{origin}' is not supported"
        raise ArchiveRefused(text, "NativeRefused")


def newest_of_same_type(upload: Upload, contents: Contents) -> PackageRow | None:
    """Return the newest release of the name for the archive's target, after check 10. Raises ArchiveRefused."""
    newest = package_rows.newest(upload.ident.origin, upload.ident.name, contents.target)
    if newest is not None and newest.package_type != contents.package_type:
        raise ArchiveRefused(
            f"Package type mismatch; expected '{newest.package_type}', found '{contents.package_type}'",
            "PackageTypeMismatch",
        )
    return newest


def demand_same_bytes(upload: Upload, contents: Contents) -> None:
    """Run check 11: a forced upload must have the stored checksum. Raises ArchiveRefused."""
    if not upload.forced:
        return
    stored = read(package_rows.package_key(upload.ident, contents.target))
    if stored is not None and stored.checksum != upload.checksum:
        raise ArchiveRefused("ds:up:4", "OtherBytesForced")


def demand_no_cycle(upload: Upload, contents: Contents, announced: Found) -> None:
    """Run check 12: no cycle in the build graph. Raises CycleClosed.

    Lines that are not idents are ignored here; check 13 refuses them. Two uploads at the same time may close a cycle
    together, which the build order copes with.
    """
    if not config.cycle_check:
        return
    ident, target = upload.ident, contents.target
    found = announced if target is upload.target else read_many(graph_nodes.keys_before(ident, target))
    deps, build_deps = (hart.lines(contents.archive, metafile) for metafile in ("DEPS", "BUILD_DEPS"))
    if graph_nodes.cycle_closed_by(Release.of(ident, target, deps, build_deps), found):
        raise CycleClosed


def demand_complete(upload: Upload, contents: Contents) -> None:
    """Run checks 13 and 14: complete metadata and the announced ident. Raises HartRefused, ArchiveRefused."""
    archive = contents.archive
    hart.manifest(archive)
    size = contents.lists.size
    if size > LISTS_BYTES:
        text = f"The lists of dependencies are too long: {size} bytes, {LISTS_BYTES} at most"
        raise ArchiveRefused(text, "ListsTooLong")
    if not answer_size.is_planned(contents.as_json()):
        raise ArchiveRefused(
            "MANIFEST, default.toml and the dependencies are too long: "
            f"as JSON they may have {answer_size.PLANNED_LIMIT} bytes together at most",
            "TextsTooLong",
        )
    if hart.ident(archive) != upload.ident:
        raise ArchiveRefused("ds:up:6", "IdentMismatch")
