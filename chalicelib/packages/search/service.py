"""Searching for packages by the words of origin and name (packages.md section 6).

What matches comes in the contract's order. Only where nothing matches that the caller may see, names come that are like
what was asked for, the best first, one page of them at most.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.likeness import clues, likeness
from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import Terms
from chalicelib.core.standing import Standing
from chalicelib.identity.access import VisibleOrigins
from chalicelib.packages.search import rows as search_index
from chalicelib.platform.table import BATCH_GET_LIMIT, read_many, rows

PAGE = 300
"""Names that are read of each term in turn, until the rarest has no more."""

CLUE_LIMIT = 300
"""Names that one clue brings at most."""

ALIKE_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A name of which the caller sees so many packages."""

    place: PackageName
    packages: int
    member: bool


def names(terms: Terms, offset: int, size: int | None, sight: VisibleOrigins) -> tuple[list[PackageName], int]:
    """A page of names by name, then origin, and how many there are in all."""
    hits = _hits(terms, sight, lambda hit: (hit.place.name, hit.place.origin))
    return [hit.place for hit in _slice(hits, offset, size)], len(hits)


def packages(terms: Terms, offset: int, size: int | None, sight: VisibleOrigins) -> tuple[list[PackageIdent], int]:
    """A page of idents in text order, each once per target, and how many there are in all.

    Names know how many packages they have, so only names on the page are opened.
    """
    hits = _hits(terms, sight, lambda hit: f"{hit.place.origin}/{hit.place.name}/")
    total = sum(hit.packages for hit in hits)
    passed = 0
    for number, hit in enumerate(hits):
        if passed + hit.packages > offset:
            found = (ident for each in hits[number:] for ident in _idents(each))
            return list(_slice(found, offset - passed, size)), total
        passed += hit.packages
    return [], total


def _hits(terms: Terms, sight: VisibleOrigins, order: Callable[[Hit], Any]) -> list[Hit]:
    if not terms.words:
        return []
    exact = [place for place in _candidates(terms) if terms.match(place.tokens)]
    if exact:  # a name that was spelled right but is hidden or gone is not to be guessed at
        return sorted(_visible(exact, sight), key=order)
    return _best(_alike(terms), sight)


def _candidates(terms: Terms) -> list[PackageName]:
    """The names of the term that has the fewest; whether they have the other terms as well, their own words tell."""
    *inner, last = terms.words
    if not inner:
        return _each_once(search_index.beginning_with(last))
    lists = [search_index.beginning_with(last, page=PAGE)]
    lists += [search_index.having_word(word, page=PAGE) for word in inner]
    return _each_once(_first_to_end(lists))


def _first_to_end(lists: list[Iterator[PackageName]]) -> list[PackageName]:
    """The list that ends first when all are read page by page in turn; the others are not read any further."""
    taken: list[list[PackageName]] = [[] for _ in lists]
    while True:
        for places, source in zip(taken, lists, strict=True):
            page = list(islice(source, PAGE))
            places.extend(page)
            if len(page) < PAGE:
                return places


def _alike(terms: Terms) -> list[PackageName]:
    """Names that are like all terms, best first; the longest term leads to them."""
    leading = clues(max(terms.words, key=len))
    found = [place for text in leading.beginnings for place in search_index.beginning_with(text, CLUE_LIMIT)]
    found += [place for text in leading.inner for place in search_index.containing(text, CLUE_LIMIT)]
    ranked: list[tuple[Any, PackageName]] = []
    for place in _each_once(found):
        tokens = place.tokens
        alike = [likeness(word, tokens) for word in terms.words]
        if None not in alike:
            rank = sorted((kind for kind in alike if kind is not None), reverse=True)
            ranked.append(((rank, len(place.name), place.name, place.origin), place))
    return [place for _, place in sorted(ranked)]


def _best(ranked: list[PackageName], sight: VisibleOrigins) -> list[Hit]:
    """The first of them that the caller may see, a page of names at most."""
    hits: list[Hit] = []
    for start in range(0, len(ranked), BATCH_GET_LIMIT):
        hits += _visible(ranked[start : start + BATCH_GET_LIMIT], sight)
        if len(hits) >= ALIKE_SHOWN:
            break
    return hits[:ALIKE_SHOWN]


def _each_once(places: Iterable[PackageName]) -> list[PackageName]:
    return list(dict.fromkeys(places))


def _visible(places: list[PackageName], sight: VisibleOrigins) -> list[Hit]:
    """Those of which the caller sees something now; hints may be older than what they led to."""
    keys = [package_rows.name_key(place.origin, place.name) for place in places]
    counts = read_many(keys)
    hits: list[Hit] = []
    for place, key in zip(places, keys, strict=True):
        row = counts.get(key)
        if row is not None:
            member = sight.reaches(place.origin)
            hits.append(Hit(place, int(row.packages if member else row.public_packages), member))
    return [hit for hit in hits if hit.packages]


def _idents(hit: Hit) -> Iterator[PackageIdent]:
    for row in rows(IdentRow, package_rows.idents_partition(hit.place.origin), begins=f"{hit.place.name}/"):
        ident = PackageIdent(hit.place.origin, *row.place)
        for _ in Standing.parse(row.standing).seen_by(hit.member):
            yield ident


def _slice(found: Iterable[Any], offset: int, size: int | None) -> Iterator[Any]:
    return islice(found, offset, None if size is None else offset + size)
