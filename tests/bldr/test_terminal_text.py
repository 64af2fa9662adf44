"""Text of builds on a terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.terminal_text import is_colored, shown_line

RED, RESET = "\x1b[31;1m", "\x1b[0m"


def test_colours_are_kept_on_request() -> None:
    assert shown_line(f"{RED}error{RESET}: no", keeps_color=True) == f"{RED}error{RESET}: no"
    assert shown_line(f"{RED}error{RESET}: no", keeps_color=False) == "error: no"


@pytest.mark.parametrize(
    "sequence",
    [
        "\x1b[2J",
        "\x1b[1;1H",
        "\x1b[?1049h",
        "\x1b[>4;2m",
        "\x9b2K",
        "\x1b]0;a title\x07",
        "\x1b]52;c;ZXZpbA==\x1b\\",
        "\x9d0;a title\x9c",
        "\x1bPdevice\x1b\\",
        "\x1bc",
        "\x1b(0",
        "\x07",
        "\x08",
        "\x7f",
        "\u202e",
        "\u200b",
    ],
)
def test_other_sequences_are_removed(sequence: str) -> None:
    assert shown_line(f"be{sequence}fore", keeps_color=True) == "before"


def test_a_string_that_does_not_end_takes_the_rest_of_the_line() -> None:
    assert shown_line("text\x1b]0;title", keeps_color=True) == "text"


def test_carriage_returns_become_spaces_and_tabs_stay() -> None:
    assert shown_line("10%\r20%\tdone", keeps_color=True) == "10% 20%\tdone"


def test_other_languages_stay() -> None:
    assert shown_line("größer 温度\u00a0✓", keeps_color=True) == "größer 温度\u00a0✓"


@given(st.text(st.sampled_from("\x1b[]m;01 a\x9b\x07\\P\n")) | st.text())
def test_only_colours_control_the_terminal(line: str) -> None:
    shown = shown_line(line, keeps_color=True)
    plain = shown_line(line, keeps_color=False)

    assert "\x1b" not in plain
    assert not any(unicodedata.category(character) == "Cc" for character in plain.replace("\t", ""))
    assert shown.count("\x1b") == sum(is_colored(f"\x1b{part}") for part in shown.split("\x1b")[1:])
