"""Progress of transfers, on a terminal and elsewhere."""

import io

from rich.console import Console

from bldr.errors import BldrError
from bldr.progress import progress_on, report_errors


def output_of_a_transfer(is_terminal: bool) -> str:
    """What a console shows of a transfer and two lines."""
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=is_terminal, width=120)
    with progress_on(console) as progress:
        with progress.transfer("uploading [red]acme[/]", 100) as advance:
            advance(40)
            advance(-40)
            advance(100)
        progress.report("uploaded [red]acme[/]")
        progress.report("forged\nline \x1b[2J")
    return stream.getvalue()


def test_only_lines_are_printed_without_a_terminal() -> None:
    assert output_of_a_transfer(is_terminal=False) == "uploaded [red]acme[/]\nforged\\nline \\x1b[2J\n"


def test_a_terminal_also_shows_a_bar() -> None:
    output = output_of_a_transfer(is_terminal=True)

    assert "uploading [red]acme[/]" in output
    assert "━" in output
    assert "uploaded [red]acme[/]" in output
    assert "forged\\nline \\x1b[2J" in output


def test_an_error_is_labelled_unless_it_names_its_task() -> None:
    stream = io.StringIO()
    errors = {"acme/a": BldrError("cannot upload acme/a"), "acme/b": BldrError("broken")}

    with progress_on(Console(file=stream)) as progress:
        assert report_errors(progress, errors) == 2

    assert stream.getvalue() == "failed: cannot upload acme/a\nfailed: acme/b: broken\n"
