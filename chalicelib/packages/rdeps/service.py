"""Reverse dependencies of a name, as a caller may see them (builds.md 7.1, 7.2)."""

from chalicelib.catalog.errors import OriginMissing
from chalicelib.catalog.origin_rows import origin_key
from chalicelib.core.roles import Role
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.graph.service import graph_of, has_graph
from chalicelib.identity import access
from chalicelib.identity.caller import Caller
from chalicelib.packages import dependents
from chalicelib.packages.errors import GraphMissing


def by_releases(origin: str, name: str, target: Target, caller: Caller) -> list[str]:
    """Return the names that have a release that needs this name to run, ascending. Raises OriginMissing."""
    return _seen(dependents.all_of(origin, name, target), caller, Role.MEMBER)


def by_graph(origin: str, name: str, target: Target, caller: Caller) -> list[str]:
    """Return the dependents of a name in the build graph, ascending. Raises GraphMissing, OriginMissing."""
    _demand_graph(target)
    return _seen(sorted(graph_of(target).dependents(f"{origin}/{name}")), caller, Role.MEMBER)


def groups(origin: str, name: str, target: Target, caller: Caller) -> list[list[str]]:
    """Return the dependents of a name in groups that can be built one after another (builds.md 7.2).

    A group may be empty, because the caller does not see its names. Raises GraphMissing, OriginMissing.
    """
    _demand_graph(target)
    found = graph_of(target).groups(f"{origin}/{name}")
    seen = set(_seen([each for group in found for each in group], caller, Role.READONLY_MEMBER))
    return [[each for each in group if each in seen] for group in found]


def _demand_graph(target: Target) -> None:
    if not has_graph(target):
        raise GraphMissing


def _seen(names: list[str], caller: Caller, minimum: Role) -> list[str]:
    """Return the names of origins with public packages by default, or in which the caller has a minimum role.

    The contract does not ask for the visibility of the packages themselves. Raises OriginMissing if an origin of the
    names does not exist.
    """
    origins = dict.fromkeys(map(_origin_of, names))
    found = caller.read_with(*map(origin_key, origins))
    private = []
    for origin in origins:
        row = found.get(origin_key(origin))
        if row is None:
            raise OriginMissing
        if row.default_package_visibility != Visibility.PUBLIC:
            private.append(origin)
    unseen = set(private).difference(access.origins_with_role(caller, private, minimum))
    return [name for name in names if _origin_of(name) not in unseen]


def _origin_of(name: str) -> str:
    return name.partition("/")[0]
