"""Resolve requested idents to packages, and packages to all their dependencies."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from bldr.errors import PackageMissing
from bldr.packages import Package, PackageDetails, sorted_packages
from bldr.parallel import map_parallel
from bldr.requested_ident import RequestedIdent
from chalicelib.core.target import Target


class PackageFinder(Protocol):
    """A Builder or a folder that packages can be looked up in."""

    def find(self, package: Package) -> PackageDetails | None:
        """Return the details of a package, or None."""

    def latest(self, requested: RequestedIdent, channel: str, target: Target) -> PackageDetails | None:
        """Return the latest release in a channel that matches, or None."""


def resolve(
    finder: PackageFinder, requests: Sequence[tuple[RequestedIdent, Target]], channel: str, jobs: int
) -> list[PackageDetails]:
    """Return the package for each ident and target. Raises PackageMissing.

    A fully qualified ident is found in any channel; for others it is the latest release in `channel`.
    """
    results = map_parallel(requests, lambda request: finder.latest(request[0], channel, request[1]), jobs)
    packages: list[PackageDetails] = []
    for (requested, target), details in zip(requests, results, strict=True):
        if details is None:
            where = "" if requested.full else f" in channel {channel}"
            raise PackageMissing(f"{finder} has no {requested} for {target}{where}; check ident, channel and --target")
        packages.append(details)
    return packages


def with_dependencies(
    finder: PackageFinder, roots: Iterable[PackageDetails], jobs: int
) -> tuple[dict[Package, PackageDetails], list[Package]]:
    """Return the packages with all their dependencies, and the dependencies that are missing.

    One round of look-ups is enough, because `tdeps` are transitive.
    """
    packages = {details.package: details for details in roots}
    needed = {needed for details in packages.values() for needed in details.dependencies}
    dependencies = sorted_packages(needed - packages.keys())
    details_of = dict(zip(dependencies, map_parallel(dependencies, finder.find, jobs), strict=True))
    packages |= {package: details for package, details in details_of.items() if details is not None}
    return packages, [package for package, details in details_of.items() if details is None]
