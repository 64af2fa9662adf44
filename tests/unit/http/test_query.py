"""Query parameters (packages.md 1.2)."""

from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct, field

from chalicelib.http.query import Lenient, QueryMalformed, Unsigned, parse


class Query(Struct):
    """A query with one parameter of each kind."""

    channel: str
    range: int = 0
    distinct: bool = False
    target: str | None = None
    limit: Annotated[int | None, Meta(description="rows")] = None
    start: int = field(default=1, name="from")
    line: Unsigned = 0
    color: Lenient = False


def test_parameters_are_read_by_name_and_defaults_fill_the_rest() -> None:
    assert parse(Query, {"channel": "stable"}) == Query("stable")
    assert parse(
        Query, {"channel": "", "range": "-1", "distinct": "true", "target": "", "limit": "7", "from": "2"}
    ) == Query("", -1, True, "", 7, 2)


def test_unknown_parameters_are_ignored() -> None:
    assert parse(Query, {"channel": "stable", "start": "x", "other": "y"}) == Query("stable")


def test_a_missing_parameter_is_malformed_and_the_text_names_it() -> None:
    with pytest.raises(QueryMalformed, match=r"^Query deserialize error: missing field `channel`$"):
        parse(Query, {})


@pytest.mark.parametrize("value", ["", "abc", "1.0", "1e3", " 1", "1 ", "0x1", "--1", "٣", "1" * 19])
@pytest.mark.parametrize("name", ["range", "limit", "from"])
def test_a_value_that_is_not_an_integer_of_at_most_18_digits_is_malformed(name: str, value: str) -> None:
    with pytest.raises(QueryMalformed, match=f"^Query deserialize error: .*{name}"):
        parse(Query, {"channel": "stable", name: value})


@pytest.mark.parametrize("value", ["", "1", "0", "yes", "True", "TRUE", " true"])
def test_booleans_are_only_the_words_true_and_false(value: str) -> None:
    with pytest.raises(QueryMalformed, match=r"^Query deserialize error: distinct"):
        parse(Query, {"channel": "stable", "distinct": value})


@given(st.integers(0, 2**64 - 1))
def test_an_unsigned_number_has_up_to_64_bits(line: int) -> None:
    assert parse(Query, {"channel": "stable", "line": str(line)}).line == line


@pytest.mark.parametrize("value", ["", "-1", "x", "1.0", " 1", str(2**64), "1" * 5000])
def test_other_values_are_no_unsigned_numbers(value: str) -> None:
    with pytest.raises(QueryMalformed, match=r"^Query deserialize error: .*line"):
        parse(Query, {"channel": "stable", "line": value})


def test_a_lenient_boolean_is_one_of_several_words() -> None:
    for expected, words in {True: "true TRUE t T 1 on ON", False: "false FALSE f F 0 off OFF"}.items():
        for word in words.split():
            assert parse(Query, {"channel": "stable", "color": word}).color is expected
    assert parse(Query, {"channel": "stable", "color": ""}).color is False
    for value in ("abc", "True", "yes", "2", " "):
        with pytest.raises(QueryMalformed, match=r"^Query deserialize error: color"):
            parse(Query, {"channel": "stable", "color": value})


@given(st.text(), st.integers(-(10**18) + 1, 10**18 - 1), st.booleans(), st.none() | st.text())
def test_every_value_is_read_as_it_was_written(channel: str, start: int, distinct: bool, target: str | None) -> None:
    parameters = {"channel": channel, "range": str(start), "distinct": str(distinct).lower()}
    if target is not None:
        parameters["target"] = target

    assert parse(Query, parameters) == Query(channel, start, distinct, target)
