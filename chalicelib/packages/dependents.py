"""Reverse dependencies of names, found by hints (packages.md sections 2 and 8.1).

A hint says that a name has, or had, a release that needs another name. It is written before that release and never
deleted. Readers verify it: they check whether the dependent still has a release that needs the name.
"""

from collections.abc import Iterable, Iterator

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import DependentRow, PackageRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.platform.table import rows


def hints_of(
    ident: PackageIdent, target: Target, tdeps: Iterable[PackageIdent], newest: PackageRow | None
) -> list[DependentRow]:
    """Return the hints that a release needs, without those that the newest release of its name needed too."""
    needed = {(dep.origin, dep.name) for dep in tdeps} - {(ident.origin, ident.name)}
    existing = set() if newest is None else needed_names(newest)
    dependent = f"{ident.origin}/{ident.name}"
    return [
        DependentRow(package_rows.dependents_partition(*name, target), dependent) for name in sorted(needed - existing)
    ]


def of(origin: str, name: str, target: Target) -> Iterator[str]:
    """Yield the other names (`origin/name`, ascending) that have a release for the target that needs this name."""
    for row in rows(DependentRow, package_rows.dependents_partition(origin, name, target)):
        dependent_origin, _, dependent_name = row.sk.partition("/")
        if (dependent_origin, dependent_name) == (origin, name):
            continue
        if _needs(dependent_origin, dependent_name, target, (origin, name)):
            yield row.sk


def releases(origin: str, name: str, target: Target) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the releases of other names for the target that need this name, with their transitive dependencies."""
    for hint in rows(DependentRow, package_rows.dependents_partition(origin, name, target)):
        dependent_origin, _, dependent_name = hint.sk.partition("/")
        for row in rows(PackageRow, package_rows.releases_partition(dependent_origin, dependent_name, target)):
            if (dependent_origin, dependent_name) != (origin, name) and (origin, name) in needed_names(row):
                yield row.ident, frozenset(package_rows.entries(row.tdeps))


def needed_names(row: PackageRow) -> set[tuple[str, str]]:
    """Return the origin and name of each transitive dependency of a package."""
    return {(dep[0], dep[1]) for dep in (line.split("/") for line in package_rows.entries(row.tdeps))}


def _needs(origin: str, name: str, target: Target, needed: tuple[str, str]) -> bool:
    releases = rows(PackageRow, package_rows.releases_partition(origin, name, target), newest_first=True)
    return any(needed in needed_names(row) for row in releases)
