"""Deprecations: messages for the users of a name, a version or a release.

They are information only. No list, resolution or download depends on them.
"""

from contextlib import suppress
from typing import Any

from msgspec import Struct

from chalicelib.catalog import name_rows, origin_rows, package_rows
from chalicelib.catalog.errors import OriginMissing, ReleaseMissing
from chalicelib.catalog.name_rows import NameRow, VersionRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent, is_origin_name, is_package_name, is_storable
from chalicelib.core.plain_text import has_insecure_link, is_plain
from chalicelib.core.session import Session
from chalicelib.deprecations import rows
from chalicelib.deprecations.errors import DeprecationInvalid, DeprecationMissing
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.identity.caller import Caller
from chalicelib.platform.change import Change
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.row import Key
from chalicelib.platform.table import Found, read

MESSAGE_CHARACTERS = 2_000


class Subject(Struct, frozen=True):
    """A name, a version or a release. `parts` are the path segments below the origin, one to three."""

    origin: str
    parts: tuple[str, ...]

    @classmethod
    def checked(cls, origin: str, parts: tuple[str, ...]) -> "Subject":
        """Return the subject of a path. Raises ReleaseMissing for empty parts and for a slash in a part."""
        if any("/" in part or not part for part in parts):
            raise ReleaseMissing
        return cls(origin, parts)

    @classmethod
    def of_release(cls, ident: PackageIdent) -> "Subject":
        """Return the subject of a release."""
        return cls(ident.origin, (ident.name, ident.version, ident.release))

    @property
    def path(self) -> str:
        """`name`, `name/version` or `name/version/release`."""
        return "/".join(self.parts)

    @property
    def keys(self) -> list[Key[DeprecationRow]]:
        """Keys of the deprecations that may apply, the most specific first."""
        paths = ["/".join(self.parts[:depth]) for depth in range(len(self.parts), 0, -1)]
        return [rows.deprecation_key(self.origin, path) for path in paths]

    @property
    def existence_key(self) -> Key[Any]:
        """Key of the row that shows whether the subject exists and whether it is public."""
        if len(self.parts) == 1:
            return name_rows.name_key(self.origin, self.parts[0])
        if len(self.parts) == 2:
            return name_rows.version_count_key(self.origin, *self.parts)
        return package_rows.ident_key(PackageIdent(self.origin, *self.parts))


def applying(subject: Subject, caller: Caller) -> DeprecationRow:
    """Return the most specific deprecation that applies to a subject, if the caller may see the subject.

    Makes one call. Raises ReleaseMissing, DeprecationMissing.
    """
    found = caller.read_with(*subject.keys, subject.existence_key)
    if not _exists(found.get(subject.existence_key), caller.role_in(subject.origin) is not None):
        raise ReleaseMissing
    row = most_specific(subject, found)
    if row is None:
        raise DeprecationMissing
    return row


def most_specific(subject: Subject, found: Found) -> DeprecationRow | None:
    """Return the most specific deprecation among the rows of `subject.keys`, or None."""
    return next((row for key in subject.keys if (row := found.get(key)) is not None), None)


def deprecate(subject: Subject, message: str, replacement: str | None, by: Session) -> DeprecationRow:
    """Set the deprecation of a subject. Raises DeprecationInvalid, ReleaseMissing, OriginMissing."""
    if not message.strip() or len(message) > MESSAGE_CHARACTERS:
        raise DeprecationInvalid(f"`message` must have between 1 and {MESSAGE_CHARACTERS} characters")
    if not is_plain(message):
        raise DeprecationInvalid("`message` must be one line without control characters")
    if has_insecure_link(message):
        raise DeprecationInvalid("`message` must not have links with another scheme than https")
    if replacement is not None and not _is_ident(replacement):
        raise DeprecationInvalid("`replacement` must be origin/name[/version[/release]]")
    if not _exists(read(subject.existence_key), member=True):
        raise ReleaseMissing
    key = rows.deprecation_key(subject.origin, subject.path)
    row = DeprecationRow(key.pk, key.sk, message=message, replacement=replacement, by=by.name, at=timestamp(now()))
    with Change() as change:
        change.put(row)
        origin_rows.require(change, subject.origin, by.permission)
    return row


def delete(subject: Subject, by: Session) -> None:
    """Delete the deprecation of a subject. Does nothing if there is none."""
    key = rows.deprecation_key(subject.origin, subject.path)
    if not key.fits:
        return
    with suppress(OriginMissing), Change() as change:  # the deprecations of a deleted origin are deleted too
        origin_rows.require(change, subject.origin, by.permission)
        change.delete(key)


def _exists(row: NameRow | VersionRow | IdentRow | None, member: bool) -> bool:
    if isinstance(row, NameRow | VersionRow):
        return bool(row.idents if member else row.public_idents)
    return row is not None and (member or row.public)


def _is_ident(text: str) -> bool:
    parts = text.split("/")
    if not 2 <= len(parts) <= 4:
        return False
    version, release = [*parts[2:], "1", "1"][:2]
    ident = PackageIdent(parts[0], parts[1], version, release)
    return is_origin_name(ident.origin) and is_package_name(ident.name) and is_storable(ident)
