"""The index of names in memory: exact matches, guesses and compounds (packages.md section 6)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.search import name_guesses
from chalicelib.core.search.likeness import Likeness
from chalicelib.core.search.name_guesses import guesses
from chalicelib.core.search.name_index import FRESH, GUESSES, NameIndex
from chalicelib.core.search.name_table import Name, NameTable
from chalicelib.core.search.search_terms import Terms, tokens_of
from chalicelib.core.shown import Shown
from tests.builders.cost import function_calls

NAMES = st.from_regex(r"[abl]{1,5}([-_][abi]{1,4}){0,2}2?", fullmatch=True)
ORIGINS = st.sampled_from(["a", "core", "lab-a", "b"])
SHOWN = st.sampled_from(list(Shown))
SHOWN_NAMES = st.dictionaries(st.tuples(NAMES, ORIGINS), SHOWN, max_size=12)
QUERIES = st.lists(st.from_regex(r"[abl]{1,5}(-[abi]{1,3})?|core", fullmatch=True), min_size=1, max_size=3)


def everywhere(_: str) -> bool:
    return True


def nowhere(_: str) -> bool:
    return False


def public(*names: str, origin: str = "core") -> NameIndex:
    """An index of public names."""
    return NameIndex.of({(name, origin): Shown.EVERYONE for name in names})


def names(found: Iterable[Name]) -> list[str]:
    return [name for name, _ in found]


@given(SHOWN_NAMES, SHOWN_NAMES, QUERIES, ORIGINS)
def test_exact_matches_are_those_of_the_contract(
    stored: dict[Name, Shown], changes: dict[Name, Shown], query: list[str], own: str
) -> None:
    terms = Terms.parse("/".join(query))
    current = {**stored, **changes}
    *inner, last = terms.words

    found = NameIndex.of(stored).changed(changes).matches(terms, lambda origin: origin == own)

    assert found == sorted(
        (name, origin)
        for (name, origin), shown in current.items()
        if (shown is Shown.EVERYONE or (shown is Shown.MEMBERS and origin == own))
        and any(token.startswith(last) for token in tokens_of(origin, name))
        and set(inner) <= set(tokens_of(origin, name))
    )


def test_the_example_of_the_contract() -> None:
    index = public("tool", "tool2", "toolbox", "big-tool", "mytool")
    terms = Terms.parse("tool")

    assert names(index.matches(terms, nowhere)) == ["big-tool", "tool", "tool2", "toolbox"]
    assert "mytool" not in names(index.compounds(terms, nowhere))


@given(SHOWN_NAMES, st.lists(SHOWN_NAMES, max_size=4))
def test_an_index_that_changed_equals_one_that_was_built(
    stored: dict[Name, Shown], several: list[dict[Name, Shown]]
) -> None:
    index, current = NameIndex.of(stored), dict(stored)
    for changes in several:
        index = index.changed(changes)
        current.update(changes)
    built = NameIndex.of(current)

    for query in ("a", "lib", "core", "a/b", "lab-a"):
        terms = Terms.parse(query)
        for reaches in (everywhere, nowhere):
            assert index.matches(terms, reaches) == built.matches(terms, reaches)
            assert index.guesses(terms, reaches) == built.guesses(terms, reaches)
            assert index.compounds(terms, reaches) == built.compounds(terms, reaches)
    assert sorted(index.of_origin("core", everywhere)) == sorted(built.of_origin("core", everywhere))


def test_a_change_that_is_known_changes_nothing() -> None:
    index = public("a", "b").changed({("c", "core"): Shown.MEMBERS})

    assert index.changed({("a", "core"): Shown.EVERYONE, ("c", "core"): Shown.MEMBERS}) is index


def test_many_new_names_join_the_large_table_and_names_without_packages_leave_it() -> None:
    index = public("gone").changed({("gone", "core"): Shown.ABSENT})
    for number in range(FRESH):
        index = index.changed({(f"n{number}", "core"): Shown.EVERYONE})

    assert len(index) == FRESH
    assert names(index.matches(Terms.parse("n255"), nowhere)) == ["n255"]


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
    assert _likeness([word], name) == ([] if expected is None else [expected])


@given(QUERIES, NAMES)
def test_a_guess_resembles_every_term(query: list[str], name: str) -> None:
    together = _likeness(query, name)
    alone = [rule for word in query for rule in _likeness([word], name)]

    assert together == (sorted(alone, reverse=True) if len(alone) == len(query) else [])


def test_guesses_are_the_best_ones_in_order() -> None:
    index = public("libpng", "libpng-dev", "mypng", "png", "pmg", *(f"xpng{number:02}" for number in range(60)))

    found = names(index.guesses(Terms.parse("png"), nowhere))

    assert found[:4] == ["png", "libpng", "libpng-dev", "mypng"]
    assert len(found) == GUESSES


def test_invisible_names_are_neither_guessed_nor_compounds() -> None:
    index = NameIndex.of({("libpng", "core"): Shown.MEMBERS, ("libpng", "acme"): Shown.ABSENT})

    for find in (index.guesses, index.compounds):
        assert find(Terms.parse("png"), nowhere) == []
        assert find(Terms.parse("png"), everywhere) == [("libpng", "core")]


def test_compounds_are_libraries_first_and_have_all_other_terms() -> None:
    index = NameIndex.of(
        {
            (name, origin): Shown.EVERYONE
            for origin in ("core", "acme-ripgrep")
            for name in ("pcregrep", "zipgrep-static", "libgrep", "mygrep", "tool")
        }
    )

    def found(query: str) -> list[Name]:
        return index.compounds(Terms.parse(query), nowhere)

    assert names(found("core/grep")) == ["libgrep", "pcregrep", "zipgrep-static"]
    assert found("static/core/grep") == [("zipgrep-static", "core")]
    assert found("stat/grep") == []
    assert ("tool", "acme-ripgrep") not in found("grep")


@pytest.mark.parametrize("query", ["", "!!", "w" * 500, "/".join(f"w{number}" for number in range(500))])
def test_a_query_that_no_name_can_match_finds_nothing(query: str) -> None:
    terms = Terms.parse(query)

    assert public("w", "w1").matches(terms, nowhere) == []
    assert public("w", "w1").guesses(terms, nowhere) == []
    assert public("w", "w1").compounds(terms, nowhere) == []


def test_many_or_long_terms_give_no_guesses() -> None:
    index = public("liba-b-c-d-e-f", f"lib{'x' * 70}")

    assert names(index.guesses(Terms.parse("b/c/d/e/a"), nowhere)) == ["liba-b-c-d-e-f"]
    assert index.guesses(Terms.parse("b/c/d/e/f/a"), nowhere) == []
    assert index.guesses(Terms.parse("x" * 65), nowhere) == []


def test_the_words_with_which_a_term_is_compared_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    table = NameTable({(f"ab{number:03}x", "o"): Shown.EVERYONE for number in range(300)})
    monkeypatch.setattr(name_guesses, "COMPARED", 10)

    assert len(guesses(table, ["ab0zx"], nowhere, GUESSES)) <= 10


@pytest.mark.parametrize(
    "query", ["team", "n", "n-4711", "lib", "team/n", "zzzz", "tean", "/".join(map(str, range(400)))]
)
def test_the_work_of_a_search_does_not_grow_with_the_names(query: str) -> None:
    def calls(number: int) -> int:
        index = NameIndex.of({(f"n-{each}", f"team-{each % 7}"): Shown.EVERYONE for each in range(number)})
        terms = Terms.parse(query)
        with function_calls() as made:
            found = index.matches(terms, nowhere)
            (index.compounds if found else index.guesses)(terms, nowhere)
        return made.made

    assert calls(4_000) < 40 * calls(40)


def _likeness(words: list[str], name: str) -> list[Likeness]:
    """Return the rules by which words match the only name, worst first, or nothing."""
    table = NameTable({(name, "zzz"): Shown.EVERYONE})
    return [Likeness(rule) for (rules, *_), _ in guesses(table, words, nowhere, GUESSES) for rule in rules]
