"""Lines of logs from bytes: any split gives the same lines, and no line is longer than the limit."""

from hypothesis import given
from hypothesis import strategies as st

from bldr.worker.log_text import CUT, HIDDEN, LineSplitter, own_lines, without


def lines_of(blocks: list[bytes], longest: int = 100) -> list[str]:
    """Return the lines of blocks."""
    splitter = LineSplitter(longest)
    return [line for block in blocks for line in splitter.lines(block)] + list(splitter.last_line())


@given(st.lists(st.binary(max_size=40), max_size=10))
def test_the_lines_do_not_depend_on_the_blocks(blocks: list[bytes]) -> None:
    assert lines_of(blocks) == lines_of([b"".join(blocks)])


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20), max_size=10))
def test_text_is_kept(texts: list[str]) -> None:
    assert lines_of(["".join(f"{text}\n" for text in texts).encode()]) == texts


def test_colours_are_kept_and_other_bytes_replaced() -> None:
    assert lines_of([b"\x1b[31mred\x1b[0m \xff\x00\r\nlast"]) == ["\x1b[31mred\x1b[0m \ufffd\ufffd", "last"]


def test_a_long_line_is_cut() -> None:
    assert lines_of([b"x" * 60, b"x" * 60, b"\nnext\n"]) == ["x" * 100 + CUT, "next"]


def test_secrets_are_hidden() -> None:
    assert without("token=abcdef and abcdefgh", ["abcdefgh", "abcdef"]) == f"token={HIDDEN} and {HIDDEN}"


def test_messages_become_lines() -> None:
    assert own_lines("one\ntwo") == ["one", "two"]
    assert own_lines("") == [""]
