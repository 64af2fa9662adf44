"""Search for packages by the words of origin and name (packages.md section 6).

The names come from an index in memory. Matches are in the contract's order. If no visible name matches, the result
is a few visible names that resemble the terms, best match first. Invisible names have no effect on it, nor on the calls
that a search makes: the caller could otherwise find out whether one exists.
"""

from collections import defaultdict
from collections.abc import Iterable

from chalicelib.core.ident import PackageIdent
from chalicelib.core.package_name import PackageName
from chalicelib.core.search.name_index import GUESSES, NameIndex
from chalicelib.core.search.name_table import Name, Reaches
from chalicelib.core.search.search_terms import Terms
from chalicelib.identity.access import VisibleOrigins
from chalicelib.packages.search import counts, idents

GUESSED_WITH_PACKAGES = 10
"""The number of similar names whose packages are listed. Each costs a Query."""


def names(
    index: NameIndex, terms: Terms, offset: int, size: int | None, visible: VisibleOrigins
) -> tuple[list[PackageName], int]:
    """Return a page of matching names, and the total: by name and then origin, then compounds that end with a term."""
    found = found_names(index, terms, visible.reaches)
    page = found[offset : None if size is None else offset + size]
    return [PackageName(origin, name) for name, origin in page], len(found)


def found_names(index: NameIndex, terms: Terms, reaches: Reaches) -> list[Name]:
    """Return the names that a search with `distinct` finds, in its order."""
    found = index.matches(terms, reaches)
    if not found:
        return index.guesses(terms, reaches)
    if len(found) >= GUESSES:
        return found
    known = set(found)
    return found + [name for name in index.compounds(terms, reaches) if name not in known]


def packages(
    index: NameIndex, terms: Terms, offset: int, size: int | None, visible: VisibleOrigins
) -> tuple[list[PackageIdent], int]:
    """Return a page of the idents of matching names, in text order and once per target, and the total.

    The total comes from the counts of the names, which are read for some of them only (`counts.py`). Idents are read
    only for the names on the page.
    """
    found = _by_ident(index.matches(terms, visible.reaches))
    if not found:
        found = index.guesses(terms, visible.reaches)[:GUESSED_WITH_PACKAGES]
    counted = counts.of(index, found, visible)
    total = sum(each.packages for each in counted)
    first, end = 0, len(counted)
    skipped = 0
    while first < end and skipped + counted[first].packages <= offset:
        skipped += counted[first].packages
        first += 1
    on_page = counted[first : None if size is None else first + size]  # each has at least one package
    start = offset - skipped
    return idents.of(index, on_page, start, None if size is None else start + size, visible), total


def _by_ident(found: list[Name]) -> list[Name]:
    by_origin: defaultdict[str, list[str]] = defaultdict(list)
    for name, origin in found:
        by_origin[origin].append(name)
    return [(name, origin) for origin in _sorted(by_origin) for name in _sorted(by_origin[origin])]


def _sorted(segments: Iterable[str]) -> list[str]:
    """Return parts of idents in the order of the idents, in which a slash follows each part."""
    return sorted(segments, key=lambda segment: f"{segment}/")
