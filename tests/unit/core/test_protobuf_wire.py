"""The wire format of messages in tokens (accounts.md 3.1, 3.2)."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.protobuf_wire import (
    WireMalformed,
    bytes_field,
    fields_of,
    integer,
    signed_integer,
    varint_field,
)

NUMBERS = st.integers(min_value=1, max_value=2**29 - 1)


@given(NUMBERS, st.integers(min_value=0, max_value=2**64 - 1))
def test_unsigned_integers_are_restored(number: int, value: int) -> None:
    assert integer(fields_of(varint_field(number, value)), number) == value


@given(st.integers(min_value=-(2**63), max_value=2**63 - 1))
def test_signed_integers_are_restored(value: int) -> None:
    assert signed_integer(fields_of(varint_field(3, value)), 3) == value


@given(NUMBERS, st.binary(max_size=300))
def test_bytes_are_restored(number: int, value: bytes) -> None:
    assert fields_of(bytes_field(number, value)) == {number: value}


@pytest.mark.parametrize(
    ("field", "wire"),
    [
        (varint_field(1, 0), "0800"),
        (varint_field(1, 127), "087f"),
        (varint_field(1, 128), "088001"),
        (varint_field(1, 150), "089601"),
        (varint_field(3, -1), "18ffffffffffffffffff01"),
        (varint_field(16, 1), "800101"),
        (bytes_field(2, b"testing"), "120774657374696e67"),
        (bytes_field(2, b""), "1200"),
    ],
)
def test_fields_have_the_wire_form_of_proto2(field: bytes, wire: str) -> None:
    assert field.hex() == wire


def test_unknown_fields_of_every_type_are_read() -> None:
    message = bytes.fromhex("2905060708090a0b0c" + "3501020304" + "42026869" + "4801" + "0807")
    assert fields_of(message) == {5: None, 6: None, 8: b"hi", 9: 1, 1: 7}


def test_the_last_value_of_a_repeated_field_counts() -> None:
    assert integer(fields_of(varint_field(1, 1) + varint_field(1, 2)), 1) == 2


@pytest.mark.parametrize(
    "wire",
    [
        "08",
        "0880",
        "12",
        "1205ffff",
        "09010203",
        "0d0102",
        "0001",
        "0b",
        "0c",
        "0e00",
        "0f00",
        "08ffffffffffffffffff02",
        "08ffffffffffffffffffff01",
        "808080808080808080808000",
        "12ffffffffffffffffff01",
    ],
)
def test_malformed_messages_are_refused(wire: str) -> None:
    with pytest.raises(WireMalformed):
        fields_of(bytes.fromhex(wire))


@given(st.binary())
def test_any_bytes_are_read_or_refused(message: bytes) -> None:
    with suppress(WireMalformed):
        assert all(0 < number < 2**29 for number in fields_of(message))


@pytest.mark.parametrize(
    "message", [b"", bytes_field(1, b"7"), bytes.fromhex("090700000000000000"), varint_field(2, 7)]
)
def test_a_missing_integer_or_one_of_another_type_is_refused(message: bytes) -> None:
    with pytest.raises(WireMalformed):
        integer(fields_of(message), 1)
    with pytest.raises(WireMalformed):
        signed_integer(fields_of(message), 1)


def test_an_integer_of_too_many_bits_is_refused() -> None:
    assert integer(fields_of(varint_field(2, 2**32 - 1)), 2, bits=32) == 2**32 - 1
    with pytest.raises(WireMalformed):
        integer(fields_of(varint_field(2, 2**32)), 2, bits=32)


@pytest.mark.parametrize("value", [2**64, -(2**63) - 1])
def test_an_integer_of_more_than_64_bits_is_not_written(value: int) -> None:
    with pytest.raises(WireMalformed):
        varint_field(1, value)
