"""Deprecations: a message for those who still use a name, a version or a release.

They are information only: nothing that clients resolve, list or download looks at them.
"""

from typing import Any, NamedTuple

from chalicelib.catalog import origin_rows, package_rows
from chalicelib.catalog.errors import ReleaseMissing
from chalicelib.catalog.package_rows import IdentRow, NameRow, VersionRow
from chalicelib.core.ident import STORABLE_BYTES, PackageIdent
from chalicelib.core.session import Session
from chalicelib.deprecations import rows
from chalicelib.deprecations.errors import DeprecationInvalid, DeprecationMissing
from chalicelib.deprecations.rows import DeprecationRow
from chalicelib.identity.caller import Caller
from chalicelib.platform.change import Change
from chalicelib.platform.clock import now, timestamp
from chalicelib.platform.table import Found, Key, delete_many, read

MESSAGE_CHARACTERS = 2_000


class Subject(NamedTuple):
    """What is deprecated: a name, a version of it or a release of that, by the parts below the origin."""

    origin: str
    parts: tuple[str, ...]

    @classmethod
    def checked(cls, origin: str, parts: tuple[str, ...]) -> "Subject":
        """Raises ReleaseMissing for parts that no package has: a slash would reach into another level."""
        if any("/" in part or not part for part in parts):
            raise ReleaseMissing
        return cls(origin, parts)

    @classmethod
    def of_release(cls, ident: PackageIdent) -> "Subject":
        """A release."""
        return cls(ident.origin, (ident.name, ident.version, ident.release))

    @property
    def place(self) -> str:
        """`name`, `name/version` or `name/version/release`."""
        return "/".join(self.parts)

    @property
    def keys(self) -> list[Key[DeprecationRow]]:
        """Where deprecations that apply to it may stand, the most specific first."""
        places = ["/".join(self.parts[:depth]) for depth in range(len(self.parts), 0, -1)]
        return [rows.deprecation_key(self.origin, place) for place in places]

    @property
    def evidence(self) -> Key[Any]:
        """The row that tells whether there is such a thing, and whether everybody sees it."""
        if len(self.parts) == 1:
            return package_rows.name_key(self.origin, self.parts[0])
        if len(self.parts) == 2:
            return package_rows.version_count_key(self.origin, *self.parts)
        return package_rows.ident_key(PackageIdent(self.origin, *self.parts))


def shown(subject: Subject, caller: Caller) -> DeprecationRow:
    """The most specific deprecation that applies, for everybody who may see the subject.

    One call, with the caller's own rows. Raises ReleaseMissing, DeprecationMissing.
    """
    found = caller.read_with(*subject.keys, subject.evidence)
    if not _exists(found.get(subject.evidence), caller.role_in(subject.origin) is not None):
        raise ReleaseMissing
    row = applying(subject, found)
    if row is None:
        raise DeprecationMissing
    return row


def applying(subject: Subject, found: Found) -> DeprecationRow | None:
    """The most specific of the rows that were read by the subject's keys."""
    return next((row for key in subject.keys if (row := found.get(key)) is not None), None)


def deprecate(subject: Subject, message: str, replacement: str | None, by: Session) -> DeprecationRow:
    """Say it, in place of what was said before. Raises DeprecationInvalid, ReleaseMissing, OriginMissing."""
    if not message.strip() or len(message) > MESSAGE_CHARACTERS:
        raise DeprecationInvalid(f"`message` must have between 1 and {MESSAGE_CHARACTERS} characters")
    if replacement is not None and not _is_ident(replacement):
        raise DeprecationInvalid(f"`replacement` must be origin/name[/version[/release]], not '{replacement}'")
    if not _exists(read(subject.evidence), member=True):
        raise ReleaseMissing
    key = rows.deprecation_key(subject.origin, subject.place)
    row = DeprecationRow(key.pk, key.sk, message=message, replacement=replacement, by=by.name, at=timestamp(now()))
    change = Change()
    change.put(row)
    origin_rows.require(change, subject.origin)
    change.commit()
    return row


def withdraw(subject: Subject) -> None:
    """Take it back; missing is no error."""
    delete_many([rows.deprecation_key(subject.origin, subject.place)])


def _exists(row: NameRow | VersionRow | IdentRow | None, member: bool) -> bool:
    if isinstance(row, NameRow | VersionRow):
        return bool(row.idents if member else row.public_idents)
    return row is not None and (member or row.public)


def _is_ident(text: str) -> bool:
    parts = text.split("/")
    return 2 <= len(parts) <= 4 and all(parts) and text.isprintable() and len(text.encode()) <= STORABLE_BYTES
