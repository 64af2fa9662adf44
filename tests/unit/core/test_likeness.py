"""What is meant by words that no name has."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.likeness import Likeness, clues, is_one_typo, likeness
from chalicelib.core.search_terms import tokens

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
def test_the_best_rule_counts(word: str, name: str, expected: Likeness | None) -> None:
    assert likeness(word, tokens(name)) is expected


@given(WORDS, WORDS)
def test_one_typo_is_a_distance_of_one(one: str, other: str) -> None:
    assert is_one_typo(one, other) is (_distance(one, other) == 1)


@given(st.from_regex(r"[abl]{1,7}(-[abi]{1,4})?", fullmatch=True), NAMES)
def test_clues_lead_to_all_that_is_alike(word: str, name: str) -> None:
    found = tokens(name)
    if likeness(word, found) is not None:
        looked_for = clues(word)
        assert any(token.startswith(text) for token in found for text in looked_for.beginnings) or any(
            text in token[1:] for token in found for text in looked_for.inner
        )


@given(st.text("abcdef", min_size=4, max_size=9), st.data())
def test_clues_lead_back_from_every_typo(name: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name) - 1))
    left, letter, right = name[:place], name[place], name[place + 1 :]
    swapped = left + right[:1] + letter + right[1:]
    word = data.draw(st.sampled_from([swapped, f"{left}x{right}", f"{left}x{letter}{right}", left + right]))
    if len(word) >= 4:
        looked_for = clues(word)
        assert any(name.startswith(text) for text in looked_for.beginnings) or any(
            text in name[1:] for text in looked_for.inner
        )


@given(WORDS)
def test_clues_are_few_and_never_empty(word: str) -> None:
    looked_for = clues(word)

    assert all((*looked_for.beginnings, *looked_for.inner))
    assert len(looked_for.beginnings) + len(looked_for.inner) <= 8


def _distance(one: str, other: str) -> int:
    """The textbook's table: edits and swaps of neighbours."""
    rows = [[i + j if i * j == 0 else 0 for j in range(len(other) + 1)] for i in range(len(one) + 1)]
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (one[i - 1] != other[j - 1]))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]
