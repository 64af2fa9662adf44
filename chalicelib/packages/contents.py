"""The parsed contents of an uploaded archive (packages.md sections 2 and 4.1)."""

from msgspec import Struct
from msgspec.json import encode

from chalicelib.catalog.package_texts import PackageLists, Texts
from chalicelib.core.harts import hart
from chalicelib.core.harts.hart import HartArchive
from chalicelib.core.target import Target

IDENT_LISTS = (hart.deps, hart.tdeps, hart.build_deps, hart.build_tdeps)
"""In the order of the fields of `PackageLists`."""
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
        return encode(
            [
                self.texts.manifest,
                self.texts.config,
                *(entries(self.archive) for entries in (*IDENT_LISTS, hart.exposes)),
            ]
        )

    @property
    def lists(self) -> PackageLists:
        """Dependencies and ports. Raises HartRefused (upload check 13)."""
        deps, tdeps, build_deps, build_tdeps = (list(map(str, read_list(self.archive))) for read_list in IDENT_LISTS)
        return PackageLists(deps, tdeps, build_deps, build_tdeps, hart.exposes(self.archive))
