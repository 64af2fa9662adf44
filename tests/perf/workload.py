"""The requests that are measured, in a depot filled with generated packages.

A request returns the same amount in a small and in a large depot: one package of PROBE, or one full page. Requests
without pages (`_latest`, versions, channels) are also measured for names and channels whose responses grow.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial

from chalicelib.catalog import package_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.graph import service as graph
from chalicelib.http.paging import PAGE_SIZE
from chalicelib.packages import artifacts
from chalicelib.packages.search import cached_index
from chalicelib.platform.table import read
from local.seed import bulk_writer
from local.seed.releases import CORE, MOST_NEEDED, PROBE, GeneratedDepot
from tests.api.client import Depot, Reply
from tests.builders.graphs import fold_shard_of
from tests.builders.hart import Hart, a_hart
from tests.builders.names_read import settle_names
from tests.perf.recording import Recording, record
from tests.perf.writes import idents

OWNER = "lkennedy"
LINUX = "x86_64-linux"


UPLOAD_CALLS = {"upload": 7, "upload, 300 dependencies": 8, "upload, 5,000 dependencies": 8}
"""The budgets of uploads. The longest has the limits of the lists."""


class Growth(Enum):
    """Allowed cost in a depot a thousand times as large, as a factor of the cost in a small one. None: no limit."""

    POINT = 1.1
    PAGE = 1.2
    SEARCH = 2.0
    UNPAGED = None


@dataclass(frozen=True, slots=True)
class Case:
    """A request: its name, its budget of AWS calls (None: no budget), its allowed growth, and a function to send it."""

    name: str
    calls: int | None
    growth: Growth
    send: Callable[[Depot], Reply]


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """The recording of a request in a depot of one size, with its budgets."""

    name: str
    calls: int | None
    growth: Growth
    recording: Recording

    @classmethod
    def of(cls, case: Case, app: object) -> "RecordedCase":
        """Send the request of a case to an app and record it."""
        return cls(case.name, case.calls, case.growth, record(app, case.send))


@dataclass(frozen=True, slots=True)
class FilledDepot:
    """A depot with generated packages, and the token of a user who is a member of all its origins."""

    depot: Depot
    token: str
    newest: PackageIdent
    key: str
    """The revision of a public key of its origin."""

    archives: dict[str, Hart]
    """The archives that are uploaded, by the names of the requests."""

    @classmethod
    def create(cls, generated: GeneratedDepot, depot: Depot) -> "FilledDepot":
        """Write the generated packages to the depot of a client."""
        bulk_writer.write(generated, OWNER)
        token = depot.post("/profile/access-tokens", by=OWNER).json()["token"]
        origin = generated.prefix + CORE
        newest = PackageIdent(**depot.get(f"/depot/pkgs/{origin}/{PROBE}/latest").json()["ident"])
        archives = {
            "upload": _archive(origin, "99.0.0", tdeps=25),
            "upload, 300 dependencies": _archive(origin, "99.0.1", deps=20, tdeps=300, build_deps=15, build_tdeps=150),
            "upload, 5,000 dependencies": _archive(
                origin, "99.0.2", deps=300, tdeps=3_000, build_deps=200, build_tdeps=1_500
            ),
        }
        row = read(package_rows.package_key(newest, Target.X86_64_LINUX))
        if row is not None:
            artifacts.put_bytes(row.artifact, b"HART-1")
        fold_shard_of(f"{origin}/{PROBE}")  # the measured upload must not be one of those that fold
        ready = f"/depot/channels/{origin}/stable/pkgs/{PROBE}/{newest.version}/{newest.release}/promote"
        assert depot.put(ready, by=token).status == 200  # changes nothing, and leaves the process with a fence
        graph.graph_of(Target.X86_64_LINUX)  # nor the first of its process, which reads the whole graph
        settle_names()
        assert depot.post(f"/depot/origins/{origin}/keys", by=token).status == 201
        key = depot.get(f"/depot/origins/{origin}/keys").json()[0]["revision"]
        return cls(depot, token, newest, key, archives)

    @property
    def origin(self) -> str:
        """The origin that grows with the depot."""
        return self.newest.origin

    def cases(self) -> Iterator[Case]:
        """Yield all requests, reads first."""
        yield from self._points()
        yield from self._pages()
        yield from self._unpaged()
        yield from self._searches()
        yield from self._changes()

    def _points(self) -> Iterator[Case]:
        ident, origin = self.newest, self.origin
        package, stable = f"/depot/pkgs/{ident}", f"/depot/channels/{origin}/stable/pkgs"
        exact = f"{stable}/{ident.name}/{ident.version}/{ident.release}"
        for name, calls, path in (
            ("show", 2, package),
            ("latest", 2, f"/depot/pkgs/{origin}/{PROBE}/latest"),
            ("latest of a version", 2, f"/depot/pkgs/{origin}/{PROBE}/{ident.version}/latest"),
            ("channel latest", 2, f"{stable}/{PROBE}/latest"),
            ("channel exact", 2, exact),
            ("download", 3, f"{package}/download"),
            ("channels of a package", 2, f"{package}/channels"),
        ):
            yield self._get(name, calls, Growth.POINT, path)
        for name, calls, path in (
            ("channel latest", 2, f"{stable}/{PROBE}/latest?target={LINUX}"),
            ("download", 3, f"{package}/download?target={LINUX}"),
            ("public key", 1, f"/depot/origins/{origin}/keys/{self.key}"),
        ):
            yield Case(f"{name}, anonymous", calls, Growth.POINT, _sender(path, None))

    def _pages(self) -> Iterator[Case]:
        packages, stable = f"/depot/pkgs/{self.origin}", f"/depot/channels/{self.origin}/stable/pkgs"
        deep_in_origin = {by: self._deep_start(packages, by) for by in self._readers}
        deep_in_channel = {by: self._deep_start(stable, by) for by in self._readers}
        for name, paths in (
            ("list of an origin", self._same(packages)),
            ("list of an origin, deep", {by: f"{packages}?range={deep_in_origin[by]}" for by in self._readers}),
            ("names of an origin", self._same(f"{packages}?distinct=true")),
            ("list of a name", self._same(f"{packages}/{PROBE}")),
            ("list of settings", self._same(f"/depot/{self.origin}/pkgs")),
            ("list of a channel", self._same(stable)),
            ("list of a channel, deep", {by: f"{stable}?range={deep_in_channel[by]}" for by in self._readers}),
            (
                "list of a channel, deep, next page",
                {by: f"{stable}?range={_next_page(deep_in_channel[by])}" for by in self._readers},
            ),
            ("list of a channel's name", self._same(f"{stable}/{PROBE}")),
        ):
            for by, reader in self._readers.items():
                yield Case(f"{name}{reader}", 3, Growth.PAGE, _sender(paths[by], by))
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        yield self._get("events", 5, Growth.PAGE, f"/depot/events?from_date=2020-01-01&to_date={today}")

    @property
    def _readers(self) -> dict[str | None, str]:
        """A member and an anonymous client, with the suffixes of their requests' names."""
        return {self.token: "", None: ", anonymous"}

    def _same(self, path: str) -> dict[str | None, str]:
        return dict.fromkeys(self._readers, path)

    def _unpaged(self) -> Iterator[Case]:
        latest = f"/depot/channels/{self.origin}/stable/pkgs/_latest?target={LINUX}"
        for by, reader in self._readers.items():
            yield Case(f"channel _latest after a change{reader}", None, Growth.UNPAGED, _sender(latest, by))
            yield Case(f"channel _latest{reader}", None, Growth.UNPAGED, _sender(latest, by))
        yield self._get("versions", None, Growth.PAGE, f"/depot/pkgs/{self.origin}/{PROBE}/versions")
        growing = f"/depot/pkgs/{self.origin}/{MOST_NEEDED}/versions"
        yield self._get("versions of a name that grows", None, Growth.UNPAGED, growing)

    def _searches(self) -> Iterator[Case]:
        for term_kind, term in (("a name", PROBE), ("a whole origin", self.origin)):
            path = f"/depot/pkgs/search/{term}"
            yield self._get(f"search for {term_kind}, distinct", 3, Growth.POINT, f"{path}?distinct=true")
            yield self._get(f"search for {term_kind}", 5, Growth.SEARCH, path)
        send = _sender(f"/depot/pkgs/search/{self.origin}?distinct=true", self.token)
        yield Case("search, first of a process", 3, Growth.SEARCH, lambda depot: _first_of_a_process(depot, send))

    def _changes(self) -> Iterator[Case]:
        ident = self.newest
        package = f"/depot/channels/{self.origin}/LTS-2024/pkgs/{ident.name}/{ident.version}/{ident.release}"
        yield Case("promote", 4, Growth.POINT, lambda depot: depot.put(f"{package}/promote", by=self.token))
        yield Case("demote", 4, Growth.POINT, lambda depot: depot.put(f"{package}/demote", by=self.token))
        for name, calls in UPLOAD_CALLS.items():
            yield Case(name, calls, Growth.POINT, partial(self._upload, self.archives[name]))

    def _get(self, name: str, calls: int | None, growth: Growth, path: str) -> Case:
        return Case(name, calls, growth, _sender(path, self.token))

    def _deep_start(self, path: str, by: str | None) -> int:
        """Return the start of a page near the end of a list."""
        total = int(self.depot.get(path, by=by).json()["total_count"])
        return max(0, total - 3 * PAGE_SIZE) // PAGE_SIZE * PAGE_SIZE

    def _upload(self, archive: Hart, depot: Depot) -> Reply:
        query = {"checksum": archive.checksum, "target": archive.target}
        return depot.post(f"/depot/pkgs/{archive.path}", by=self.token, body=archive.content, query=query)


def _sender(path: str, by: str | None) -> Callable[[Depot], Reply]:
    return lambda depot: depot.get(path, by=by)


def _first_of_a_process(depot: Depot, send: Callable[[Depot], Reply]) -> Reply:
    cached_index.forget()
    return send(depot)


def _next_page(start: int) -> int:
    """Return the start of the next page; a list too short for a deep page only has the first."""
    return start + PAGE_SIZE if start else 0


def _archive(
    origin: str, version: str, *, tdeps: int, deps: int = 0, build_deps: int = 0, build_tdeps: int = 0
) -> Hart:
    """Return an archive with so many dependencies of each kind, which are of different names."""
    needed, needed_to_build = idents(origin, tdeps), idents(origin, build_tdeps, "build")
    return a_hart(
        origin=origin,
        name=PROBE,
        version=version,
        release="20300101000000",
        tdeps=needed,
        deps=needed[:deps],
        build_deps=needed_to_build[:build_deps],
        build_tdeps=needed_to_build,
    )
