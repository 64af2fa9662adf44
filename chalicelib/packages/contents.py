"""The parsed contents of an uploaded archive (packages.md sections 2 and 4.1)."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.json import encode

from chalicelib.catalog.package_rows import Texts
from chalicelib.core import hart
from chalicelib.core.hart import HartArchive
from chalicelib.core.target import Target

LISTS: dict[str, Callable[[HartArchive], tuple[object, ...]]] = {
    "deps": hart.deps,
    "tdeps": hart.tdeps,
    "build_deps": hart.build_deps,
    "build_tdeps": hart.build_tdeps,
    "exposes": hart.exposes,
}
SERVICE_MARKS = ("pkg_exposes", "pkg_binds", "pkg_exports")
"""A package is a service if its manifest contains one of these words."""


class Contents(Struct, frozen=True):
    """An archive and the parsed values of its metafiles."""

    archive: HartArchive
    target: Target
    package_type: str
    texts: Texts

    @property
    def is_a_service(self) -> bool:
        """True if the manifest contains one of SERVICE_MARKS."""
        return any(mark in self.texts.manifest for mark in SERVICE_MARKS)

    def as_json(self) -> bytes:
        """Return the parts of the package's answers that can be long. Raises HartRefused (upload check 13)."""
        return encode([self.texts.manifest, self.texts.config, *(entries(self.archive) for entries in LISTS.values())])

    @property
    def lists(self) -> dict[str, Any]:
        """Dependencies and ports by name, each list joined by line feeds. Raises HartRefused (upload check 13)."""
        return {name: "\n".join(map(str, read_list(self.archive))) for name, read_list in LISTS.items()}
