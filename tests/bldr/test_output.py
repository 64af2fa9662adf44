"""Tables, on a terminal and elsewhere."""

import pytest

from bldr.output import show_table


def test_a_table_has_headings_only_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    show_table(["package", "step"], [["acme/[b]x", "promote"]])
    assert capsys.readouterr().out == "acme/[b]x\tpromote\n"

    monkeypatch.setenv("FORCE_COLOR", "1")
    show_table(["package", "step"], [["acme/[b]x", "promote"]])
    output = capsys.readouterr().out
    assert "package" in output
    assert "acme/[b]x" in output
