"""Which names that a group leaves out a caller may see.

The projects of a group are public (builds.md 6.2). No other answer has the names that it leaves out, so these are shown
by the rule for reverse dependencies (builds.md 7.1).
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.builds.build_set import BuildSet, LeftOut
from chalicelib.core.visibility import Visibility
from chalicelib.identity.access import VisibleOrigins
from chalicelib.identity.caller import Caller
from chalicelib.platform.table import read_many


def without_private_names(projects: BuildSet, caller: Caller) -> BuildSet:
    """Return a build set without the left-out names of origins that are private to the caller.

    Those are the origins of others whose packages are not public by default, or that do not exist. One call for the
    caller, and one per hundred origins.
    """
    if not projects.left_out:
        return projects
    origins = {_origin_of(each.name) for each in projects.left_out}
    seen = _public(origins) | _own(origins, caller)
    return replace(projects, left_out=list(_shown(projects.left_out, seen)))


def _shown(left_out: Iterable[LeftOut], seen: set[str]) -> Iterator[LeftOut]:
    for each in left_out:
        if _origin_of(each.name) in seen:
            is_shown = not each.dependency or _origin_of(each.dependency) in seen
            yield each if is_shown else replace(each, dependency="")


def _public(origins: set[str]) -> set[str]:
    found = read_many([origin_key(origin) for origin in origins])
    rows = {origin: found.get(origin_key(origin)) for origin in origins}
    return {
        origin
        for origin, row in rows.items()
        if row is not None and row.default_package_visibility == Visibility.PUBLIC
    }


def _own(origins: set[str], caller: Caller) -> set[str]:
    visible = VisibleOrigins.of(caller)
    return {origin for origin in origins if visible.reaches(origin)}


def _origin_of(name: str) -> str:
    return name.partition("/")[0]
