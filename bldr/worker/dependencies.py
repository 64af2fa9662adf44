"""The dependencies of a plan: resolved in the channel of the job group, then in stable; downloaded and verified."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from bldr.client import Builder
from bldr.downloads import download_archive
from bldr.errors import ArchiveDamaged, PackageMissing
from bldr.packages import STABLE, Package, PackageDetails
from bldr.progress import Advance, ignore_progress
from bldr.requested_ident import RequestedIdent
from bldr.resolution import with_dependencies
from bldr.worker.signed_archive import require_signature
from bldr.worker.stopping import StopSignal
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

CORE, BASE = "core", "base"
LOOK_UPS = 4
MOST_CACHED_BYTES = 4 << 30


class ResolvedDependencies(Struct, frozen=True):
    """The packages of a plan's dependencies. `deps` and `build_deps` are in the order of the plan."""

    deps: tuple[PackageDetails, ...]
    build_deps: tuple[PackageDetails, ...]
    packages: dict[Package, PackageDetails]

    def lists(self) -> dict[str, tuple[PackageIdent, ...]]:
        """Return the idents for the metadata files, by the name of the list."""
        return {
            "deps": _idents(self.deps),
            "tdeps": _transitive(self.deps),
            "build_deps": _idents(self.build_deps),
            "build_tdeps": _transitive(self.build_deps),
        }


class Dependencies:
    """Finds and downloads dependencies for one target. Methods raise BldrError and Stopped."""

    def __init__(self, builder: Builder, target: Target, channel: str, stop: StopSignal) -> None:
        self._builder, self._target, self._channel, self._stop = builder, target, channel, stop

    def resolve(self, deps: Sequence[RequestedIdent], build_deps: Sequence[RequestedIdent]) -> ResolvedDependencies:
        """Return the packages for the dependencies of a plan. Raises PackageMissing.

        Fails too if the run-time dependencies contain two releases of one package, as `hab` does.
        """
        direct = tuple(self._latest(requested) for requested in deps)
        for_build = tuple(self._latest(requested) for requested in build_deps)
        packages, missing = with_dependencies(self._builder, (*direct, *for_build), LOOK_UPS)
        if missing:
            raise PackageMissing(f"the Builder does not have these dependencies: {', '.join(map(str, missing))}")
        resolved = ResolvedDependencies(direct, for_build, packages)
        _require_one_release(resolved.lists()["tdeps"])
        return resolved

    def download(self, resolved: ResolvedDependencies, cache: Path, folder: Path, note: Callable[[str], None]) -> None:
        """Link the archives into a folder, downloaded to the cache if they are not there. Verifies the signatures."""
        cache.mkdir(parents=True, exist_ok=True)
        for package, details in sorted(resolved.packages.items(), key=lambda item: str(item[0])):
            self._stop.check()
            archive = cache / package.archive_name
            if download_archive(self._builder, details, archive, _Silent()):
                note(f"downloaded {package}")
            require_signature(archive, self._builder.key)
            os.link(archive, folder / archive.name)
        _remove_oldest(cache, MOST_CACHED_BYTES)

    def _latest(self, requested: RequestedIdent) -> PackageDetails:
        self._stop.check()
        for channel in self._channels(requested.origin):
            details = self._builder.latest(requested, channel, self._target)
            if details is not None:
                return details
        channels = ", ".join(self._channels(requested.origin))
        raise PackageMissing(
            f"no package {requested} for {self._target} in the channels {channels}; promote one to {STABLE}, or build "
            "it in the same job group"
        )

    def _channels(self, origin: str) -> list[str]:
        return [channel for channel in (self._channel, BASE if origin == CORE else "", STABLE) if channel]


class _Silent:
    """A reporter that shows nothing."""

    def report(self, line: str) -> None:
        """Do nothing."""

    @contextmanager
    def transfer(self, label: str, size: int | None) -> Iterator[Advance]:
        """Do not show a transfer."""
        yield ignore_progress


def _idents(packages: Iterable[PackageDetails]) -> tuple[PackageIdent, ...]:
    return tuple(details.package.ident for details in packages)


def _transitive(direct: Iterable[PackageDetails]) -> tuple[PackageIdent, ...]:
    """The direct dependencies and all that they depend on, each once, sorted."""
    idents = {ident for details in direct for ident in (details.package.ident, *details.tdeps)}
    return tuple(sorted(idents, key=str))


def _require_one_release(idents: Iterable[PackageIdent]) -> None:
    first: dict[tuple[str, str], PackageIdent] = {}
    for ident in idents:
        other = first.setdefault((ident.origin, ident.name), ident)
        if other != ident:
            raise ArchiveDamaged(f"the dependencies need two releases of one package: {other} and {ident}")


def _remove_oldest(cache: Path, most_bytes: int) -> None:
    """Remove the archives that were downloaded first until the rest has at most a number of bytes."""
    files = sorted(
        ((path.stat().st_mtime, path.stat().st_size, path) for path in cache.iterdir() if path.is_file()), reverse=True
    )
    total = 0
    for _, size, path in files:
        total += size
        if total > most_bytes:
            path.unlink(missing_ok=True)
