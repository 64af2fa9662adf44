"""Text of builds that may be written to a terminal: colours, but nothing that controls the terminal.

Builds are hostile input: a log must neither move the cursor over other lines, nor set the title or the clipboard.
"""

import re
import unicodedata

RESET = "\x1b[0m"

_COLOR = r"\x1b\[[0-9;:]*m"
"""Select Graphic Rendition, the only control sequence that is kept."""

_SEQUENCES = re.compile(
    rf"""
    (?P<color>{_COLOR})
    | (?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?                      # other control sequences
    | (?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f]).*?(?:\x07|\x1b\\|\x9c|$)   # strings: title, clipboard, device control
    | \x1b[ -/]*[0-~]?                                       # other escape sequences
    """,
    re.VERBOSE | re.DOTALL,
)
_REMOVED = frozenset({"Cc", "Cf", "Cs"})
_SPACES = frozenset("\r\n\v\f\x85\u2028\u2029")


def shown_line(line: str, keeps_color: bool) -> str:
    """Return a line without control characters; with `keeps_color`, colours stay. Tabs stay too."""
    parts: list[str] = []
    end = 0
    for found in _SEQUENCES.finditer(line):
        parts.append(_printable(line[end : found.start()]))
        if keeps_color and found["color"]:
            parts.append(found["color"])
        end = found.end()
    parts.append(_printable(line[end:]))
    return "".join(parts)


def is_colored(line: str) -> bool:
    """Return whether a line changes colours."""
    return re.search(_COLOR, line) is not None


def _printable(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t":
        return character
    if character in _SPACES:
        return " "
    return "" if unicodedata.category(character) in _REMOVED else character
