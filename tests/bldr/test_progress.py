"""What is shown while work goes on, and how results are printed."""

import io

import pytest
from rich.console import Console

from bldr.output import show_table
from bldr.progress import watching


def shown(terminal: bool) -> str:
    """What a console shows of a transfer and two lines."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=terminal, width=120)
    with watching(console) as watch:
        with watch.transfer("sending [red]acme[/]", 100) as tick:
            tick(40)
            tick(-40)
            tick(100)
        watch.say("sent [red]acme[/]")
        watch.say("forged\nline \x1b[2J")
    return stream.getvalue()


def test_elsewhere_there_are_plain_lines_alone():
    assert shown(terminal=False) == "sent [red]acme[/]\nforged\\nline \\x1b[2J\n"


def test_on_a_terminal_there_is_a_bar_as_well():
    said = shown(terminal=True)

    assert "sending [red]acme[/]" in said
    assert "━" in said
    assert "sent [red]acme[/]" in said
    assert "forged\\nline \\x1b[2J" in said


def test_a_table_has_headings_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    show_table(["package", "step"], [["acme/[b]x", "promote"]])
    assert capsys.readouterr().out == "acme/[b]x\tpromote\n"

    monkeypatch.setenv("FORCE_COLOR", "1")
    show_table(["package", "step"], [["acme/[b]x", "promote"]])
    said = capsys.readouterr().out
    assert "package" in said
    assert "acme/[b]x" in said
