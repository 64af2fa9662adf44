"""Tables of figures, and where they stand in docs/PERFORMANCE.md."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "PERFORMANCE.md"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a table whose first columns are texts, and whose other columns are numbers."""
    lines = [headings, [*["---"] * texts, *["---:"] * (len(headings) - texts)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write_figures(markers: tuple[str, str], figures: str) -> None:
    """Replace the text between two markers of the document. The rest of it is written by hand."""
    before, _, rest = DOCUMENT.read_text().partition(markers[0])
    _, _, after = rest.partition(markers[1])
    DOCUMENT.write_text(f"{before}{markers[0]}\n{figures}\n{markers[1]}{after}")


@contextmanager
def without_logs() -> Iterator[None]:
    """Discard the logs of the service, which keeps the standard output of its first request."""
    with Path(os.devnull).open("w") as null, redirect_stdout(null):
        yield
