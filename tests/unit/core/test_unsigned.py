"""Unsigned numbers in paths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.unsigned import NotUnsigned, unsigned

BITS = st.sampled_from([32, 64])


@given(BITS, st.data(), st.sampled_from(["", "+", "0", "+000"]))
def test_every_number_of_its_size_is_read(bits, data, front):
    number = data.draw(st.integers(0, 2**bits - 1))

    assert unsigned(f"{front}{number}", bits) == number


@given(BITS, st.integers(0, 2**80))
def test_greater_ones_are_refused(bits, beyond):
    with pytest.raises(NotUnsigned):
        unsigned(str(2**bits + beyond), bits)


@pytest.mark.parametrize("text", ["", "+", "-1", "++1", "1 ", " 1", "1.0", "1e3", "0x1", "1_0", "٣", "9" * 10_000])
def test_other_texts_are_refused(text):
    with pytest.raises(NotUnsigned):
        unsigned(text, 64)


@given(st.text())
def test_a_text_is_a_number_only_if_it_is_digits(text):
    try:
        number = unsigned(text, 64)
    except NotUnsigned:
        return
    assert text.isascii()
    assert int(text) == number
