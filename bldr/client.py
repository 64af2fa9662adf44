"""A Builder as the commands see it: reads and changes of packages, channels, keys and origins, one method each.

Paths and statuses: packages.md 5, 6, 8, 9; accounts.md 8.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import requests

from bldr import answers
from bldr.crew import each
from bldr.errors import AnswerMalformed
from bldr.packages import BORN_WITH, UNSTABLE, Described, Package
from bldr.wanted import Wanted
from bldr.wire import Wire, json_of
from chalicelib.core.ident import PackageIdent
from chalicelib.core.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.target import Target


class Builder:
    """Every method raises Unreachable, Refused and AnswerMalformed besides what it says."""

    def __init__(self, wire: Wire, jobs: int = 4) -> None:
        self.wire = wire
        self._jobs = jobs

    def __str__(self) -> str:
        return str(self.wire.address)

    def find(self, package: Package, channel: str = UNSTABLE) -> Described | None:
        """A package if it is in a channel; every package is in `unstable`."""
        ident = package.ident
        return self._described(
            ident.origin, channel, package.target, f"look up {package}", ident.name, ident.version, ident.release
        )

    def latest(self, wanted: Wanted, channel: str, target: Target) -> Described | None:
        """The newest release in a channel that fits; a full ident is looked up wherever it is, as hab does."""
        if wanted.ident is not None:
            return self.find(Package(wanted.ident, target))
        place = [wanted.name, *([wanted.version] if wanted.version else []), "latest"]
        return self._described(wanted.origin, channel, target, f"look up {wanted}", *place)

    def targets(self, origin: str, name: str) -> dict[PackageIdent, list[Target]]:
        """Every release of a name with the targets that it exists for."""
        rows = self._pages("depot", "pkgs", origin, name, to=f"list the releases of {origin}/{name}")
        return {answers.ident(row): [answers.target(each) for each in row["platforms"]] for row in rows}

    def members(self, origin: str, channel: str) -> list[Package]:
        """What is in a channel. The list names idents only; where an ident has several targets each is asked for."""
        to = f"list channel {channel} of {origin}"
        rows = self._pages("depot", "channels", origin, channel, "pkgs", to=to)
        idents = Counter(answers.ident(row) for row in rows)
        of_name = dict(
            each(sorted({ident.name for ident in idents}), lambda name: self._named(origin, name), self._jobs)
        )
        found: dict[bool, list[Package]] = defaultdict(list)
        for ident, count in idents.items():
            known = of_name[ident.name].get(ident, [])
            found[len(known) == count] += [Package(ident, target) for target in known]
        there = each(found[False], lambda package: self.find(package, channel) is not None, self._jobs)
        return found[True] + [package for package, is_in in zip(found[False], there, strict=True) if is_in]

    def search(self, term: str, all_releases: bool) -> Iterator[dict[str, Any]]:
        """Idents that match, those of names without version and release unless all are wanted."""
        query = {"distinct": not all_releases}
        return self._pages("depot", "pkgs", "search", term, to=f"search for {term}", query=query)

    def channels(self, origin: str, with_groups: bool = False) -> list[str]:
        """An origin's channels; those of build groups only when asked for."""
        query = {"sandbox": with_groups}
        found = self.wire.json("GET", "depot", "channels", origin, to=f"list the channels of {origin}", query=query)
        return [answers.text(row["name"]) for row in answers.rows(found)]

    def channels_of(self, package: Package) -> list[dict[str, Any]]:
        """Name, `created_at` and `promoted_at` of each channel that a package is in."""
        path = (*_release(package.ident), "channels")
        found = self.wire.json("GET", *path, to=f"list the channels of {package}", query={"target": package.target})
        return answers.rows(found)

    def create_channel(self, origin: str, channel: str) -> None:
        """Make a channel that may be there already."""
        if channel not in BORN_WITH:
            to = f"create channel {channel} of {origin} (which takes a maintainer)"
            self.wire.ask("POST", "depot", "channels", origin, channel, to=to, accept=(201, 409))

    def promote(self, package: Package, channel: str) -> None:
        """Put a package into a channel; a repeat changes nothing."""
        self._move(package, channel, "promote", f"promote {package} to {channel}")

    def demote(self, package: Package, channel: str) -> None:
        """Take a package out of a channel; one that is not in it counts as taken out."""
        self._move(package, channel, "demote", f"demote {package} from {channel}", (200, 400))

    def move_all(self, origin: str, source: str, step: str, channel: str) -> None:
        """`promote` what is in one channel to another, or `demote` it from there, in one go."""
        to = f"{step} what is in {source} of {origin}, channel {channel}"
        path = ("depot", "channels", origin, source, "pkgs", step)
        self.wire.ask("PUT", *path, to=to, query={"channel": channel})

    def key(self, named: NamedRevision) -> KeyFile | None:
        """A public signing key."""
        path = ("depot", "origins", named.name, "keys", named.revision)
        answer = self.wire.ask("GET", *path, to=f"fetch key {named}", accept=(200, 404))
        if answer.status_code == 404:
            return None
        try:
            return KeyFile.parse(answer.text, KeyKind.PUBLIC_SIGNING)
        except KeyFileMalformed as problem:
            raise AnswerMalformed(f"what {self} gives as key {named} is none: {problem.reason}") from None

    def put_key(self, key: KeyFile) -> None:
        """Store a public signing key that may be there already."""
        named = key.named_revision
        path = ("depot", "origins", named.name, "keys", named.revision)
        to = f"upload key {named} (which takes an administrator of the origin)"
        self.wire.ask("POST", *path, to=to, body=key.text.encode(), accept=(200, 201, 409))

    def has_origin(self, origin: str) -> bool:
        """Whether there is such an origin."""
        answer = self.wire.ask("GET", "depot", "origins", origin, to=f"look up origin {origin}", accept=(200, 404))
        return answer.status_code == 200

    def create_origin(self, origin: str) -> None:
        """Make an origin that may be there already."""
        to = f"create origin {origin}"
        self.wire.ask("POST", "depot", "origins", to=to, json={"name": origin}, accept=(201, 409))

    def download(self, package: Package, start: int) -> requests.Response:
        """The archive's bytes as a stream, from an offset on if the Builder can."""
        path, query = (*_release(package.ident), "download"), {"target": package.target}
        headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})}
        to = f"download {package}"
        return self.wire.ask("GET", *path, to=to, query=query, headers=headers, accept=(200, 206, 416), stream=True)

    def _named(self, origin: str, name: str) -> tuple[str, dict[PackageIdent, list[Target]]]:
        return name, self.targets(origin, name)

    def _move(self, package: Package, channel: str, step: str, to: str, accept: tuple[int, ...] = (200,)) -> None:
        ident = package.ident
        place = ("depot", "channels", ident.origin, channel, "pkgs", ident.name, ident.version, ident.release, step)
        self.wire.ask("PUT", *place, to=to, query={"target": package.target}, accept=accept)

    def _described(self, origin: str, channel: str, target: Target, to: str, *place: str) -> Described | None:
        path, query = ("depot", "channels", origin, channel, "pkgs", *place), {"target": target}
        answer = self.wire.ask("GET", *path, to=to, query=query, accept=(200, 404))
        return None if answer.status_code == 404 else answers.described(json_of(answer, self.wire.address.host), target)

    def _pages(self, *path: str, to: str, query: dict[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All rows of a list; the next page begins behind the rows received so far (platform.md 1.6)."""
        received = 0
        while True:
            asked = {**(query or {}), "range": received}
            answer = self.wire.ask("GET", *path, to=to, query=asked, accept=(200, 206))
            rows = answers.rows(json_of(answer, self.wire.address.host))
            yield from rows
            received += len(rows)
            if answer.status_code == 200 or not rows:
                return


def _release(ident: PackageIdent) -> tuple[str, ...]:
    return ("depot", "pkgs", ident.origin, ident.name, ident.version, ident.release)
