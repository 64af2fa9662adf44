"""The newest release of a name for a target, which a process remembers and proves with each request.

Every addition and deletion of a package gives its name a new revision. A release that was the newest one when the name
had a revision is therefore still the newest one while the name has that revision, and one call reads both.
"""

import threading

from msgspec import Struct

from chalicelib.catalog import name_rows, package_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import PackageRow, StoredPackage
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.identity.caller import Caller
from chalicelib.platform.row import Key

TRIES = 3
"""The number of attempts to find the newest release of a name while its releases change."""

REMEMBERED = 4_096
"""The number of releases that a process remembers, about 2 MB. It forgets the least recently requested one."""


class Place(Struct, frozen=True):
    """A name, or one version of it, and a target. It has one newest release at most."""

    origin: str
    name: str
    version: str | None
    target: Target

    @property
    def name_key(self) -> Key[NameRow]:
        """Key of the row that has the revision."""
        return name_rows.name_key(self.origin, self.name)


class _Remembered(Struct, frozen=True):
    """The newest release of a place at a revision of its name. The revision is None as long as it is not known."""

    ident: PackageIdent
    revision: float | None = None


class _Answer(Struct, frozen=True):
    """What the table says: the newest row, its package, and the revision of the name before that.

    Without a row there is no release. Without a package, the release was deleted after its row was read.
    """

    row: PackageRow | None
    package: StoredPackage | None
    revision: float | None = None


_remembered: dict[Place, _Remembered] = {}
_remembering = threading.Lock()


def newest(place: Place, caller: Caller) -> StoredPackage | None:
    """Return the newest release of a place, whether or not the caller may see it. None if there is none.

    One call if this process remembers the release and it is still the newest one. Otherwise two, a Query of one row and
    a read of its standing, or three if the process remembers another release. The calls also read the caller's rows.
    """
    for _ in range(TRIES):
        known = _remembered.get(place)
        answer = _first(place, caller) if known is None else _again(place, known, caller)
        _remember(place, answer)
        if answer.package is not None or answer.row is None:
            return answer.package
    return None


def forget() -> None:
    """Forget all releases, for tests."""
    with _remembering:
        _remembered.clear()


def _first(place: Place, caller: Caller) -> _Answer:
    """Read a place of which nothing is known. An unknown name takes the calls of a name that the caller may not see."""
    row = _newest_row(place)
    ident = PackageIdent(place.origin, place.name, "", "") if row is None else PackageIdent.parse(row.ident)
    ident_key = package_rows.ident_key(ident)
    return _Answer(row, StoredPackage.of(row, caller.read_with(ident_key).get(ident_key), place.target))


def _again(place: Place, known: _Remembered, caller: Caller) -> _Answer:
    """Read a remembered release with the revision. Search for the newest one unless the revision is the same."""
    name_key, ident_key = place.name_key, package_rows.ident_key(known.ident)
    package_key = package_rows.package_key(known.ident, place.target)
    found = caller.read_with(name_key, ident_key, *([] if known.revision is None else [package_key]))
    name, ident_row = found.get(name_key), found.get(ident_key)
    revision = None if name is None else name.revision
    if revision is not None and revision == known.revision:
        row = found.get(package_key)
        package = StoredPackage.of(row, ident_row, place.target)
        if package is not None:
            return _Answer(row, package, revision)
    row = _newest_row(place)
    if row is not None and row.ident != str(known.ident):
        ident_key = package_rows.ident_key(PackageIdent.parse(row.ident))
        ident_row = caller.read_with(ident_key).get(ident_key)
    return _Answer(row, StoredPackage.of(row, ident_row, place.target), revision)


def _newest_row(place: Place) -> PackageRow | None:
    return package_rows.newest(place.origin, place.name, place.target, place.version)


def _remember(place: Place, answer: _Answer) -> None:
    """Remember a public release. Of others, the number of calls would tell strangers that they exist."""
    package = answer.package
    with _remembering:
        _remembered.pop(place, None)
        if package is None or package.visibility is not Visibility.PUBLIC:
            return
        if len(_remembered) >= REMEMBERED:
            del _remembered[next(iter(_remembered))]
        _remembered[place] = _Remembered(PackageIdent.parse(package.row.ident), answer.revision)
