"""A Builder as a side of a mirroring."""

from collections.abc import Iterable
from pathlib import Path

from bldr.archives import Archive
from bldr.client import Builder
from bldr.fetching import fetch
from bldr.files import folder
from bldr.origins import demand_origins
from bldr.packages import Described, Package
from bldr.progress import Watch
from bldr.remembered import cache_folder
from bldr.sending import PLAIN, Manner, send
from bldr.wanted import Wanted
from chalicelib.core.key_file import KeyFile
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.target import Target


class BuilderPlace:
    """Source and destination alike; archives on their way to it lie in the cache folder."""

    def __init__(self, builder: Builder, manner: Manner = PLAIN) -> None:
        self._builder, self._manner = builder, manner

    def __str__(self) -> str:
        return str(self._builder)

    def find(self, package: Package) -> Described | None:
        """A package, wherever it is."""
        return self._builder.find(package)

    def latest(self, wanted: Wanted, channel: str, target: Target) -> Described | None:
        """The newest release in a channel that fits."""
        return self._builder.latest(wanted, channel, target)

    def members(self, origin: str, channel: str) -> list[Package]:
        """What is in a channel."""
        return self._builder.members(origin, channel)

    def archive(self, described: Described, staging: Path, watch: Watch) -> Path:
        """Fetch the archive, or go on fetching it."""
        path = staging / described.package.archive_name
        fetch(self._builder, described, path, watch)
        return path

    def key(self, named: NamedRevision) -> KeyFile | None:
        """A public signing key."""
        return self._builder.key(named)

    @property
    def staging(self) -> Path:
        """What is fetched and not yet sent survives an interruption here."""
        return folder(cache_folder() / "sync")

    def channels(self, origin: str) -> list[str]:
        """The channels that an origin has."""
        return self._builder.channels(origin, with_groups=True)

    def demand_origins(self, origins: Iterable[str], create: bool) -> None:
        """The origins must be there, or are made."""
        demand_origins(self._builder, origins, create)

    def has_key(self, named: NamedRevision) -> bool:
        """Whether a public key is there."""
        return self._builder.key(named) is not None

    def put_key(self, key: KeyFile) -> None:
        """Take a key."""
        self._builder.put_key(key)

    def put(self, archive: Archive, watch: Watch) -> None:
        """Send an archive, and remove it if it was only on its way."""
        with watch.transfer(f"sending {archive.package}", archive.size) as tick:
            send(self._builder, archive, self._manner, tick)
        if archive.path.parent == self.staging:
            archive.path.unlink()

    def create_channel(self, origin: str, channel: str) -> None:
        """Make a channel."""
        self._builder.create_channel(origin, channel)

    def promote(self, package: Package, channel: str) -> None:
        """Put a package into a channel."""
        self._builder.promote(package, channel)

    def demote(self, package: Package, channel: str) -> None:
        """Take a package out of a channel."""
        self._builder.demote(package, channel)

    def close(self) -> None:
        """Everything was written down by the Builder."""
