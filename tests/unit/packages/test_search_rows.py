"""The hints by which names are found: how many there are, and that none is twice or too long."""

from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.likeness import clues, likeness
from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import Terms
from chalicelib.packages.search.rows import ENDINGS, WORDS, hints_of
from chalicelib.platform.table import SORT_KEY_BYTES, partition

ORIGINS = st.from_regex(r"[a-c0-1][a-c0-1_-]{0,20}", fullmatch=True)
NAMES = st.from_regex(r"[a-cA-C0-1_-]{1,30}", fullmatch=True)
PLACES = st.builds(PackageName, ORIGINS, NAMES)


def found(place: PackageName, kind: str, begins: str) -> bool:
    return any(
        row.pk == partition(kind, begins[0]) and row.sk.startswith(begins) for row in hints_of(place.origin, place.name)
    )


@given(PLACES)
@example(PackageName("o" * 255, "ab" * 160))
@example(PackageName("o", "a" * 500))
def test_no_hint_is_twice_or_too_long(place: PackageName) -> None:
    keys = [(row.pk, row.sk) for row in hints_of(place.origin, place.name)]

    assert len(keys) == len(set(keys))
    assert all(len(sk.encode()) <= SORT_KEY_BYTES for _, sk in keys)


@given(PLACES, st.integers(1, 30))
def test_whatever_matches_a_term_is_found_by_it(place: PackageName, length: int) -> None:
    for token in place.tokens:
        term = Terms.parse(token[:length])
        assert term.match(place.tokens)
        assert found(place, WORDS, term.words[-1])


@given(st.from_regex(r"[a-c]{2,9}", fullmatch=True), NAMES)
def test_whatever_is_alike_is_found_by_a_clue(word: str, name: str) -> None:
    place = PackageName("o", name)
    if likeness(word, place.tokens) is not None and likeness(word, ["o"]) is None:
        looked_for = clues(word)
        assert any(found(place, WORDS, text) for text in looked_for.beginnings) or any(
            found(place, ENDINGS, text) for text in looked_for.inner
        )


def test_a_usual_name_takes_one_batch() -> None:
    for name in ("bash", "ncurses", "postgresql-client", "big-red-tool", "python-setuptools"):
        assert len(hints_of("core", name)) <= 25
