"""Client of a Builder: one method for each operation on packages, channels, keys and origins.

Paths and statuses: packages.md 5, 6, 8, 9; accounts.md 8.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TypeVar

import requests

from bldr.errors import ResponseMalformed
from bldr.http_transport import HttpTransport, Request
from bldr.packages import DEFAULT_CHANNELS, UNSTABLE, Package, PackageDetails
from bldr.parallel import map_parallel
from bldr.requested_ident import RequestedIdent
from bldr.responses import (
    ChannelRow,
    MemberRow,
    PackageChannelRow,
    PackageResponse,
    Page,
    ReleaseRow,
    SearchRow,
)
from chalicelib.core.ident import PackageIdent
from chalicelib.core.keys.key_file import KeyFile, KeyFileMalformed, KeyKind
from chalicelib.core.keys.named_revision import NamedRevision
from chalicelib.core.target import Target

T = TypeVar("T")


class Builder:
    """Client of one Builder. Every method may raise Unreachable, RequestRefused and ResponseMalformed."""

    def __init__(self, transport: HttpTransport, jobs: int = 4) -> None:
        self.transport = transport
        self._jobs = jobs

    def __str__(self) -> str:
        return str(self.transport.address)

    def find(self, package: Package, channel: str = UNSTABLE) -> PackageDetails | None:
        """Return a package if it is in a channel, else None. Every package is in `unstable`."""
        ident = package.ident
        path = (*_packages_of_channel(ident.origin, channel), ident.name, ident.version, ident.release)
        return self._details(path, package.target, f"look up {package}")

    def latest(self, requested: RequestedIdent, channel: str, target: Target) -> PackageDetails | None:
        """Return the latest release in a channel that matches, else None.

        A fully qualified ident is found in any channel, as `hab` finds it.
        """
        if requested.full is not None:
            return self.find(Package(requested.full, target))
        version = [requested.version] if requested.version else []
        path = (*_packages_of_channel(requested.origin, channel), requested.name, *version, "latest")
        return self._details(path, target, f"look up {requested}")

    def targets(self, origin: str, name: str) -> dict[PackageIdent, list[Target]]:
        """Return the targets of every release of a package name."""
        request = Request("GET", ("depot", "pkgs", origin, name), f"list the releases of {origin}/{name}")
        return {row.ident: row.platforms for row in self._pages(request, Page[ReleaseRow])}

    def members(self, origin: str, channel: str) -> list[Package]:
        """Return the packages in a channel.

        The API lists idents without targets, once for each target in the channel. The targets are known if all
        targets of the release are in the channel; otherwise each target is looked up.
        """
        request = Request("GET", _packages_of_channel(origin, channel), f"list channel {channel} of {origin}")
        counts = Counter(row.ident for row in self._pages(request, Page[MemberRow]))
        targets = self._targets_of(origin, sorted({ident.name for ident in counts}))
        members: list[Package] = []
        uncertain: list[Package] = []
        for ident, count in counts.items():
            packages = [Package(ident, target) for target in targets.get(ident, [])]
            (members if len(packages) == count else uncertain).extend(packages)
        return members + self.packages_in(uncertain, channel)

    def packages_in(self, packages: list[Package], channel: str) -> list[Package]:
        """Return those of the packages that are in a channel, with one request for each package."""
        is_member = map_parallel(packages, lambda package: self.find(package, channel) is not None, self._jobs)
        return [package for package, is_in in zip(packages, is_member, strict=True) if is_in]

    def search(self, term: str, all_releases: bool) -> Iterator[SearchRow]:
        """Return the releases that match a term, or only the distinct names."""
        query = {"distinct": not all_releases}
        request = Request("GET", ("depot", "pkgs", "search", term), f"search for {term}", query)
        return self._pages(request, Page[SearchRow])

    def channels(self, origin: str, with_build_groups: bool = False) -> list[str]:
        """Return the names of the channels of an origin, optionally with those of job groups."""
        query = {"sandbox": with_build_groups}
        request = Request("GET", ("depot", "channels", origin), f"list the channels of {origin}", query)
        return [row.name for row in self.transport.fetch(request, list[ChannelRow])]

    def channels_of(self, package: Package) -> list[PackageChannelRow]:
        """Return the channels of a package."""
        path, query = (*_release(package.ident), "channels"), {"target": package.target}
        request = Request("GET", path, f"list the channels of {package}", query)
        return self.transport.fetch(request, list[PackageChannelRow])

    def create_channel(self, origin: str, channel: str) -> None:
        """Create a channel unless it exists."""
        if channel in DEFAULT_CHANNELS:
            return
        purpose = f"create channel {channel} of {origin} (requires a maintainer)"
        self.transport.send(Request("POST", ("depot", "channels", origin, channel), purpose, accept=(201, 409)))

    def promote(self, package: Package, channel: str) -> None:
        """Promote a package to a channel. Idempotent."""
        path, query = _channel_operation(package, channel, "promote"), {"target": package.target}
        self.transport.send(Request("PUT", path, f"promote {package} to {channel}", query))

    def demote(self, package: Package, channel: str) -> None:
        """Demote a package from a channel. Idempotent: the API answers 400 if the package is not in the channel."""
        path, query = _channel_operation(package, channel, "demote"), {"target": package.target}
        self.transport.send(Request("PUT", path, f"demote {package} from {channel}", query, accept=(200, 400)))

    def promote_channel(self, origin: str, source: str, channel: str) -> None:
        """Promote all packages of a source channel to another channel in one request."""
        purpose = f"promote the packages in {source} of {origin} to {channel}"
        self.transport.send(_bulk_request(origin, source, "promote", channel, purpose))

    def demote_channel(self, origin: str, source: str, channel: str) -> None:
        """Demote all packages of a source channel from another channel in one request."""
        purpose = f"demote the packages in {source} of {origin} from {channel}"
        self.transport.send(_bulk_request(origin, source, "demote", channel, purpose))

    def key(self, name: NamedRevision) -> KeyFile | None:
        """Return a public signing key, or None if the Builder does not have it."""
        path = ("depot", "origins", name.name, "keys", name.revision)
        response = self.transport.send(Request("GET", path, f"download key {name}", accept=(200, 404)))
        if response.status_code == 404:
            return None
        try:
            return KeyFile.parse(response.text, KeyKind.PUBLIC_SIGNING)
        except KeyFileMalformed as problem:
            raise ResponseMalformed(f"{self} returned a malformed key {name}: {problem.reason}") from None

    def put_key(self, key: KeyFile) -> None:
        """Upload a public signing key unless it exists."""
        name = key.named_revision
        path = ("depot", "origins", name.name, "keys", name.revision)
        purpose = f"upload key {name} (requires an administrator of the origin)"
        self.transport.send(Request("POST", path, purpose, body=key.text.encode(), accept=(200, 201, 409)))

    def has_origin(self, origin: str) -> bool:
        """Return whether an origin exists."""
        request = Request("GET", ("depot", "origins", origin), f"look up origin {origin}", accept=(200, 404))
        return self.transport.send(request).status_code == 200

    def create_origin(self, origin: str) -> None:
        """Create an origin unless it exists."""
        path, json = ("depot", "origins"), {"name": origin}
        self.transport.send(Request("POST", path, f"create origin {origin}", json=json, accept=(201, 409)))

    def download(self, package: Package, start: int) -> requests.Response:
        """Return a stream of an archive from a byte offset.

        A Builder without support for ranges sends the whole archive. The status is 416 if no bytes are left.
        """
        return self.transport.send(
            Request(
                "GET",
                (*_release(package.ident), "download"),
                f"download {package}",
                {"target": package.target},
                headers={"Accept-Encoding": "identity", **({"Range": f"bytes={start}-"} if start else {})},
                accept=(200, 206, 416),
                stream=True,
            )
        )

    def _details(self, path: tuple[str, ...], target: Target, purpose: str) -> PackageDetails | None:
        response = self.transport.send(Request("GET", path, purpose, {"target": target}, accept=(200, 404)))
        if response.status_code == 404:
            return None
        return self.transport.decode(response, PackageResponse).details(target)

    def _targets_of(self, origin: str, names: list[str]) -> Mapping[PackageIdent, list[Target]]:
        by_name = map_parallel(names, lambda name: self.targets(origin, name), self._jobs)
        return {ident: targets for releases in by_name for ident, targets in releases.items()}

    def _pages(self, request: Request, shape: type[Page[T]]) -> Iterator[T]:
        """Yield all rows of a list; each page starts after the rows received so far (packages.md 1.9)."""
        received = 0
        while True:
            query = {**request.query, "range": received}
            response = self.transport.send(
                Request(request.method, request.path, request.purpose, query, accept=(200, 206))
            )
            rows = self.transport.decode(response, shape).data
            yield from rows
            received += len(rows)
            if response.status_code == 200 or not rows:
                return


def _packages_of_channel(origin: str, channel: str) -> tuple[str, ...]:
    return ("depot", "channels", origin, channel, "pkgs")


def _release(ident: PackageIdent) -> tuple[str, ...]:
    return ("depot", "pkgs", ident.origin, ident.name, ident.version, ident.release)


def _channel_operation(package: Package, channel: str, operation: str) -> tuple[str, ...]:
    ident = package.ident
    return (*_packages_of_channel(ident.origin, channel), ident.name, ident.version, ident.release, operation)


def _bulk_request(origin: str, source: str, operation: str, channel: str, purpose: str) -> Request:
    return Request("PUT", (*_packages_of_channel(origin, source), operation), purpose, {"channel": channel})
