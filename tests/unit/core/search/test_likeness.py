"""Fuzzy matching of query words and the words of package names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.search.likeness import Likeness, piece_before, typo, typo_clues, with_or_without_lib
from tests.builders.cost import growth

WORDS = st.text("abc", min_size=1, max_size=9)


@given(WORDS, WORDS)
def test_one_typo_is_an_edit_distance_of_one(word: str, token: str) -> None:
    if word != token:
        assert (typo(word, token) is Likeness.TYPO) is (_distance(word, token) == 1)


@given(WORDS, WORDS)
def test_a_token_may_begin_with_a_typo(word: str, token: str) -> None:
    begins = any(_distance(word, token[:length]) == 1 for length in range(len(token) + 1))
    if not token.startswith(word) and typo(word, token) is not Likeness.TYPO:
        assert (typo(word, token) is Likeness.TYPO_AT_START) is begins


def test_the_cost_of_a_typo_grows_with_the_letters_not_with_their_square() -> None:
    def compare(letters: int) -> bool:
        similar, other = "a" * (letters - 1) + "b", "ab" * letters
        return typo("a" * letters, similar) is Likeness.TYPO and typo("a" * letters, other) is None

    assert growth(compare, 2_000, 40_000) < 100


@given(st.text("abcdef", min_size=4, max_size=9), st.data())
def test_clues_find_a_name_from_every_typo(name: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(name) - 1))
    left, letter, right = name[:at], name[at], name[at + 1 :]
    swapped = left + right[:1] + letter + right[1:]
    word = data.draw(st.sampled_from([swapped, f"{left}x{right}", f"{left}x{letter}{right}", left + right]))
    if len(word) < 4:
        assert typo_clues(word) is None
        return
    beginnings, inner = typo_clues(word) or ((), "")
    assert all(beginnings)
    assert inner
    assert name.startswith(beginnings) or inner in name


@pytest.mark.parametrize(
    ("word", "token", "before"),
    [
        ("grep", "ripgrep", "rip"),
        ("png", "libpng", "lib"),
        ("xml", "libxml2", "lib"),
        ("xml2", "libxml2", "lib"),
        ("png-dev", "libpng-dev", "lib"),
        ("tool", "mytool", None),
        ("grep", "egrep", None),
        ("sl", "openssl", None),
        ("png", "libpng-dev", None),
        ("tool", "big-tool", None),
        ("crush", "pngcrushed", None),
        ("grep", "grep", None),
    ],
)
def test_a_compound_ends_with_the_word_and_has_two_long_pieces(word: str, token: str, before: str | None) -> None:
    assert piece_before(word, token) == before


@pytest.mark.parametrize(
    ("word", "others"), [("curl", ["libcurl"]), ("libcurl", ["liblibcurl", "curl"]), ("libx", ["liblibx"])]
)
def test_lib_is_added_and_removed(word: str, others: list[str]) -> None:
    assert with_or_without_lib(word) == others


def _distance(one: str, other: str) -> int:
    """Return the number of edits and swaps of neighbours, by dynamic programming."""
    rows = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]
