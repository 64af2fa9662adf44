"""Lines, colours, limits and the index of logs (builds.md 3.3)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import encode

from chalicelib.core import answer_size
from chalicelib.core.builds import job_log

LINES = st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=40), max_size=60)


def test_ansi_sequences_are_removed() -> None:
    line = "\x1b[1;32mBuilding\x1b[0m \x1b[38;5;196mtool\x1b[m\x1b[K done \x9b31m!"

    assert job_log.without_color(line) == "Building tool done !"


@given(LINES)
def test_an_answer_holds_all_lines_of_a_short_log(lines: list[str]) -> None:
    assert job_log.fitting(lines, color=True) == (lines, True)


def test_an_answer_holds_the_first_lines_of_a_long_log() -> None:
    lines = ["\x1b[31m" + "é" * 10_000] * 100

    fitting, are_all = job_log.fitting(lines, color=True)

    assert not are_all
    assert 0 < len(fitting) < len(lines)
    assert answer_size.fits(encode({"content": fitting}), is_text=True)


def test_an_answer_holds_at_least_one_line() -> None:
    lines = ["\x01" * 2_000_000, "next"]

    assert job_log.fitting(lines, color=True) == (lines[:1], False)


@given(LINES.map(lambda lines: lines * 200))
def test_the_index_leads_to_every_line(lines: list[str]) -> None:
    content, number, index = job_log.index_of(lines)

    assert number == len(lines)
    for wanted in range(0, number, 97):
        begins = job_log.position_before(index, wanted)
        assert begins.line <= wanted
        assert content[begins.offset :].decode().split("\n")[wanted - begins.line] == lines[wanted]


def test_the_parts_between_two_positions_are_short() -> None:
    _, _, index = job_log.index_of(["x" * 999] * 1_000)

    steps = [later.offset - earlier.offset for earlier, later in pairwise(index)]
    assert steps == [job_log.INDEX_STEP] * 15


def test_a_chunk_with_a_line_end_or_too_many_bytes_is_refused() -> None:
    assert job_log.is_chunk(["a", "", "b\r"])
    assert not job_log.is_chunk(["a\nb"])
    assert not job_log.is_chunk(["x" * (job_log.LINE_CHARACTERS + 1)])
    assert not job_log.is_chunk(["é" * 10_000] * 11)
