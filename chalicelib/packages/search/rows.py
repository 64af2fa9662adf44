"""Where names stand by their words: rows of hints, written before a name's first release and verified when read.

A word stands in text order below its first letter, so everything that begins with a term is one Query, however many
names there are. Every ending of a name's words stands in the same way, so what contains a piece begins an ending.
Rows are per name, not per release. A hint outlives the releases that caused it: removing one could lose the hint of a
release that is just being uploaded.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import words
from chalicelib.platform.table import Row, partition, rows

WORDS, ENDINGS = "WORDS", "ENDINGS"
INDEXED_LETTERS = 64
"""Longer words stand by their beginning; readers look at the whole name anyway."""

ENDINGS_LIMIT = 40
SHORTEST_ENDING = 2
_SEPARATOR = "\x1f"


class SearchRow(Row):
    """A word (or the ending of one) and a name that has it, both in the sort key."""


def hints_of(origin: str, name: str) -> list[SearchRow]:
    """What leads to a name, each once: one batch of 25 rows unless the name is long."""
    place = PackageName(origin, name)
    found = [_row(WORDS, text, place) for text in _indexed(place.tokens)]
    return found + [_row(ENDINGS, text, place) for text in _indexed(_endings(name))]


def beginning_with(text: str, limit: int | None = None, page: int | None = None) -> Iterator[PackageName]:
    """The names that have a word beginning like this, some perhaps more than once, and some that have it no longer."""
    return _places(WORDS, text[:INDEXED_LETTERS], limit, page)


def having_word(word: str, page: int | None = None) -> Iterator[PackageName]:
    """The names that have exactly this word."""
    end = _SEPARATOR if len(word) <= INDEXED_LETTERS else ""
    return _places(WORDS, word[:INDEXED_LETTERS] + end, None, page)


def containing(text: str, limit: int) -> Iterator[PackageName]:
    """The names in which this stands behind the first letter of a word."""
    return _places(ENDINGS, text[:INDEXED_LETTERS], limit, None)


def _row(kind: str, text: str, place: PackageName) -> SearchRow:
    return SearchRow(partition(kind, text[0]), f"{text}{_SEPARATOR}{place.origin}/{place.name}")


def _indexed(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text[:INDEXED_LETTERS] for text in texts))


def _endings(name: str) -> list[str]:
    every = (word[start:] for word in words(name) for start in range(1, len(word) - SHORTEST_ENDING + 1))
    return list(islice(every, ENDINGS_LIMIT))


def _places(kind: str, begins: str, limit: int | None, page: int | None) -> Iterator[PackageName]:
    for row in rows(SearchRow, partition(kind, begins[0]), begins=begins, limit=limit, page=page):
        origin, _, name = row.sk.rpartition(_SEPARATOR)[2].partition("/")
        yield PackageName(origin, name)
