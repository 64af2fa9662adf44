"""Tables of figures, and their places in docs/PERFORMANCE.md and docs/SECURITY.md."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "PERFORMANCE.md"


def markdown(headings: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a table whose first columns are texts, and whose other columns are numbers."""
    lines = [headings, [*["---"] * texts, *["---:"] * (len(headings) - texts)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def publish(markers: tuple[str, str], figures: str, *, print_only: bool, document: Path = DOCUMENT) -> None:
    """Print figures and, unless `print_only`, write them between two markers of a document.

    The rest of the document is written by hand.
    """
    print(figures)
    if print_only:
        return
    before, _, rest = document.read_text().partition(markers[0])
    _, _, after = rest.partition(markers[1])
    document.write_text(f"{before}{markers[0]}\n{figures}\n{markers[1]}{after}")


@contextmanager
def without_logs() -> Iterator[None]:
    """Discard the logs of the service, which keeps the standard output of its first request."""
    with Path(os.devnull).open("w") as null, redirect_stdout(null):
        yield
