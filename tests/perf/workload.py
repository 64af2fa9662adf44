"""The requests that are measured, on a depot that a plan has filled (design.md section 4).

Every request asks for the same of a small and of a large depot: one package of the probe, or one whole page. What
has no pages (`_latest`, versions, channels) is asked of names and channels whose answers grow, and says so.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from chalicelib.catalog import package_rows
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.http.paging import PAGE_SIZE
from chalicelib.packages import artifacts
from chalicelib.platform.table import read
from local.seed.releases import CORE, MOST_NEEDED, PROBE, SeedPlan
from local.seed.writer import write
from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.perf.recording import Recording

OWNER = "lkennedy"
LINUX = "x86_64-linux"


class Growth(Enum):
    """What a request may cost in a depot a thousand times as large, as a multiple; None where the answer grows."""

    POINT = 1.1
    PAGE = 1.2
    SEARCH = 2.0
    UNPAGED = None


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of request: what it may cost in calls, how it may grow, and how it is sent."""

    name: str
    calls: int | None
    growth: Growth
    send: Callable[[Depot], Reply]


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request as it went in a depot of one size, with what it may cost."""

    name: str
    calls: int | None
    growth: Growth
    recording: Recording


@dataclass(frozen=True, slots=True)
class Filled:
    """A filled depot, with a token of somebody who is a member everywhere."""

    depot: Depot
    token: str
    newest: PackageIdent
    archive: Hart

    @classmethod
    def by(cls, plan: SeedPlan, depot: Depot) -> "Filled":
        """Fill the depot behind a client."""
        write(plan, OWNER)
        token = depot.post("/profile/access-tokens", by=OWNER).json()["token"]
        origin = plan.prefix + CORE
        newest = depot.get(f"/depot/pkgs/{origin}/{PROBE}/latest").json()["ident"]
        archive = a_hart(origin=origin, name=PROBE, version="99.0.0", release="20300101000000", tdeps=_tdeps(origin))
        filled = cls(depot, token, PackageIdent(**newest), archive)
        row = read(package_rows.package_key(filled.newest, Target.X86_64_LINUX))
        if row is not None:
            artifacts.put_bytes(row.artifact, b"HART-1")
        return filled

    @property
    def origin(self) -> str:
        """The origin that grows with the depot."""
        return self.newest.origin

    def cases(self) -> Iterator[Case]:
        """All requests, reads first."""
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
            yield self._case(name, calls, Growth.POINT, path)

    def _pages(self) -> Iterator[Case]:
        listed, stable = f"/depot/pkgs/{self.origin}", f"/depot/channels/{self.origin}/stable/pkgs"
        today = datetime.now(UTC).strftime("%Y-%m-%d")
        for name, path in (
            ("list of an origin", listed),
            ("list of an origin, deep", f"{listed}?range={{deep}}"),
            ("names of an origin", f"{listed}?distinct=true"),
            ("list of a name", f"{listed}/{PROBE}"),
            ("list of settings", f"/depot/{self.origin}/pkgs"),
            ("list of a channel", stable),
            ("list of a channel, deep", f"{stable}?range={{deep}}"),
            ("list of a channel, deep, next page", f"{stable}?range={{next}}"),
            ("list of a channel's name", f"{stable}/{PROBE}"),
        ):
            yield self._case(name, 3, Growth.PAGE, path)
            yield self._case(f"{name}, anonymous", 3, Growth.PAGE, path, by=None)
        yield self._case("events", 3, Growth.PAGE, f"/depot/events?from_date=2020-01-01&to_date={today}")

    def _unpaged(self) -> Iterator[Case]:
        of_all = f"/depot/channels/{self.origin}/stable/pkgs/_latest?target={LINUX}"
        yield self._case("channel _latest after a change", None, Growth.UNPAGED, of_all)
        yield self._case("channel _latest", None, Growth.UNPAGED, of_all)
        yield self._case("channel _latest after a change, anonymous", None, Growth.UNPAGED, of_all, by=None)
        yield self._case("channel _latest, anonymous", None, Growth.UNPAGED, of_all, by=None)
        yield self._case("versions", None, Growth.PAGE, f"/depot/pkgs/{self.origin}/{PROBE}/versions")
        grows = f"/depot/pkgs/{self.origin}/{MOST_NEEDED}/versions"
        yield self._case("versions of a name that grows", None, Growth.UNPAGED, grows)

    def _searches(self) -> Iterator[Case]:
        for what, term in (("a name", PROBE), ("a whole origin", self.origin)):
            path = f"/depot/pkgs/search/{term}"
            yield self._case(f"search for {what}, distinct", None, Growth.SEARCH, f"{path}?distinct=true")
            yield self._case(f"search for {what}", None, Growth.SEARCH, path)

    def _changes(self) -> Iterator[Case]:
        ident = self.newest
        place = f"/depot/channels/{self.origin}/LTS-2024/pkgs/{ident.name}/{ident.version}/{ident.release}"
        yield Case("promote", 4, Growth.POINT, lambda depot: depot.put(f"{place}/promote", by=self.token))
        yield Case("demote", 4, Growth.POINT, lambda depot: depot.put(f"{place}/demote", by=self.token))
        yield Case("upload", 7, Growth.POINT, self._upload)

    def _case(self, name: str, calls: int | None, growth: Growth, path: str, by: str | None = "") -> Case:
        who = self.token if by == "" else by
        place, found, which = path.partition("?range={")
        if found:
            total = self.depot.get(place, by=who).json()["total_count"]
            deep = max(0, total - 3 * PAGE_SIZE) // PAGE_SIZE * PAGE_SIZE
            path = f"{place}?range={deep if which == 'deep}' or not deep else deep + PAGE_SIZE}"
        return Case(name, calls, growth, lambda depot: depot.get(path, by=who))

    def _upload(self, depot: Depot) -> Reply:
        archive = self.archive
        query = {"checksum": archive.checksum, "target": archive.target}
        return depot.post(f"/depot/pkgs/{archive.path}", by=self.token, body=archive.content, query=query)


def _tdeps(origin: str) -> list[str]:
    names = [hashlib.sha1(str(number).encode(), usedforsecurity=False).hexdigest()[:8] for number in range(25)]
    return [f"{origin}/{name}/1.0.0/20240101000000" for name in names]
