"""Rows that lead from words to package names. They are hints: written before the first release, verified by readers.

- `WORDS`: the words of origins and names. The names of all words that begin with a term are one Query.
- `ENDINGS`: the endings of a name's words. The names that contain a piece of a word are one Query in the same way.

The first letter is in the partition key. There is a set of rows per name, not per release. Hints are never deleted,
because that could delete the hint of a release that is being uploaded at the same moment.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import words
from chalicelib.platform.table import Row, partition, rows

WORDS, ENDINGS = "WORDS", "ENDINGS"
INDEXED_LETTERS = 64
"""Longer words are indexed by their beginning. Readers check the whole name anyway."""

ENDINGS_LIMIT = 40
SHORTEST_ENDING = 2
_SEPARATOR = "\x1f"


class SearchRow(Row):
    """A word, or the ending of one, and a name that has it. Both are in the sort key."""


def hints_of(origin: str, name: str) -> list[SearchRow]:
    """Return the hints that lead to a name. They fit one batch of 25 rows unless the name is long."""
    package = PackageName(origin, name)
    hints = [_row(WORDS, text, package) for text in _indexed(package.tokens)]
    return hints + [_row(ENDINGS, text, package) for text in _indexed(_endings(name))]


def beginning_with(text: str, limit: int | None = None, page: int | None = None) -> Iterator[PackageName]:
    """The names that have, or had, a word with this beginning. A name appears once for each such word."""
    return _names(WORDS, text[:INDEXED_LETTERS], limit, page)


def having_word(word: str, page: int | None = None) -> Iterator[PackageName]:
    """The names that have, or had, exactly this word. A long word also gives names that only share its beginning."""
    end = _SEPARATOR if len(word) <= INDEXED_LETTERS else ""
    return _names(WORDS, word[:INDEXED_LETTERS] + end, None, page)


def containing(text: str, limit: int) -> Iterator[PackageName]:
    """The names that have, or had, this text in a word, after its first letter."""
    return _names(ENDINGS, text[:INDEXED_LETTERS], limit, None)


def _row(kind: str, text: str, package: PackageName) -> SearchRow:
    return SearchRow(partition(kind, text[0]), f"{text}{_SEPARATOR}{package.origin}/{package.name}")


def _indexed(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text[:INDEXED_LETTERS] for text in texts))


def _endings(name: str) -> list[str]:
    endings = (word[start:] for word in words(name) for start in range(1, len(word) - SHORTEST_ENDING + 1))
    return list(islice(endings, ENDINGS_LIMIT))


def _names(kind: str, begins: str, limit: int | None, page: int | None) -> Iterator[PackageName]:
    for row in rows(SearchRow, partition(kind, begins[0]), begins=begins, limit=limit, page=page):
        origin, _, name = row.sk.rpartition(_SEPARATOR)[2].partition("/")
        yield PackageName(origin, name)
