"""Fuzzy matching of query words and the words of package names: a missing `lib`, substrings and single typos.

An addition to the contract (packages.md section 6). `name_guesses.py` applies the rules to a table of names.
"""

from enum import IntEnum

SHORTEST_SUBSTRING = 3
SHORTEST_TYPO = 4
SHORTEST_PIECE = 3
"""Each piece of a compound has so many letters, so `ripgrep` is one of `grep`, and `mytool` is not one of `tool`."""

LONGEST_WORD = 64
"""Longer words resemble no name."""

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


def with_or_without_lib(word: str) -> list[str]:
    """Return a word with `lib` before it, and if it begins with `lib`, without it."""
    without = word.removeprefix(LIB)
    return [LIB + word, without] if without != word and len(without) >= _SHORTEST_AFTER_LIB else [LIB + word]


def piece_before(word: str, token: str) -> str | None:
    """Return what precedes a word in a compound that ends with it, or None if the token is not such a compound.

    Digits may follow the word: `libxml2` is a compound of `xml`. Both pieces have SHORTEST_PIECE letters or more.
    """
    before, found, after = token.rpartition(word)
    is_compound = found and "-" not in before and min(len(before), len(word)) >= SHORTEST_PIECE
    return before if is_compound and (not after or after.isdecimal()) else None


def typo(word: str, token: str) -> Likeness | None:
    """Return TYPO if two different words differ by a typo, TYPO_AT_START if the token begins with such a text, or None.

    A typo is one wrong, missing or extra letter, or two swapped neighbours. Compares each letter a few times at most.
    """
    at = _equal_letters(word, token)
    rest, other = word[at:], token[at:]
    swapped = rest[1::-1] + rest[2:]
    if other[1:] in (rest[1:], rest) or other == rest[1:] or (len(rest) > 1 and other == swapped):
        return Likeness.TYPO
    at_start = other.startswith((rest[1:], swapped)) or other[1:].startswith((rest[1:], rest))
    return Likeness.TYPO_AT_START if at_start else None


def typo_clues(word: str) -> tuple[tuple[str, ...], str] | None:
    """Return texts with which the tokens begin that may differ from a word by a typo, and one that others contain.

    A single typo changes only one half of the word, so the other half finds the token. Two letters swapped across the
    middle change both halves, so the first half is also tried with that swap undone. None for short words.
    """
    if len(word) < SHORTEST_TYPO:
        return None
    middle = len(word) // 2
    return (word[:middle], word[: middle - 1] + word[middle] + word[middle - 1]), word[middle:]


def _equal_letters(word: str, other: str) -> int:
    """Return the number of letters at the beginning in which two words agree."""
    for at, (one, two) in enumerate(zip(word, other, strict=False)):
        if one != two:
            return at
    return min(len(word), len(other))
