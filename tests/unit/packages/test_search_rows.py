"""The hints that lead from words to package names (packages.md section 6)."""

from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib.core.likeness import clues, likeness
from chalicelib.core.package_name import PackageName
from chalicelib.core.search_terms import Terms
from chalicelib.packages.search.rows import ENDINGS, WORDS, hints_of
from chalicelib.platform.table import SORT_KEY_BYTES, partition

ORIGINS = st.from_regex(r"[a-c0-1][a-c0-1_-]{0,20}", fullmatch=True)
NAMES = st.from_regex(r"[a-cA-C0-1_-]{1,30}", fullmatch=True)
PACKAGES = st.builds(PackageName, ORIGINS, NAMES)


def leads_to(package: PackageName, kind: str, begins: str) -> bool:
    """Return whether a read of the rows with a beginning finds a name."""
    return any(
        row.pk == partition(kind, begins[0]) and row.sk.startswith(begins)
        for row in hints_of(package.origin, package.name)
    )


@given(PACKAGES)
@example(PackageName("o" * 255, "ab" * 160))
@example(PackageName("o", "a" * 500))
def test_the_hints_of_a_name_are_distinct_and_fit_the_table(package: PackageName) -> None:
    keys = [(row.pk, row.sk) for row in hints_of(package.origin, package.name)]

    assert len(keys) == len(set(keys))
    assert all(len(sk.encode()) <= SORT_KEY_BYTES for _, sk in keys)


@given(PACKAGES, st.integers(1, 30))
def test_a_term_leads_to_every_name_that_matches_it(package: PackageName, length: int) -> None:
    for token in package.tokens:
        term = Terms.parse(token[:length])
        assert term.match(package.tokens)
        assert leads_to(package, WORDS, term.words[-1])


@given(st.from_regex(r"[a-c]{2,9}", fullmatch=True), NAMES)
def test_the_clues_of_a_term_lead_to_every_name_that_is_like_it(word: str, name: str) -> None:
    package = PackageName("o", name)
    if likeness(word, package.tokens) is not None and likeness(word, ["o"]) is None:
        expected = clues(word)
        assert any(leads_to(package, WORDS, text) for text in expected.beginnings) or any(
            leads_to(package, ENDINGS, text) for text in expected.inner
        )


def test_the_hints_of_a_usual_name_fit_one_batch() -> None:
    for name in ("bash", "ncurses", "postgresql-client", "big-red-tool", "python-setuptools"):
        assert len(hints_of("core", name)) <= 25
