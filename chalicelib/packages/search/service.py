"""Search for packages by the words of origin and name (packages.md section 6).

Matches are in the contract's order. If no visible name matches, the result is a few visible names that resemble the
terms, best match first. Invisible names have no effect on it: the caller could otherwise find out whether one exists.

The work of a search is bounded by the constants below, whatever the query and the names are.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

from msgspec import Struct

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.likeness import LONGEST_WORD, clues, likeness
from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import Terms
from chalicelib.core.standing import Standing
from chalicelib.identity.access import VisibleOrigins
from chalicelib.packages.search import rows as search_rows
from chalicelib.platform.table import BATCH_GET_LIMIT, read_many, rows

PAGE = 300
"""The number of hints that are read at a time for each term, until the rarest term has no more."""

HINTS = 10_000
"""The number of hints that are read for one term."""

TERMS_READ = 3
"""The number of terms whose hints are read: the last one and the longest others. The rest is only compared."""

NAMES = 5_000
"""The number of matching names whose counts are read. Further matches are neither listed nor counted."""

IDENTS = 10_000
"""The number of ident rows that are read for a page."""

GUESSED_TERMS = 5
"""The number of terms up to which similar names are looked for."""

CLUE_LIMIT = 300
"""The number of hints that are read for one clue."""

COMPARISONS = 50_000
"""The number of tokens with which the terms are compared to find similar names."""

GUESSES = 50
"""The number of similar names in a result."""

GUESSES_READ = 500
"""The number of similar names that are read to find visible ones."""


UNKNOWN = [PackageName("", "")]
"""Is read if nothing is found, so that the number of calls does not show whether only invisible names were found."""


class Match(Struct, frozen=True):
    """A name and the number of its packages that the caller may see. `hidden` is the number of the others."""

    package: PackageName
    packages: int
    hidden: int
    member: bool


def names(terms: Terms, offset: int, size: int | None, visible: VisibleOrigins) -> tuple[list[PackageName], int]:
    """Return a page of matching names, by name and then origin, and the total."""
    matches = _matches(terms, visible, lambda match: (match.package.name, match.package.origin))
    return [match.package for match in _slice(matches, offset, size)], len(matches)


def packages(terms: Terms, offset: int, size: int | None, visible: VisibleOrigins) -> tuple[list[PackageIdent], int]:
    """Return a page of the idents of matching names, in text order and once per target, and the total.

    The total comes from the counts of the names. Idents are read only for the names on the page.
    """
    matches = _matches(terms, visible, lambda match: f"{match.package.origin}/{match.package.name}/")
    total = sum(match.packages for match in matches)
    skipped = 0
    for number, match in enumerate(matches):
        if skipped + match.packages > offset:
            first = offset - skipped
            end = None if size is None else first + size
            on_page = matches[number : None if size is None else number + size]  # each has at least one package
            return list(islice(_idents(on_page, end), first, end)), total
        skipped += match.packages
    return [], total


def _matches(terms: Terms, visible: VisibleOrigins, order: Callable[[Match], Any]) -> list[Match]:
    if not terms.can_match:
        return []
    exact = list(islice((package for package in _candidates(terms) if terms.match(package.tokens)), NAMES))
    matches = _visible(exact or UNKNOWN, visible)
    if matches:
        return sorted(matches, key=order)
    return _best_visible(_alike(terms) or UNKNOWN, visible)


def _candidates(terms: Terms) -> list[PackageName]:
    """Return the candidates for the rarest term. Callers check the other terms."""
    *inner, last = terms.words
    if not inner:
        return _unique(search_rows.beginning_with(last, HINTS))
    longest = sorted(inner, key=len, reverse=True)[: TERMS_READ - 1]
    sources = [search_rows.beginning_with(last, HINTS, page=PAGE)]
    sources += [search_rows.having_word(word, HINTS, page=PAGE) for word in longest]
    return _unique(_shortest(sources))


def _shortest(sources: list[Iterator[PackageName]]) -> list[PackageName]:
    """Return the names of the source that ends first. All sources are read in turn, page by page, until one ends."""
    names_read: list[list[PackageName]] = [[] for _ in sources]
    while True:
        for packages, source in zip(names_read, sources, strict=True):
            page = list(islice(source, PAGE))
            packages.extend(page)
            if len(page) < PAGE:
                return packages


def _alike(terms: Terms) -> list[PackageName]:
    """Return the names that resemble all terms, best match first. The clues of the longest term find them."""
    if len(terms.words) > GUESSED_TERMS or any(len(word) > LONGEST_WORD for word in terms.words):
        return []
    leading = clues(max(terms.words, key=len))
    candidates = [name for text in leading.beginnings for name in search_rows.beginning_with(text, CLUE_LIMIT)]
    candidates += [name for text in leading.inner for name in search_rows.containing(text, CLUE_LIMIT)]
    ranked: list[tuple[Any, PackageName]] = []
    compared = 0
    for package in _unique(candidates):
        tokens = package.tokens
        compared += len(tokens) * sum(1 + word.count("-") for word in terms.words)
        if compared > COMPARISONS:
            break
        kinds = [likeness(word, tokens) for word in terms.words]
        if None not in kinds:
            worst_first = sorted((kind for kind in kinds if kind is not None), reverse=True)
            ranked.append(((worst_first, len(package.name), package.name, package.origin), package))
    return [package for _, package in sorted(ranked)]


def _best_visible(ranked: list[PackageName], visible: VisibleOrigins) -> list[Match]:
    matches: list[Match] = []
    for start in range(0, min(len(ranked), GUESSES_READ), BATCH_GET_LIMIT):
        matches += _visible(ranked[start : start + BATCH_GET_LIMIT], visible)
        if len(matches) >= GUESSES:
            break
    return matches[:GUESSES]


def _unique(packages: Iterable[PackageName]) -> list[PackageName]:
    return list(dict.fromkeys(packages))


def _visible(packages: list[PackageName], visible: VisibleOrigins) -> list[Match]:
    """Return the names with packages that the caller may see. A hint may lead to a name without any."""
    keys = [package_rows.name_key(package.origin, package.name) for package in packages]
    found = read_many(keys)
    matches: list[Match] = []
    for package, key in zip(packages, keys, strict=True):
        counts = found.get(key)
        if counts is not None:
            member = visible.reaches(package.origin)
            shown = int(counts.packages if member else counts.public_packages)
            matches.append(Match(package, shown, int(counts.packages) - shown, member))
    return [match for match in matches if match.packages]


def _idents(matches: list[Match], needed: int | None) -> Iterator[PackageIdent]:
    """Yield the visible idents of names, once per target. `needed` is the number of idents that the caller will use."""
    found = ((match, row) for match in matches for row in _ident_rows(match, needed))
    for match, row in islice(found, IDENTS):
        ident = PackageIdent(match.package.origin, *row.parts)
        for _ in Standing.parse(row.standing).visible_to(match.member):
            yield ident


def _ident_rows(match: Match, needed: int | None) -> Iterator[IdentRow]:
    page = None if match.hidden else needed  # hidden idents may come first, so pages would be many
    return rows(
        IdentRow, package_rows.idents_partition(match.package.origin), begins=f"{match.package.name}/", page=page
    )


def _slice(values: list[Match], offset: int, size: int | None) -> list[Match]:
    return values[offset : None if size is None else offset + size]
