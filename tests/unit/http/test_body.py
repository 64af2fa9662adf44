"""JSON bodies (platform.md 1.2, accounts.md 1.1)."""

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from chalicelib.http.body import BodyMalformed, parse

JSON = "application/json"
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(), children, max_size=3),
    max_leaves=8,
)


class Shape(Struct):
    """A body with one field of each kind."""

    name: str
    count: int = 0
    share: float = 0.0
    tags: list[str] = []
    note: str | None = None


class Closed(Struct, forbid_unknown_fields=True):
    """A body that allows no other fields."""

    name: str = ""


def test_fields_are_read_by_name_and_defaults_fill_the_rest() -> None:
    body = parse(Shape, b'{"note":null,"tags":["a"],"name":"x"}', JSON)

    assert body == Shape("x", tags=["a"])


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e400", "2E+308", "1" + "0" * 400 + ".5"])
@pytest.mark.parametrize("body", ['{"name":"x","share":%s}', '{"name":"x","count":%s}', '{"name":"x","tags":[%s]}'])
def test_a_number_out_of_range_is_malformed(body: str, number: str) -> None:
    with pytest.raises(BodyMalformed):
        parse(Shape, (body % number).encode(), JSON)
    with pytest.raises(BodyMalformed, match="out of range"):
        parse(Any, (body % number).encode(), JSON)


def test_unknown_fields_are_ignored_unless_the_struct_forbids_them() -> None:
    assert parse(Shape, b'{"name":"x","other":{"a":[1]}}', JSON) == Shape("x")
    with pytest.raises(BodyMalformed, match="other"):
        parse(Closed, b'{"name":"x","other":1}', JSON)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{}", "name"),
        (b'{"name":null}', r"\$\.name"),
        (b'{"name":1}', r"\$\.name"),
        (b'{"name":"x","count":"1"}', r"\$\.count"),
        (b'{"name":"x","count":1.5}', r"\$\.count"),
        (b'{"name":"x","count":true}', r"\$\.count"),
        (b'{"name":"x","tags":["a",1]}', r"\$\.tags"),
        (b"[]", "object"),
        (b"null", "object"),
        (b'"x"', "object"),
    ],
)
def test_a_missing_field_or_a_wrong_type_is_malformed_and_the_text_names_it(content: bytes, reason: str) -> None:
    with pytest.raises(BodyMalformed, match=f"^Json deserialize error: .*{reason}"):
        parse(Shape, content, JSON)


@pytest.mark.parametrize(
    "value",
    [
        b"NaN",
        b"Infinity",
        b"-Infinity",
        rb'"\ud800"',
        rb'"\udc00"',
        rb'"\ud83d\u0041"',
        rb'["\ud800", "\udc00"]',
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"a\nb"',
        b'"\x00"',
        rb'"\x"',
        b"01",
        b"+1",
        b".5",
        b"1.",
        b"1e",
        b"[1,]",
        b"'x'",
        b"",
        b"[" * 100_000,
    ],
)
@pytest.mark.parametrize("field", ["name", "unknown"])
def test_json_that_only_lenient_parsers_accept_is_malformed_in_every_field(value: bytes, field: str) -> None:
    content = b'{"name":"x","' + field.encode() + b'":' + value + b"}"

    with pytest.raises(BodyMalformed, match=r"^Json deserialize error: "):
        parse(Shape, content, JSON)


@pytest.mark.parametrize("number", [b"1e999", b"-1e999"])
@pytest.mark.parametrize("field", ["share", "count", "name"])
def test_a_number_out_of_range_is_malformed_where_it_is_read(number: bytes, field: str) -> None:
    with pytest.raises(BodyMalformed):
        parse(Shape, b'{"name":"x","' + field.encode() + b'":' + number + b"}", JSON)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"name":"x"} x',
        b'\xef\xbb\xbf{"name":"x"}',
        '{"name":"x"}'.encode("utf-16"),
        b'{"\xff":1,"name":"x"}',
    ],
)
def test_a_body_that_is_not_one_json_text_in_utf_8_is_malformed(content: bytes) -> None:
    with pytest.raises(BodyMalformed, match="the body is not JSON"):
        parse(Shape, content, JSON)


@pytest.mark.parametrize(
    "content_type",
    [JSON, "application/json; charset=utf-8", "APPLICATION/JSON", " application/json ", "application/x+json"],
)
def test_json_content_types_are_accepted(content_type: str) -> None:
    assert parse(Shape, b'{"name":"x"}', content_type) == Shape("x")


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/jsonx", "application/x-www-form-urlencoded"])
def test_other_content_types_are_malformed(content_type: str) -> None:
    with pytest.raises(BodyMalformed, match="Content type error"):
        parse(Shape, b'{"name":"x"}', content_type)


@given(st.dictionaries(st.text(), VALUES, max_size=4), st.booleans())
def test_every_json_object_is_read_as_it_was_written(value: dict[str, Any], escaped: bool) -> None:
    content = json.dumps(value, ensure_ascii=escaped).encode()

    assert parse(dict[str, Any], content, JSON) == value


@given(st.binary(max_size=40) | st.text('{}[]":,\\ud8DC0123+-.eE nulltrueNaNInfinity', max_size=40).map(str.encode))
def test_only_standard_json_is_accepted(content: bytes) -> None:
    try:
        value = parse(dict[str, Any], content, JSON)
    except BodyMalformed:
        return
    assert value == json.loads(content, parse_constant=pytest.fail)
    assert json.dumps(value, ensure_ascii=False).encode()  # no lone surrogate
    assert not any(isinstance(item, float) and math.isinf(item) for item in value.values())
