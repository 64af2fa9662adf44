"""Writes of clients that meet: uploads to one origin, of one name or to many origins, and promotions."""

import hashlib
from collections.abc import Callable

from tests.api.client import Depot, Reply
from tests.builders.hart import Hart, a_hart
from tests.builders.origins import an_origin

OWNER = "bobo"
CHANNEL = "stable"
Write = Callable[[Depot], Reply]


class Writes:
    """The writes of a number of clients, each of which sends some writes one after the other.

    Archives have as many transitive dependencies as is given, and half as many of their build.
    """

    def __init__(self, depot: Depot, clients: int, each: int, dependencies: int) -> None:
        assert depot.get("/profile", by=OWNER).status == 200  # creates the account
        self._depot, self._clients, self._each, self._dependencies = depot, clients, each, dependencies
        self._token = depot.post("/profile/access-tokens", by=OWNER).json()["token"]

    def uploads_of_many_names(self) -> list[list[Hart]]:
        """Return archives of different names in one origin."""
        origin = self._origin()
        return self._archives(lambda client, number: self._archive(origin, f"name-{client}-{number}", "1.0"))

    def uploads_of_one_name(self) -> list[list[Hart]]:
        """Return archives of different versions of one name."""
        origin = self._origin()
        return self._archives(lambda client, number: self._archive(origin, "widget", f"{client}.{number}"))

    def uploads_to_many_origins(self) -> list[list[Hart]]:
        """Return archives in an origin of each client."""
        origins = [self._origin() for _ in range(self._clients)]
        return self._archives(lambda client, number: self._archive(origins[client], f"name-{number}", "1.0"))

    def upload(self, archive: Hart) -> Write:
        """Return the upload of an archive."""
        query = {"checksum": archive.checksum, "target": archive.target}
        return lambda depot: depot.post(archive.url, by=self._token, body=archive.content, query=query)

    def promote(self, archive: Hart) -> Write:
        """Return the promotion of a package to a channel."""
        return lambda depot: depot.put(f"{archive.in_channel(CHANNEL)}/promote", by=self._token)

    def demote(self, archive: Hart) -> Write:
        """Return the demotion of a package from a channel."""
        return lambda depot: depot.put(f"{archive.in_channel(CHANNEL)}/demote", by=self._token)

    def make_private(self, archive: Hart) -> Write:
        """Return the change of the settings of a name."""
        path = f"/settings/{archive.ident.origin}/{archive.ident.name}"
        return lambda depot: depot.put(path, by=self._token, json={"visibility": "private"})

    def _origin(self) -> str:
        origin = an_origin(self._depot, OWNER)
        reply = self._depot.post(f"/depot/channels/{origin}/{CHANNEL}", by=self._token)
        assert reply.status in (201, 409), reply
        return origin

    def _archives(self, archive: Callable[[int, int], Hart]) -> list[list[Hart]]:
        return [[archive(client, number) for number in range(self._each)] for client in range(self._clients)]

    def _archive(self, origin: str, name: str, version: str) -> Hart:
        tdeps, build_tdeps = idents(origin, self._dependencies), idents(origin, self._dependencies // 2, "build")
        return a_hart(
            origin=origin,
            name=name,
            version=version,
            tdeps=tdeps,
            deps=tdeps[:20],
            build_tdeps=build_tdeps,
            build_deps=build_tdeps[:10],
        )


def idents(origin: str, number: int, kind: str = "run") -> list[str]:
    """Return idents of different names, as an archive has them as dependencies."""
    names = [hashlib.sha1(f"{kind}-{each}".encode(), usedforsecurity=False).hexdigest()[:8] for each in range(number)]
    return [f"{origin}/{name}/1.0.0/20240101000000" for name in names]
