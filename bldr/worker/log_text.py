"""Lines of a job's log: decoded from the bytes of a build, shortened, and without secrets."""

from collections.abc import Iterator, Sequence

LONGEST_LINE = 8 << 10
"""Most bytes of a line. ANSI sequences are kept."""

CUT = " [line cut]"
HIDDEN = "[hidden]"


class LineSplitter:
    """Splits a stream of bytes into lines, with bounded memory. Bytes that are not UTF-8 are replaced."""

    def __init__(self, longest: int = LONGEST_LINE) -> None:
        self._longest = longest
        self._rest = bytearray()
        self._is_cut = False

    def lines(self, block: bytes) -> Iterator[str]:
        """Yield the lines that a block completes."""
        *complete, rest = block.split(b"\n")
        for piece in complete:
            self._append(piece)
            yield self._take()
        self._append(rest)

    def last_line(self) -> Iterator[str]:
        """Yield the line without an end, if there is one."""
        if self._rest:
            yield self._take()

    def _append(self, piece: bytes) -> None:
        room = self._longest - len(self._rest)
        self._rest += piece[:room]
        self._is_cut |= len(piece) > room

    def _take(self) -> str:
        text = self._rest.decode("utf-8", "replace").removesuffix("\r").replace("\0", "\ufffd")
        suffix = CUT if self._is_cut else ""
        self._rest.clear()
        self._is_cut = False
        return text + suffix


def without(line: str, secrets: Sequence[str]) -> str:
    """Return a line with each secret replaced."""
    for secret in secrets:
        if secret in line:
            line = line.replace(secret, HIDDEN)
    return line


def own_lines(text: str) -> list[str]:
    """Return the lines of a message of the worker, each within the length limit."""
    return [line[:LONGEST_LINE] for line in text.splitlines()] or [""]
