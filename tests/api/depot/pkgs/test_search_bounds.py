"""The work of a search is bounded, whatever its query and the names in the depot are (packages.md section 6)."""

import pytest

from chalicelib.catalog import name_log, name_rows, package_rows
from chalicelib.catalog.name_rows import NameRow
from chalicelib.catalog.package_rows import IdentRow
from chalicelib.core.shown import Shown
from chalicelib.core.standing import Placement, Standing
from chalicelib.core.target import Target
from chalicelib.core.visibility import Visibility
from chalicelib.packages.search import counts, idents, service
from chalicelib.platform import table
from chalicelib.platform.change import Change
from tests.api.client import Depot
from tests.api.depot.pkgs.test_search import a_word, find, names
from tests.builders.cost import function_calls
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, with_visibility
from tests.perf.calls import counted_calls

QUERY_LETTERS = 7_500
"""A longer query does not fit the request line of an API Gateway."""


def published(origin: str, *package_names: str, public: int = 1, packages: int = 1) -> None:
    """Write names and their counts, without packages."""
    for name in package_names:
        key = name_rows.name_key(origin, name)
        with Change() as change:
            name_log.note(change, origin, name, Shown.entry(True, public > 0), None)
            change.put(
                NameRow(key.pk, key.sk, packages=packages, public_packages=public, idents=1, public_idents=public)
            )


def a_query(word: str, letters: int = QUERY_LETTERS) -> str:
    """Return a query of different words that ends with a word."""
    words = [f"{word[:3]}{number:x}" for number in range(letters // 7)]
    return "/".join([*words[:440], word])


@pytest.mark.parametrize("distinct", ["true", "false"])
def test_a_long_query_makes_one_call(depot: Depot, distinct: str) -> None:
    word = a_word()
    published(a_name(), *(f"{word}-{number}" for number in range(20)))
    assert len(names(depot, word)) == 20

    with counted_calls() as calls:
        assert find(depot, a_query(word), distinct=distinct).json()["total_count"] == 0

    assert calls.total() == 1


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


def test_a_term_that_very_many_names_have_costs_one_call(depot: Depot) -> None:
    origin = a_name()
    published(origin, *(f"n-{number:03}" for number in range(300)))

    with counted_calls() as calls:
        found = find(depot, origin, distinct="true").json()

    assert (found["total_count"], len(found["data"])) == (300, 50)
    assert calls.total() == 1


def test_invisible_names_cost_no_calls(depot: Depot) -> None:
    word = a_word()
    published(a_name(), *(f"lib{word}-{number:03}" for number in range(150)), public=0)

    for term in (word, f"lib{word}", word[1:]):
        for distinct in ("true", "false"):
            with counted_calls() as calls:
                assert find(depot, term, distinct=distinct).json()["total_count"] == 0
            assert calls.total() == 1


def test_the_counts_of_neighbouring_names_are_read_with_one_query(depot: Depot) -> None:
    origin, word = a_name(), a_word()
    published(origin, *(f"{word}-{number:03}" for number in range(120)), packages=3, public=2)
    published(origin, f"{word}-0055", public=0)

    with counted_calls() as calls:
        assert find(depot, word).json()["total_count"] == 240

    assert calls == {"Query": 3}  # the log, the counts, the idents


def test_the_names_whose_packages_are_counted_are_limited(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    first, other, word = *sorted([a_name(), a_name()]), a_word()
    for origin in (first, other):
        published(origin, *(f"{word}-{number:03}" for number in range(40)))

    def total(term: str = word) -> int:
        with counted_calls() as calls:
            found = int(find(depot, term).json()["total_count"])
        assert calls.total() <= 4  # the idents of two origins
        return found

    assert total() == counts.NAMES == 50
    assert total(f"{other}/{word}") == 40
    published(first, *(f"{word}-{number:03}" for number in range(40, 80)))
    assert total() == 80
    monkeypatch.setattr(counts, "NAMES_IN_A_ROW", 60)
    assert total() == 60
    monkeypatch.setattr(counts, "NAMES_IN_A_ROW", 20)
    assert total() == 50


def test_names_that_are_far_from_each_other_are_counted_by_their_keys(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin, word = a_name(), a_word()
    published(origin, *(f"n-{number:03}" for number in range(120)), *(f"n-{n:03}-{word}" for n in range(0, 120, 2)))
    monkeypatch.setattr(counts, "NAMES_IN_A_ROW", 100)

    with counted_calls() as calls:
        assert find(depot, word).json()["total_count"] == 50

    assert calls["BatchGetItem"] == 1


def test_neighbouring_names_of_a_page_are_read_with_one_query(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    releases = [a_release(depot, origin, f"{word}-{letter}", version) for letter in "acde" for version in ("1", "2")]
    between = a_release(depot, origin, f"{word}-b")

    def read() -> tuple[list[str], int]:
        with counted_calls() as calls:
            body = find(depot, word).json()
        assert body["total_count"] == len(body["data"])
        return ["/".join(row.values()) for row in body["data"]], calls["Query"]

    assert read() == (sorted(map(str, [*releases, between])), 2)
    with_visibility(depot, between, "private")
    assert read() == (sorted(map(str, releases)), 2)
    with_visibility(depot, releases[0], "private")
    assert read() == (sorted(map(str, releases[1:])), 2)


def test_many_packages_of_an_invisible_name_on_a_page_cost_one_more_call(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    first, last = (a_release(depot, origin, f"{word}-{letter}") for letter in "ac")
    private = Standing({Target.X86_64_LINUX: Placement(Visibility.PRIVATE, frozenset())})
    partition = package_rows.idents_partition(origin)
    keys = (f"{word}-b/1.{number:03}/20240101000000" for number in range(300))
    table.put_many([IdentRow(partition, key, standing=str(private), public=False, revision=1) for key in keys])

    with counted_calls() as calls:
        assert find(depot, word).json()["data"] == [first.as_json(), last.as_json()]

    assert calls["Query"] == 3


def test_names_of_a_page_that_are_not_neighbours_are_read_with_a_query_each(depot: Depot) -> None:
    origin, other, word = an_origin(depot), an_origin(depot), a_word()
    releases = [a_release(depot, origin, f"{letter}-{word}") for letter in "ac"]
    releases += [a_release(depot, origin, "b"), a_release(depot, other, f"a-{word}")]
    found = [releases[0], releases[1], releases[3]]

    with counted_calls() as calls:
        assert [str(each) for each in found] == ["/".join(row.values()) for row in find(depot, word).json()["data"]]

    assert calls["Query"] == 4


def test_the_idents_that_are_read_for_a_page_are_limited(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, word = an_origin(depot), a_word()
    for number in range(5):
        a_release(depot, origin, word, f"1.{number}")
    monkeypatch.setattr(idents, "IDENTS", 3)

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


def test_the_packages_of_few_similar_names_are_listed(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, word = an_origin(depot), a_word()
    releases = [a_release(depot, origin, f"lib{word}-{letter}") for letter in "abc"]
    monkeypatch.setattr(service, "GUESSED_WITH_PACKAGES", 2)

    body = find(depot, word).json()

    assert body["data"] == [release.as_json() for release in releases[:2]]
    assert body["total_count"] == 2
