"""Rows of the search index, from words to package names.

The rows are hints: they are written before the first release, and readers verify them.

- `WORDS`: the words of origins and names. One Query finds the names of all words that begin with a term.
- `ENDINGS`: the endings of a name's words. One Query finds the names that contain a part of a word.

The partition key contains the first letter. A name has one set of rows for all its releases, which is deleted with the
last of them (`packages/hints.py`).
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from chalicelib.core.likeness import LONGEST_WORD
from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import words
from chalicelib.platform.table import Row, partition, rows

WORDS, ENDINGS = "WORDS", "ENDINGS"
INDEXED_LETTERS = LONGEST_WORD
"""Longer words are indexed by their beginning. Readers check the whole name anyway."""

ENDINGS_LIMIT = 40
SHORTEST_ENDING = 2
_SEPARATOR = "\x1f"


class SearchRow(Row):
    """A word or the ending of a word, and a name that contains it. Both are in the sort key."""


def hints_of(origin: str, name: str) -> list[SearchRow]:
    """Return the hints that lead to a name. They fit one batch of 25 rows unless the name is long."""
    package = PackageName(origin, name)
    hints = [_row(WORDS, text, package) for text in _indexed(package.tokens)]
    return hints + [_row(ENDINGS, text, package) for text in _indexed(_endings(name))]


def beginning_with(text: str, limit: int, page: int | None = None) -> Iterator[PackageName]:
    """Return up to `limit` names that have, or had, a word with this beginning, once for each of these words.

    Names that have the text itself as a word come first.
    """
    return _names(WORDS, text[:INDEXED_LETTERS], limit, page)


def having_word(word: str, limit: int, page: int | None = None) -> Iterator[PackageName]:
    """Return up to `limit` names that have, or had, this word; of a long word, also names that share its beginning."""
    end = _SEPARATOR if len(word) <= INDEXED_LETTERS else ""
    return _names(WORDS, word[:INDEXED_LETTERS] + end, limit, page)


def containing(text: str, limit: int) -> Iterator[PackageName]:
    """Return up to `limit` names that have, or had, this text in a word, after its first letter."""
    return _names(ENDINGS, text[:INDEXED_LETTERS], limit, None)


def _row(kind: str, text: str, package: PackageName) -> SearchRow:
    return SearchRow(partition(kind, text[0]), f"{text}{_SEPARATOR}{package.origin}/{package.name}")


def _indexed(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text[:INDEXED_LETTERS] for text in texts))


def _endings(name: str) -> list[str]:
    endings = (word[start:] for word in words(name) for start in range(1, len(word) - SHORTEST_ENDING + 1))
    return list(islice(endings, ENDINGS_LIMIT))


def _names(kind: str, prefix: str, limit: int, page: int | None) -> Iterator[PackageName]:
    for row in rows(SearchRow, partition(kind, prefix[0]), begins=prefix, limit=limit, page=page):
        origin, _, name = row.sk.rpartition(_SEPARATOR)[2].partition("/")
        yield PackageName(origin, name)
