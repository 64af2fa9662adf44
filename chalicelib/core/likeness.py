"""Fuzzy matching of query words and package names: parts, a missing `lib`, substrings and single typos.

An addition to the contract, for queries that match nothing by its rules (packages.md section 6).
"""

from collections.abc import Callable, Sequence
from enum import IntEnum

from msgspec import Struct

SHORTEST_SUBSTRING = 3
SHORTEST_TYPO = 4
LONGEST_WORD = 64
"""Longer words resemble no name. Search indexes as many letters of a word."""

LIB = "lib"
_SHORTEST_AFTER_LIB = 2


class Likeness(IntEnum):
    """The rule by which a word matches a name, best first."""

    SAME = 0
    BEGINS = 1
    PARTS = 2
    LIB = 3
    CONTAINS = 4
    TYPO = 5
    TYPO_AT_START = 6


class Clues(Struct, frozen=True):
    """Texts to look up in the search index for the names that may match a word.

    Each of these names has one of the texts at the beginning of a token (`beginnings`) or inside it (`inner`).
    """

    beginnings: tuple[str, ...]
    inner: tuple[str, ...]


def likeness(word: str, tokens: Sequence[str]) -> Likeness | None:
    """Return the best rule by which a query word of at most LONGEST_WORD letters matches these tokens, or None."""
    rules: tuple[tuple[Likeness, Callable[[], bool]], ...] = (
        (Likeness.SAME, lambda: word in tokens),
        (Likeness.BEGINS, lambda: _begins(word, tokens)),
        (Likeness.PARTS, lambda: "-" in word and all(_begins(part, tokens) for part in word.split("-"))),
        (Likeness.LIB, lambda: any(_begins(other, tokens) for other in _with_or_without_lib(word))),
        (Likeness.CONTAINS, lambda: len(word) >= SHORTEST_SUBSTRING and any(word in token for token in tokens)),
        (Likeness.TYPO, lambda: _may_be_a_typo(word) and any(is_one_typo(word, token) for token in tokens)),
        (Likeness.TYPO_AT_START, lambda: _may_be_a_typo(word) and any(_begins_with_typo(word, t) for t in tokens)),
    )
    return next((kind for kind, matches in rules if matches()), None)


def clues(word: str) -> Clues:
    """Return the texts to look up in the search index for the names that may match a word.

    A single typo changes only one half of the word, so the other half finds the name. Two letters swapped across the
    middle change both halves, so the first half is also tried with that swap undone.
    """
    beginnings = [word, *_with_or_without_lib(word)]
    inner = [word] if len(word) >= SHORTEST_SUBSTRING else []
    if "-" in word:
        beginnings.append(max(word.split("-"), key=len))
    if _may_be_a_typo(word):
        middle = len(word) // 2
        beginnings += [word[:middle], word[: middle - 1] + word[middle] + word[middle - 1]]
        inner.append(word[middle:])
    return Clues(tuple(dict.fromkeys(beginnings)), tuple(dict.fromkeys(inner)))


def is_one_typo(word: str, other: str) -> bool:
    """Return whether two words differ by one wrong, missing or extra letter, or by two swapped neighbours.

    Compares each letter once and the rest of the words at most four times.
    """
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    at = _equal_letters(word, other)
    rest, other_rest = word[at:], other[at:]
    return (
        rest[1:] == other_rest[1:]
        or rest == other_rest[1:]
        or rest[1:] == other_rest
        or (rest[2:] == other_rest[2:] and rest[:2] == other_rest[1::-1])
    )


def _equal_letters(word: str, other: str) -> int:
    """Return the number of letters at the beginning in which two words agree."""
    for at, (one, two) in enumerate(zip(word, other, strict=False)):
        if one != two:
            return at
    return min(len(word), len(other))


def _begins(word: str, tokens: Sequence[str]) -> bool:
    return any(token.startswith(word) for token in tokens)


def _with_or_without_lib(word: str) -> list[str]:
    without = word.removeprefix(LIB)
    return [LIB + word, without] if without != word and len(without) >= _SHORTEST_AFTER_LIB else [LIB + word]


def _may_be_a_typo(word: str) -> bool:
    return len(word) >= SHORTEST_TYPO


def _begins_with_typo(word: str, token: str) -> bool:
    return any(is_one_typo(word, token[:length]) for length in (len(word) - 1, len(word), len(word) + 1))
