"""`manifest.json` of a mirror folder: its packages, their checksums and their channels."""

import codecs

import msgspec
from msgspec import Struct

from bldr.errors import PathUnusable
from bldr.packages import Package, PackageDetails
from bldr.responses import Checksum, require_valid
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target

FORMAT = 1


class Manifest(Struct, frozen=True):
    """The packages of a mirror folder, each once."""

    packages: tuple[PackageDetails, ...] = ()

    @classmethod
    def parse(cls, content: bytes, path: str) -> "Manifest":
        """Parse the content of a manifest. Raises PathUnusable, which names the path."""
        try:
            content = content.removeprefix(codecs.BOM_UTF8)
            version = msgspec.json.decode(content, type=_Format).format
            if version != FORMAT:
                raise PathUnusable(f"{path} has format {version}; this program reads format {FORMAT}")
            return cls(tuple(entry.details() for entry in msgspec.json.decode(content, type=_File).packages))
        except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
            raise PathUnusable(f"{path} is not the manifest of a mirror; was it copied completely?") from None

    def encode(self) -> bytes:
        """Return the content of the file. The same packages always give the same bytes."""
        entries = sorted(map(_Entry.of, self.packages), key=lambda entry: (entry.ident, entry.target))
        return msgspec.json.format(msgspec.json.encode(_File(FORMAT, entries)), indent=1) + b"\n"


class _Entry(Struct):
    ident: str
    target: Target
    file: str
    checksum: Checksum
    channels: list[str]
    tdeps: list[str]

    @classmethod
    def of(cls, details: PackageDetails) -> "_Entry":
        package = details.package
        return cls(
            ident=str(package.ident),
            target=package.target,
            file=f"harts/{package.archive_name}",
            checksum=details.checksum,
            channels=sorted(details.channels),
            tdeps=[str(ident) for ident in details.tdeps],
        )

    def details(self) -> PackageDetails:
        """Return the package. Raises ValueError for an invalid ident."""
        package = Package(_ident(self.ident), self.target)
        return PackageDetails(package, self.checksum, tuple(map(_ident, self.tdeps)), frozenset(self.channels))


class _Format(Struct):
    format: int


class _File(_Format):
    packages: list[_Entry]


def _ident(text: str) -> PackageIdent:
    ident = PackageIdent.parse(text)
    require_valid(ident)
    return ident
