"""Lists that a row stores as one text."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog.package_texts import entries

SEPARATORS_BUT_LINE_FEED = "\v\f\r\x1c\x1d\x1e\x85\u2028\u2029"


@given(st.lists(st.text(st.sampled_from("a/1" + SEPARATORS_BUT_LINE_FEED), min_size=1)))
def test_a_list_is_read_as_it_was_stored(stored: list[str]) -> None:
    assert entries("\n".join(stored)) == stored
