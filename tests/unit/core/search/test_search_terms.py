"""Words of queries and package names (packages.md section 6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.search.search_terms import QueryUndecodable, Terms, decoded_again, tokens, tokens_of, words
from tests.builders.cost import function_calls

NAMES = st.text("abcXYZ019-_", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("big-red-tool", ["big-red-tool", "big", "red", "tool"]),
        ("Tool2", ["tool2"]),
        ("my_tool-x", ["my", "tool-x", "tool", "x"]),
        ("-a--b-", ["a", "b"]),
        ("a-a", ["a-a", "a"]),
        ("___", []),
        ("", []),
    ],
)
def test_a_hyphenated_word_has_itself_and_its_parts_as_tokens(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_the_tokens_of_a_package_are_those_of_its_name_and_origin() -> None:
    assert tokens_of("core", "core-plans") == ["core-plans", "core", "plans"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("acme/widget", ("acme", "widget")),
        ("acme/widget///", ("acme", "widget")),
        ("/acme", ("acme",)),
        ("a b\tc", ("a", "b", "c")),
        ("a & b | !c:*", ("a", "b", "c")),
        ("Big-Red", ("big-red",)),
        ("which the", ("which", "the")),
        ("Größe", ("größe",)),
        ("/// !!", ()),
        ("tool/acme/tool/acme/tool", ("tool", "acme", "tool")),
        ("a " * 4_000, ("a", "a")),
    ],
)
def test_slashes_spaces_and_symbols_separate_words(query: str, expected: tuple[str, ...]) -> None:
    assert Terms.parse(query).words == expected


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("tool", {"tool", "tool2", "toolbox", "big-tool"}),
        ("tool/acme", {"tool", "big-tool"}),
        ("acme/tool2", {"tool2"}),
        ("big-to", {"big-tool"}),
        ("big", {"big-tool"}),
        ("big/tool", {"big-tool"}),
        ("tool-big", set()),
        ("big-tool/big", {"big-tool"}),
        ("to/acme", set()),
        ("acme", {"tool", "tool2", "toolbox", "big-tool", "mytool"}),
        ("", set()),
    ],
)
def test_all_words_match_and_the_last_one_as_a_beginning(query: str, names: set[str]) -> None:
    every = ("tool", "tool2", "toolbox", "big-tool", "mytool")

    assert {name for name in every if Terms.parse(query).match(tokens_of("acme", name))} == names


@pytest.mark.parametrize("query", ["", "x" * 451, "y/" + "x" * 451, "/".join(f"w{number}" for number in range(451))])
def test_more_or_longer_words_than_an_ident_can_have_match_nothing(query: str) -> None:
    terms = Terms.parse(query)

    assert not terms.can_match
    assert not terms.match(list(terms.words))


def test_comparisons_do_not_grow_with_the_number_of_words() -> None:
    tokens = tokens_of("acme", "-".join(f"w{number}" for number in range(100)))
    few, many = Terms.parse("acme/w0/w"), Terms.parse("/".join([*(f"w{number}" for number in range(100)), "acme", "w"]))

    with function_calls() as for_few:
        assert few.match(tokens)
    with function_calls(at_most=for_few.made + 200) as for_many:
        assert many.match(tokens)
    assert for_many.made > 0


@given(NAMES, NAMES)
def test_a_package_is_found_by_its_own_name(origin: str, name: str) -> None:
    terms = Terms.parse(f"{origin}/{name}")

    assert terms.match(tokens_of(origin, name)) is bool(terms.words)


@given(NAMES, st.integers(1, 30))
def test_a_name_is_found_by_the_beginning_of_any_token(name: str, length: int) -> None:
    for token in tokens(name):
        assert Terms.parse(token[:length]).match(tokens(name))


@given(st.text())
def test_every_word_is_a_token(text: str) -> None:
    assert set(words(text)) <= set(tokens(text))
    assert all(token and not token.startswith("-") and not token.endswith("-") for token in tokens(text))
    assert tokens(" ".join(words(text))) == tokens(text)


@pytest.mark.parametrize(
    ("sent", "text"), [("a%2Fb", "a/b"), ("ä", "ä"), ("%C3%A4", "ä"), ("100%", "100%"), ("a+b", "a+b")]
)
def test_a_query_is_decoded_once_more(sent: str, text: str) -> None:
    assert decoded_again(sent) == text


@pytest.mark.parametrize("sent", ["%ff", "\ufffd", "\udcff", "%C3"])
def test_a_query_that_is_not_utf8_is_refused(sent: str) -> None:
    with pytest.raises(QueryUndecodable):
        decoded_again(sent)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="%\ufffd")))
def test_text_without_escapes_stays_unchanged(text: str) -> None:
    assert decoded_again(text) == text
