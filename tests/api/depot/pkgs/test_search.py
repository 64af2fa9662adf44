"""GET /depot/pkgs/search/{query} (packages.md section 6)."""

import itertools
from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from typing import Any
from urllib.parse import quote

import pytest

from chalicelib.catalog import name_log
from chalicelib.core.search import name_index
from chalicelib.packages.search import cached_index
from tests.api.client import Depot, Reply
from tests.builders.lifetimes import SHARED
from tests.builders.members import a_member
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import WINDOWS, a_release, with_visibility
from tests.builders.rows import partition_rows
from tests.perf.calls import counted_calls

_numbers = itertools.count()


def a_word() -> str:
    """Return a word of ten letters that is not like the words of other tests."""
    digest = blake2b(f"{a_name()} {next(_numbers)}".encode(), digest_size=10).digest()
    return "".join(chr(ord("a") + byte % 26) for byte in digest)


def find(depot: Depot, term: str, by: str | None = None, **query: Any) -> Reply:
    return depot.get(f"/depot/pkgs/search/{quote(term, safe='')}", by=by, query=query)


def names(depot: Depot, term: str, by: str | None = None, **query: Any) -> list[str]:
    """Return the names that a distinct search finds, as `origin/name`."""
    reply = find(depot, term, by, distinct="true", **query)
    assert reply.status == 200, reply
    rows = reply.json()["data"]
    assert reply.json()["total_count"] == len(rows)
    return [f"{row['origin']}/{row['name']}" for row in rows]


@pytest.fixture(scope="module")
def word() -> str:
    return a_word()


@pytest.fixture(scope="module")
def origin(depot: Depot, word: str) -> str:
    """An origin whose package names contain the word."""
    origin = an_origin(depot)
    for name in (word, f"{word}2", f"{word}box", f"big-{word}", f"my{word}", f"Big-Red-{word.upper()}", f"old_{word}"):
        a_release(depot, origin, name)
    return origin


def test_a_term_matches_the_beginning_of_a_word(depot: Depot, origin: str, word: str) -> None:
    result = names(depot, word)

    expected = [f"Big-Red-{word.upper()}", f"big-{word}", f"old_{word}", word, f"{word}2", f"{word}box"]
    assert result == [f"{origin}/{name}" for name in sorted(expected)]


def test_case_does_not_matter(depot: Depot, origin: str, word: str) -> None:
    assert names(depot, word.upper()) == names(depot, word)


def test_all_but_the_last_term_must_be_whole_words(depot: Depot, origin: str, word: str) -> None:
    assert names(depot, f"{word}/{origin}") == sorted(
        f"{origin}/{name}" for name in (f"Big-Red-{word.upper()}", f"big-{word}", f"old_{word}", word)
    )
    assert names(depot, f"{word}2/{origin}") == [f"{origin}/{word}2"]


@pytest.mark.parametrize(
    "term", ["{o}/{w}box", "{o}/{w}bo", "{w}box/{o}", "{o}/{w}box///", "{o} {w}box", "{o}+:{w}box!"]
)
def test_all_terms_must_match_in_any_order_with_any_separator(depot: Depot, origin: str, word: str, term: str) -> None:
    assert names(depot, term.format(o=origin, w=word)) == [f"{origin}/{word}box"]


def test_terms_match_origins_as_well_as_names(depot: Depot) -> None:
    shared = a_word()
    of_that_name, other = an_origin(depot, name=shared), an_origin(depot)
    a_release(depot, of_that_name, "tool")
    a_release(depot, other, f"{shared}-plan")

    expected = [f"{other}/{shared}-plan", f"{shared}/tool"]
    assert names(depot, shared) == sorted(expected, key=lambda name: name.partition("/")[2])


def test_a_hyphenated_word_is_found_whole_and_by_its_parts(depot: Depot) -> None:
    first, second, third = a_word(), a_word(), a_word()
    release = a_release(depot, an_origin(depot), f"{first}-{second}-{third}")
    expected = [f"{release.origin}/{release.name}"]

    for term in (release.name, first, second, third, f"{first}-{second}", f"{first}-{second[:3]}", f"{second}/{third}"):
        assert names(depot, term) == expected
    assert names(depot, f"{first}-{second}-{a_word()}") == []


def test_version_release_and_target_are_not_searched(depot: Depot) -> None:
    version = a_word()
    release = a_release(depot, an_origin(depot), version=f"1-{version}")

    for term in (version, f"{release.name}/{version}", f"{release.name}/{release.release}", f"{release.name}/linux"):
        assert names(depot, term) == []


@pytest.mark.parametrize("separator", ["%2F", "%252F", "%20", "%2520", "%2B", "+"])
def test_the_segment_is_decoded_twice(depot: Depot, origin: str, word: str, separator: str) -> None:
    reply = depot.get(f"/depot/pkgs/search/{origin}{separator}{word}box")

    assert (reply.status, reply.json()["total_count"]) == (200, 1)


@pytest.mark.parametrize(("sent", "shown"), [("%25ff", "%ff"), ("%ff", "%ff"), ("a%25c3", "a%c3")])
def test_a_term_that_is_not_utf8_is_422(depot: Depot, sent: str, shown: str) -> None:
    reply = depot.get(f"/depot/pkgs/search/{sent}")

    assert (reply.status, reply.text) == (422, f"Unable to parse query string '{shown}'")


@pytest.mark.parametrize("term", ["%2F", "%20", "!!", "--", "%26%7C%3A*"])
def test_an_empty_term_matches_nothing(depot: Depot, term: str) -> None:
    reply = depot.get(f"/depot/pkgs/search/{term}", query={"distinct": "true"})

    assert (reply.status, reply.text) == (200, '{"range_start":0,"range_end":0,"total_count":0,"data":[]}')
    assert reply.headers["Cache-Control"] == SHARED


def test_common_english_words_are_searched_too(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), "which")

    assert f"{release.origin}/which" in names(depot, f"{release.origin}/which")


@pytest.mark.parametrize("query", [{"range": "abc"}, {"range": ""}, {"distinct": "1"}, {"distinct": ""}])
def test_an_invalid_query_is_400(depot: Depot, query: dict[str, str]) -> None:
    reply = find(depot, "tool", **query)

    assert reply.status == 400
    assert reply.text.startswith("Query deserialize error:")
    assert find(depot, "tool", by="nobody-knows", **query).status == 401


def test_names_are_ordered_by_name_then_origin(depot: Depot) -> None:
    shared, other = a_word(), a_word()
    first, second = an_origin(depot, name=f"{shared}-b"), an_origin(depot, name=f"{shared}-a")
    for origin in (first, second):
        a_release(depot, origin, f"{other}-z")
        a_release(depot, origin, f"{other}-a")

    body = find(depot, shared, distinct="true").json()

    assert [(row["name"], row["origin"]) for row in body["data"]] == [
        (f"{other}-a", second),
        (f"{other}-a", first),
        (f"{other}-z", second),
        (f"{other}-z", first),
    ]
    assert body["data"][0] == {"origin": second, "name": f"{other}-a", "version": None, "release": None}


def test_packages_are_ordered_by_ident_with_a_row_per_target(depot: Depot) -> None:
    origin, shared = an_origin(depot), a_word()
    newer = a_release(depot, origin, shared, "1.10.0")
    older = a_release(depot, origin, shared, "1.9.0")
    a_release(depot, origin, shared, older.version, older.release, WINDOWS)
    longer = a_release(depot, origin, f"{shared}-x")
    suffixed = a_release(depot, origin, f"{shared}2")

    body = find(depot, shared).json()

    assert body["total_count"] == 5
    assert body["data"] == [ident.as_json() for ident in (longer, newer, older, older, suffixed)]
    assert find(depot, shared, distinct="false").json() == body
    assert sorted("/".join(row.values()) for row in body["data"]) == ["/".join(row.values()) for row in body["data"]]


def test_pages_of_packages_are_aligned_and_counted(depot: Depot) -> None:
    origin, shared = an_origin(depot), a_word()
    idents = [a_release(depot, origin, f"{shared}-{number % 3}", f"1.{number:02}") for number in range(51)]
    every = sorted(map(str, idents))

    def page(**query: Any) -> tuple[int, int, int, int, list[str]]:
        reply = find(depot, shared, **query)
        body = reply.json()
        shown = ["/".join(row.values()) for row in body["data"]]
        return reply.status, body["range_start"], body["range_end"], body["total_count"], shown

    assert page() == (206, 0, 49, 51, every[:50])
    assert page(range=50) == (200, 50, 50, 51, every[50:])
    assert page(range=75) == (200, 50, 50, 51, every[50:])
    assert page(range=100) == (200, 100, 51, 51, [])
    assert page(range=-7) == (206, 0, 49, 51, every[:50])


def test_pages_of_names_are_aligned_and_counted(depot: Depot) -> None:
    shared = a_word()
    origin = an_origin(depot, name=shared)
    for number in range(51):
        a_release(depot, origin, f"n-{number:02}")

    first, last = find(depot, shared, distinct="true"), find(depot, shared, distinct="true", range=60)

    assert (first.status, last.status) == (206, 200)
    assert [row["name"] for row in first.json()["data"]] == [f"n-{number:02}" for number in range(50)]
    assert last.json() == {
        "range_start": 50,
        "range_end": 50,
        "total_count": 51,
        "data": [{"origin": origin, "name": "n-50", "version": None, "release": None}],
    }


def test_private_and_hidden_packages_are_found_by_members_only(depot: Depot) -> None:
    origin, shared = an_origin(depot), a_word()
    a_member(depot, origin, "mystique")
    public = a_release(depot, origin, shared, "1.0")
    private = a_release(depot, origin, shared, "2.0")
    with_visibility(depot, private, "private")
    hidden_origin = an_origin(depot, visibility="hidden")
    hidden = a_release(depot, hidden_origin, shared)

    def results(by: str | None) -> list[list[str]]:
        rows = find(depot, shared, by).json()
        assert rows["total_count"] == len(rows["data"])
        return [["/".join(row.values()) for row in rows["data"]], names(depot, shared, by)]

    assert results(None) == results("hank") == [[str(public)], [f"{origin}/{shared}"]]
    assert results("mystique") == [[str(public), str(private)], [f"{origin}/{shared}"]]
    everything = sorted(map(str, (public, private, hidden)))
    assert results("bobo") == [everything, sorted([f"{origin}/{shared}", f"{hidden_origin}/{shared}"])]


def test_a_private_name_does_not_change_the_guesses_of_other_accounts(depot: Depot) -> None:
    """Without guesses, or with other calls, the answer would show that the name exists."""

    def searched(term: str, by: str | None = None) -> tuple[list[str], Counter[str]]:
        with counted_calls() as calls:
            return names(depot, term, by), calls

    assert depot.get("/profile", by="wesker").status == 200
    word = a_word()
    similar = a_release(depot, an_origin(depot), f"{word}x")
    guesses = [f"{similar.origin}/{similar.name}"]
    misspelled = f"{word}y"
    before = [searched(misspelled, by) for by in (None, "wesker")]
    assert [found for found, _ in before] == [guesses, guesses]

    private = a_release(depot, an_origin(depot, visibility="private"), misspelled)

    assert [searched(misspelled, by) for by in (None, "wesker")] == before
    assert names(depot, misspelled, "bobo") == [f"{private.origin}/{private.name}"]


def test_targets_of_an_ident_are_counted_by_their_own_visibility(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), a_word())
    with_visibility(depot, release, "private")
    a_release(depot, release.origin, release.name, release.version, release.release, WINDOWS)

    assert find(depot, release.name).json()["total_count"] == 1
    assert find(depot, release.name, "bobo").json()["total_count"] == 2
    with_visibility(depot, release, "public")
    assert find(depot, release.name).json()["total_count"] == 2


def test_a_name_is_found_while_it_has_a_release(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), a_word())
    assert len(names(depot, release.name)) == 1

    assert depot.delete(f"/depot/pkgs/{release}", by="bobo").status == 204

    assert names(depot, release.name, "bobo") == []
    assert find(depot, release.name, "bobo").json()["total_count"] == 0
    a_release(depot, release.origin, release.name)
    assert names(depot, release.name) == [f"{release.origin}/{release.name}"]


def test_another_release_of_a_known_name_is_not_in_the_log(depot: Depot) -> None:
    release = a_release(depot, an_origin(depot), a_word())
    before = len(partition_rows(name_log.LOG))

    a_release(depot, release.origin, release.name, "2.0")
    a_release(depot, release.origin, release.name, release.version, release.release, WINDOWS)

    assert len(partition_rows(name_log.LOG)) == before


def test_very_long_names_are_found(depot: Depot) -> None:
    word = a_word() * 12
    release = a_release(depot, an_origin(depot), f"{word}-{a_word()}")

    for term in (release.name, word, word[:70], release.name.rpartition("-")[2]):
        assert names(depot, term) == [f"{release.origin}/{release.name}"]
    assert names(depot, f"{word[:64]}{a_word()}/{release.origin}") == []


GUESSED: dict[str, Callable[[str], str]] = {
    "a piece": lambda word: word[3:8],
    "a wrong letter": lambda word: word[:4] + "0" + word[5:],
    "a missing letter": lambda word: word[:6] + word[7:],
    "an extra letter": lambda word: word[:2] + "0" + word[2:],
    "two letters swapped": lambda word: word[:4] + word[5] + word[4] + word[6:],
    "a wrong first letter": lambda word: "0" + word[1:],
    "an extra last letter": lambda word: word + "0",
    "a beginning with a typo": lambda word: word[:3] + "0" + word[4:8],
    "an extra lib": lambda word: "lib" + word,
    "hyphenated parts in another order": lambda word: f"{word}-zzbig",
    "with the origin": lambda word: f"{word[:4]}0{word[5:]}/zzbig",
}


@pytest.mark.parametrize("how", GUESSED)
def test_names_like_the_term_are_found_if_nothing_matches(depot: Depot, how: str) -> None:
    word = a_word()
    release = a_release(depot, an_origin(depot), f"zzbig-{word}")

    assert names(depot, GUESSED[how](word)) == [f"{release.origin}/{release.name}"]
    assert find(depot, GUESSED[how](word)).json()["data"] == [release.as_json()]


def test_a_missing_lib_is_added(depot: Depot) -> None:
    word = a_word()
    release = a_release(depot, an_origin(depot), f"lib{word}")

    assert names(depot, word) == [f"{release.origin}/{release.name}"]


def test_there_are_no_guesses_if_a_name_matches(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    for name in (f"{word}", f"my{word}", f"{word[1:]}", word[:-1] + "0"):
        a_release(depot, origin, name)

    assert names(depot, word) == [f"{origin}/{word}"]
    assert find(depot, word).json()["total_count"] == 1


def test_compounds_follow_the_names_that_match(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    exact, compounds = (f"{word}-z", f"{word}2"), (f"lib{word}", f"lib{word}2", f"rip{word}", f"rip{word}-x")
    for name in (*exact, *compounds, f"my{word}", f"lib{word}x"):
        a_release(depot, origin, name)

    assert names(depot, word) == [f"{origin}/{name}" for name in (*exact, *compounds)]
    assert names(depot, f"{origin}/{word}") == names(depot, word)
    assert [row["name"] for row in find(depot, word).json()["data"]] == list(exact)


def test_compounds_continue_on_the_next_page(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    for number in range(49):
        a_release(depot, origin, f"{word}-{number:02}")
    a_release(depot, origin, f"lib{word}")
    a_release(depot, origin, f"rip{word}")

    first, last = (find(depot, word, distinct="true", range=start).json() for start in (0, 50))

    assert (first["total_count"], last["total_count"]) == (51, 51)
    assert [row["name"] for row in first["data"][-2:]] == [f"{word}-48", f"lib{word}"]
    assert [row["name"] for row in last["data"]] == [f"rip{word}"]

    a_release(depot, origin, f"{word}-49")
    assert find(depot, word, distinct="true").json()["total_count"] == 50


def test_compounds_are_visible_names_only(depot: Depot) -> None:
    origin, hidden, word = an_origin(depot), an_origin(depot, visibility="private"), a_word()
    a_release(depot, origin, word)
    a_release(depot, hidden, f"lib{word}")

    assert names(depot, word) == [f"{origin}/{word}"]
    assert names(depot, word, "bobo") == [f"{origin}/{word}", f"{hidden}/lib{word}"]


def test_guesses_are_ordered_best_first(depot: Depot) -> None:
    origin, word = an_origin(depot), a_word()
    best_first = (f"lib{word}", f"lib{word}-x", f"my{word}", f"my{word}-x", word[:-1] + "0", word[:-1] + "0xyz")
    for name in best_first:
        a_release(depot, origin, name)

    assert names(depot, word) == [f"{origin}/{name}" for name in best_first]


def test_guesses_are_visible_names_only(depot: Depot) -> None:
    origin, word = an_origin(depot, visibility="private"), a_word()
    a_release(depot, origin, f"lib{word}")

    assert names(depot, word) == []
    assert names(depot, word, "bobo") == [f"{origin}/lib{word}"]


def test_there_is_at_most_a_page_of_guesses(depot: Depot, monkeypatch: pytest.MonkeyPatch) -> None:
    origin, word = an_origin(depot), a_word()
    for number in range(4):
        a_release(depot, origin, f"lib{word}-{number}")
    monkeypatch.setattr(name_index, "GUESSES", 3)

    assert len(names(depot, word)) == 3


def test_a_term_unlike_every_name_finds_nothing(depot: Depot) -> None:
    assert names(depot, a_word()) == []


def test_a_search_makes_few_calls(depot: Depot) -> None:
    """One Query of the log, and up to two calls for the caller. A process that starts also reads the snapshots."""
    release = a_release(depot, an_origin(depot), f"{a_word()}-{a_word()}")

    def cost(term: str, by: str | None = None, **query: Any) -> int:
        with counted_calls() as calls:
            assert find(depot, term, by, **query).json()["total_count"] == 1
        return calls.total()

    for term in (release.name, f"{release.origin}/{release.name}", release.name[1:], release.name[:5] + "0"):
        assert cost(term, distinct="true") == 1
        assert cost(term, "bobo", distinct="true") <= 3
        assert cost(term) == 3  # also the counts of the names, and the idents of the page
    for by, calls in ((None, 2), ("bobo", 3)):
        cached_index.forget()
        assert cost(release.name, by, distinct="true") <= calls
