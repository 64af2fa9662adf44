"""What is meant by words that no name has: parts, a missing `lib`, pieces of names and single typos, best first.

Only for queries that find nothing by the contract's own rules (packages.md section 6), as an addition of ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum

SHORTEST_PIECE = 3
SHORTEST_TYPO = 4
LIB = "lib"
_SHORTEST_AFTER_LIB = 2


class Likeness(IntEnum):
    """How a word is like a name, best first."""

    SAME = 0
    BEGINS = 1
    PARTS = 2
    LIB = 3
    CONTAINS = 4
    TYPO = 5
    TYPO_AT_START = 6


@dataclass(frozen=True, slots=True)
class Clues:
    """Texts of which every name that is like a word has one: at the beginning of a token, or further inside."""

    beginnings: tuple[str, ...]
    inner: tuple[str, ...]


def likeness(word: str, tokens: Sequence[str]) -> Likeness | None:
    """How a word of a query is like a package with these tokens; None if it is not."""
    rules: tuple[tuple[Likeness, Callable[[], bool]], ...] = (
        (Likeness.SAME, lambda: word in tokens),
        (Likeness.BEGINS, lambda: _begins(word, tokens)),
        (Likeness.PARTS, lambda: "-" in word and all(_begins(part, tokens) for part in word.split("-"))),
        (Likeness.LIB, lambda: any(_begins(other, tokens) for other in _with_or_without_lib(word))),
        (Likeness.CONTAINS, lambda: len(word) >= SHORTEST_PIECE and any(word in token for token in tokens)),
        (Likeness.TYPO, lambda: _may_be_a_typo(word) and any(is_one_typo(word, token) for token in tokens)),
        (Likeness.TYPO_AT_START, lambda: _may_be_a_typo(word) and any(_begins_with_typo(word, t) for t in tokens)),
    )
    return next((kind for kind, holds in rules if holds()), None)


def clues(word: str) -> Clues:
    """Where to look for names that are like a word.

    One typo leaves the half of the word whole in which it is not. Two letters swapped across the middle spoil both,
    so that one is undone.
    """
    beginnings = [word, *_with_or_without_lib(word)]
    inner = [word] if len(word) >= SHORTEST_PIECE else []
    if "-" in word:
        beginnings.append(max(word.split("-"), key=len))
    if _may_be_a_typo(word):
        middle = len(word) // 2
        beginnings += [word[:middle], word[: middle - 1] + word[middle] + word[middle - 1]]
        inner.append(word[middle:])
    return Clues(tuple(dict.fromkeys(beginnings)), tuple(dict.fromkeys(inner)))


def is_one_typo(word: str, other: str) -> bool:
    """True if one letter is wrong, missing or too many, or two neighbours are swapped."""
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    if len(word) != len(other):
        longer, shorter = sorted((word, other), key=len, reverse=True)
        return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
    wrong = [place for place, (one, two) in enumerate(zip(word, other, strict=True)) if one != two]
    if len(wrong) == 1:
        return True
    first, last = wrong[0], wrong[-1]
    swapped = word[first] == other[last] and word[last] == other[first]
    return len(wrong) == 2 and last == first + 1 and swapped


def _begins(word: str, tokens: Sequence[str]) -> bool:
    return any(token.startswith(word) for token in tokens)


def _with_or_without_lib(word: str) -> list[str]:
    without = word.removeprefix(LIB)
    return [LIB + word, without] if without != word and len(without) >= _SHORTEST_AFTER_LIB else [LIB + word]


def _may_be_a_typo(word: str) -> bool:
    return len(word) >= SHORTEST_TYPO


def _begins_with_typo(word: str, token: str) -> bool:
    return any(is_one_typo(word, token[:length]) for length in (len(word) - 1, len(word), len(word) + 1))
