"""Fuzzy matching of query words and package names."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.likeness import Clues, Likeness, clues, is_one_typo, likeness
from chalicelib.core.search_terms import tokens
from tests.builders.cost import growth

WORDS = st.text("abc", min_size=1, max_size=9)
NAMES = st.from_regex(r"[abl]{1,6}(-[abi]{1,4}){0,2}", fullmatch=True)


@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        ("curl", "curl", Likeness.SAME),
        ("cur", "curl", Likeness.BEGINS),
        ("tool-big", "big-red-tool", Likeness.PARTS),
        ("curl", "libcurl", Likeness.LIB),
        ("libncurses", "ncurses-static", Likeness.LIB),
        ("url", "curl", Likeness.CONTAINS),
        ("red-tool", "big-red-tool", Likeness.PARTS),
        ("ed-to", "big-red-tool", Likeness.CONTAINS),
        ("bahs", "bash", Likeness.TYPO),
        ("ngnix", "nginx", Likeness.TYPO),
        ("opensll", "openssl", Likeness.TYPO),
        ("postgersql", "postgresql", Likeness.TYPO),
        ("postgres0", "postgresql", Likeness.TYPO_AT_START),
        ("rl", "curl", None),
        ("crl", "curl", None),
        ("cc", "gcc", None),
        ("bahs", "brush", None),
        ("libx", "xz", None),
    ],
)
def test_the_best_rule_that_matches(word: str, name: str, expected: Likeness | None) -> None:
    assert likeness(word, tokens(name)) is expected


@given(WORDS, WORDS)
def test_one_typo_is_an_edit_distance_of_one(one: str, other: str) -> None:
    assert is_one_typo(one, other) is (_distance(one, other) == 1)


def test_the_cost_of_a_typo_grows_with_the_letters_not_with_their_square() -> None:
    def compare(letters: int) -> bool:
        return is_one_typo("a" * letters, "a" * (letters - 1) + "b") and not is_one_typo("a" * letters, "ab" * letters)

    assert growth(compare, 2_000, 40_000) < 100


@given(st.from_regex(r"[abl]{1,7}(-[abi]{1,4})?", fullmatch=True), NAMES)
def test_clues_find_every_name_that_matches(word: str, name: str) -> None:
    if likeness(word, tokens(name)) is not None:
        assert _finds(clues(word), tokens(name))


@given(st.text("abcdef", min_size=4, max_size=9), st.data())
def test_clues_find_a_name_from_every_typo(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    left, letter, right = name[:at], name[at], name[at + 1 :]
    swapped = left + right[:1] + letter + right[1:]
    word = data.draw(st.sampled_from([swapped, f"{left}x{right}", f"{left}x{letter}{right}", left + right]))
    if len(word) >= 4:
        assert _finds(clues(word), [name])


@given(WORDS)
def test_clues_are_few_and_never_empty(word: str) -> None:
    texts = (*clues(word).beginnings, *clues(word).inner)

    assert all(texts)
    assert len(texts) <= 8


def _finds(looked_up: Clues, tokens: Sequence[str]) -> bool:
    """Return whether a name with these tokens is among those that the clues look up."""
    at_beginning = any(token.startswith(text) for token in tokens for text in looked_up.beginnings)
    return at_beginning or any(text in token[1:] for token in tokens for text in looked_up.inner)


def _distance(one: str, other: str) -> int:
    """Return the number of edits and swaps of neighbours, by dynamic programming."""
    rows = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]
