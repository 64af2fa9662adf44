"""Unsigned numbers in paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.unsigned import NotUnsigned, unsigned

BITS = st.sampled_from([32, 64])


@given(BITS, st.data(), st.sampled_from(["", "+", "0", "+000"]))
def test_every_number_within_the_bits_is_read(bits: int, data: st.DataObject, prefix: str) -> None:
    number = data.draw(st.integers(0, 2**bits - 1))

    assert unsigned(f"{prefix}{number}", bits) == number


@given(BITS, st.integers(0, 2**80))
def test_larger_numbers_are_refused(bits: int, excess: int) -> None:
    with pytest.raises(NotUnsigned):
        unsigned(str(2**bits + excess), bits)


@pytest.mark.parametrize("text", ["", "+", "-1", "++1", "1 ", " 1", "1.0", "1e3", "0x1", "1_0", "٣", "9" * 10_000])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(NotUnsigned):
        unsigned(text, 64)


@given(st.text())
def test_only_ascii_digits_are_read(text: str) -> None:
    try:
        number = unsigned(text, 64)
    except NotUnsigned:
        return
    assert text.isascii()
    assert int(text) == number
