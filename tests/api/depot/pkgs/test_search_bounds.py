"""The work of a search is bounded, whatever its query and the names in the depot are (packages.md section 6)."""

from typing import Any

import pytest

from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import IdentRow, NameRow
from chalicelib.core import likeness
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.packages.search import rows as search_rows
from chalicelib.packages.search import service as search
from chalicelib.platform import table
from tests.api.client import Depot
from tests.api.depot.pkgs.test_search import a_word, find, names
from tests.builders.cost import function_calls
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, with_visibility
from tests.perf.calls import counted_calls

QUERY_LETTERS = 7_500
"""A longer query does not fit the request line of an API Gateway."""


def published(origin: str, *package_names: str, public: int = 1) -> None:
    """Write the search hints and the counts of names, without packages."""
    for name in package_names:
        key = package_rows.name_key(origin, name)
        counts = NameRow(key.pk, key.sk, packages=1, public_packages=public, idents=1, public_idents=public)
        table.put_many([*search_rows.hints_of(origin, name), counts])


def a_query(word: str, letters: int = QUERY_LETTERS) -> str:
    """Return a query of different words that ends with a word."""
    words = [f"{word[:3]}{number:x}" for number in range(letters // 7)]
    return "/".join([*words[:440], word])


def test_a_long_query_reads_the_hints_of_three_terms(depot: Depot) -> None:
    word = a_word()
    published(a_name(), *(f"{word}-{number}" for number in range(20)))

    with counted_calls() as calls:
        assert names(depot, a_query(word)) == []

    assert calls.total() <= search.TERMS_READ


def test_repeated_words_cost_nothing(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, word = a_name(), a_word()
    published(origin, *(f"{word}-{number:02}" for number in range(30)))
    monkeypatch.setattr(search, "PAGE", 10)

    def cost(term: str) -> int:
        with counted_calls() as calls:
            assert len(names(depot, term)) == 30
        return calls.total()

    assert cost("/".join([word] * 500)) == cost(f"{word}/{word}")


@pytest.mark.parametrize("term", [" ".join(f"w{number}" for number in range(1_000)), "w" * 7_000])
def test_a_query_that_no_name_can_match_reads_nothing(depot: Depot, term: str) -> None:
    with counted_calls() as calls:
        assert names(depot, term) == []

    assert calls.total() == 0


@pytest.mark.parametrize("kind", ["many words", "long words", "one letter"])
def test_a_long_query_costs_little_more_than_one_word(depot: Depot, kind: str) -> None:
    word = a_word()
    published(a_name(), *(f"{word}{number}-{'ab' * 190}" for number in range(200)))
    query = {
        "many words": a_query(word),
        "long words": "/".join([f"{word}-{'ab' * 190}{letter}" for letter in "cdefghijklmnop"]),
        "one letter": "/".join([*"abcdefgh" * 400, word]),
    }[kind]

    with function_calls() as for_one_word:
        find(depot, word)
    with function_calls(at_most=for_one_word.made * 3):
        find(depot, query)


def test_a_long_term_gives_no_guesses(depot: Depot) -> None:
    word = a_word()
    published(a_name(), f"{word}{'x' * 400}0")

    with counted_calls() as calls:
        assert names(depot, f"{word}{'x' * 401}") == []

    assert calls["Query"] == 1


def test_many_terms_give_no_guesses(depot: Depot) -> None:
    word = a_word()
    published(a_name(), f"lib{word}-abcd-efgh-ijkl-mnop")

    assert names(depot, f"abcd/efgh/ijkl/mnop/{word}") != []
    assert names(depot, f"abcd/efgh/ijkl/mnop/abcd-efgh/{word}") == []


def test_the_comparisons_of_a_guess_are_limited(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    word = a_word()
    published(a_name(), *(f"lib{word}-{number:02}" for number in range(40)))
    compared: list[int] = []
    real = likeness.likeness

    def counted(term: str, tokens: list[str]) -> Any:
        compared.append(len(tokens))
        return real(term, tokens)

    monkeypatch.setattr(search, "likeness", counted)
    monkeypatch.setattr(search, "COMPARISONS", 100)

    assert 0 < len(names(depot, word)) < 40
    assert sum(compared) <= 100


def test_only_some_guesses_are_read_to_find_visible_ones(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    word = a_word()
    published(a_name(), *(f"lib{word}-{number:03}" for number in range(250)), public=0)
    monkeypatch.setattr(search, "GUESSES_READ", 200)

    with counted_calls() as calls:
        assert names(depot, word) == []

    assert calls["BatchGetItem"] == 1 + 2  # one for the names that match


def test_the_hints_of_a_term_are_limited_and_the_term_itself_comes_first(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, word = a_name(), a_word()
    published(origin, *(f"{word}{number:03}" for number in range(60)), f"zz-{word}")
    monkeypatch.setattr(search, "HINTS", 20)

    found = names(depot, word)

    assert len(found) == 20
    assert f"{origin}/zz-{word}" in found


def test_the_names_that_are_counted_are_limited(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    word = a_word()
    published(a_name(), *(f"{word}-{number:03}" for number in range(30)))
    monkeypatch.setattr(search, "NAMES", 10)

    assert find(depot, word).json()["total_count"] == find(depot, word, distinct="true").json()["total_count"] == 10


def test_the_idents_that_are_read_for_a_page_are_limited(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, word = an_origin(depot), a_word()
    for number in range(5):
        a_release(depot, origin, word, f"1.{number}")
    monkeypatch.setattr(search, "IDENTS", 3)

    assert len(find(depot, word).json()["data"]) == 3


def test_private_idents_before_the_page_are_read_with_one_call(depot: Depot) -> None:
    origin = an_origin(depot)
    first = a_release(depot, origin, a_word(), "0.1")
    release = a_release(depot, origin, first.name, "2.0")
    with_visibility(depot, first, "private")
    private = Standing({Target.X86_64_LINUX: Placement(Visibility.PRIVATE, frozenset())})
    idents = package_rows.idents_partition(origin)
    table.put_many(
        [
            IdentRow(
                idents, f"{release.name}/1.{number:03}/20240101000000", standing=str(private), public=False, revision=1
            )
            for number in range(200)
        ]
    )

    with counted_calls() as calls:
        assert find(depot, release.name).json()["data"] == [release.as_json()]

    assert calls["Query"] == 2


@pytest.mark.parametrize("term", ["%00", "İ" * 800, "ß" * 800, "\u0345" * 800, "a%2500b", "-" * 3_000, "a-" * 1_500])
def test_odd_characters_are_answered(depot: Depot, term: str) -> None:
    assert find(depot, term).status in (200, 206)
