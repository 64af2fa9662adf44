"""What packages are mirrored from and to: a Builder or a folder, seen alike."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from bldr.archives import Archive
from bldr.packages import Described, Package
from bldr.progress import Watch
from bldr.wanted import Wanted
from chalicelib.core.key_file import KeyFile
from chalicelib.core.named_revision import NamedRevision
from chalicelib.core.target import Target


class Place(Protocol):
    """What both sides can do; `str()` names it for messages."""

    def find(self, package: Package) -> Described | None:
        """A package with its checksum, dependencies and channels."""

    def channels(self, origin: str) -> list[str]:
        """The channels that an origin has."""

    def members(self, origin: str, channel: str) -> list[Package]:
        """What is in a channel."""


class Source(Place, Protocol):
    """Where packages come from."""

    def latest(self, wanted: Wanted, channel: str, target: Target) -> Described | None:
        """The newest release in a channel that fits."""

    def archive(self, described: Described, staging: Path, watch: Watch) -> Path:
        """A file with the archive's very bytes; fetched into `staging` if there is none yet."""

    def key(self, named: NamedRevision) -> KeyFile | None:
        """A public signing key."""


class Destination(Place, Protocol):
    """Where packages go to. Every change may be repeated."""

    @property
    def staging(self) -> Path:
        """A folder for archives on their way."""

    def demand_origins(self, origins: Iterable[str], create: bool) -> None:
        """The origins must be there, or are made."""

    def has_key(self, named: NamedRevision) -> bool:
        """Whether a public key is there."""

    def put_key(self, key: KeyFile) -> None:
        """Take a key."""

    def put(self, archive: Archive, watch: Watch) -> None:
        """Take an archive; its file may be moved or removed."""

    def create_channel(self, origin: str, channel: str) -> None:
        """Make a channel."""

    def promote(self, package: Package, channel: str) -> None:
        """Put a package into a channel."""

    def demote(self, package: Package, channel: str) -> None:
        """Take a package out of a channel."""

    def close(self) -> None:
        """Write down what was done."""
