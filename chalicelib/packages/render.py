"""Alias of `shapes` for callers that still import it from here."""

from chalicelib.catalog.package_rows import PackageRow, Texts
from chalicelib.packages import shapes


def package(row: PackageRow, texts: Texts, with_size: bool = False) -> shapes.Package:
    """Return a package as channel endpoints show it; `with_size` is always False."""
    return shapes.channel_package(row, texts)
