"""The long parts of packages, in the compressed forms that rows and objects store."""

import json
import zlib
from collections.abc import Sequence

from msgspec import Struct

LIST_SEPARATOR = "\x1e"


class PackageLists(Struct, frozen=True):
    """The dependencies of a package as idents, in the order of its archive, and its ports."""

    deps: Sequence[str] = ()
    tdeps: Sequence[str] = ()
    build_deps: Sequence[str] = ()
    build_tdeps: Sequence[str] = ()
    exposes: Sequence[int] = ()

    @property
    def size(self) -> int:
        """The number of bytes before compression."""
        return len(self._joined())

    def packed(self) -> bytes:
        """Return the compressed form that rows store. DynamoDB's own lists take ten times longer to parse."""
        return zlib.compress(self._joined(), 6)

    def _joined(self) -> bytes:
        lists: Sequence[Sequence[object]] = (self.deps, self.tdeps, self.build_deps, self.build_tdeps, self.exposes)
        return LIST_SEPARATOR.join("\n".join(map(str, each)) for each in lists).encode()

    @classmethod
    def unpacked(cls, content: bytes) -> "PackageLists":
        """Return the lists in a compressed form."""
        joined = zlib.decompress(content).decode().split(LIST_SEPARATOR)
        deps, tdeps, build_deps, build_tdeps, ports = map(entries, joined)
        return cls(deps, tdeps, build_deps, build_tdeps, [int(port) for port in ports])


class Texts(Struct, frozen=True):
    """The long texts of a package."""

    manifest: str
    config: str

    def packed(self) -> bytes:
        """Return the compressed form that rows and objects store."""
        return zlib.compress(json.dumps([self.manifest, self.config], ensure_ascii=False).encode(), 6)

    @classmethod
    def unpacked(cls, content: bytes) -> "Texts":
        """Return the texts in a compressed form."""
        manifest, config = json.loads(zlib.decompress(content))
        return cls(manifest, config)


NO_TEXTS = Texts("", "")


def entries(joined: str) -> list[str]:
    """Return the entries of a list that is stored as one text, joined by line feeds.

    Not `splitlines`: an entry may contain other line separators of Unicode.
    """
    return joined.split("\n") if joined else []
