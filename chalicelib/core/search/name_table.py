"""Package names in sorted order, with the words that find them. Pure.

A word is looked up by bisection, and a piece of a word in one text of all words. The numbers of the names that have
words next to each other are next to each other, too, so all names with a prefix are one slice.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from chalicelib.core.search.search_terms import tokens
from chalicelib.core.shown import Shown

Name = tuple[str, str]
"""A name and its origin, in the order in which search lists them."""

Reaches = Callable[[str], bool]
"""Whether the caller sees the names of an origin that are not shown to everyone."""

_AFTER_ALL = "\U0010ffff"
"""Not a letter, so it is greater than each letter of a word."""

_SEPARATOR = "\n"


class NameTable:
    """Names by number, ascending. Immutable, except that `with_shown` shares everything but who sees the names."""

    __slots__ = ("_entries", "_of_origin", "_shown", "_starts", "_text", "_text_starts", "_tokens", "names")

    def __init__(self, shown: Mapping[Name, Shown]) -> None:
        self.names = sorted(shown)
        self._shown = bytes(shown[name] for name in self.names)
        self._of_origin: dict[str, array[int]] = defaultdict(partial(array, "I"))
        entries: dict[str, array[int]] = defaultdict(partial(array, "I"))
        known: dict[str, list[str]] = {}
        for number, (name, origin) in enumerate(self.names):
            self._of_origin[origin].append(number)
            for text in (name, origin):
                if text not in known:
                    known[text] = tokens(text)
            for token in {*known[name], *known[origin]}:
                entries[token].append(number)
        self._tokens = sorted(entries)
        self._entries, self._starts = array("I"), array("I", [0])
        self._text_starts = array("I", [0])
        for token in self._tokens:
            self._entries.extend(entries[token])
            self._starts.append(len(self._entries))
            self._text_starts.append(self._text_starts[-1] + len(token) + 1)
        self._text = _SEPARATOR.join([*self._tokens, ""])

    def with_shown(self, changes: Mapping[Name, Shown]) -> "NameTable":
        """Return the table with other values for some of its names."""
        changed = NameTable.__new__(NameTable)
        for slot in NameTable.__slots__:
            setattr(changed, slot, getattr(self, slot))
        shown = bytearray(self._shown)
        for name, value in changes.items():
            number = self._number(name)
            if number is not None:
                shown[number] = value
        changed._shown = bytes(shown)
        return changed

    def shown(self, name: Name) -> Shown | None:
        """Return who sees a name, or None if it is not in the table."""
        number = self._number(name)
        return None if number is None else Shown(self._shown[number])

    def items(self) -> Iterator[tuple[Name, Shown]]:
        """Yield the names with who sees them."""
        return zip(self.names, map(Shown, self._shown), strict=True)

    def seen(self, numbers: Iterable[int], reaches: Reaches) -> list[int]:
        """Return those of some numbers whose names a caller sees."""
        names, shown, everyone = self.names, self._shown, int(Shown.EVERYONE)
        return [
            number for number in numbers if shown[number] == everyone or (shown[number] and reaches(names[number][1]))
        ]

    def of_origin(self, origin: str) -> "array[int]":
        """Return the numbers of the names of an origin."""
        return self._of_origin[origin] if origin in self._of_origin else array("I")

    def having(self, word: str) -> "array[int]":
        """Return the numbers of the names that have a word, ascending."""
        at = bisect_left(self._tokens, word)
        return self.of_token(at) if at < len(self._tokens) and self._tokens[at] == word else array("I")

    def beginning(self, text: str) -> "array[int]":
        """Return the numbers of the names that have a word with a beginning, once for each such word."""
        first, end = self._beginning(text)
        return self._entries[self._starts[first] : self._starts[end]]

    def tokens_beginning(self, text: str) -> range:
        """Return the numbers of the words with a beginning."""
        return range(*self._beginning(text))

    def tokens_containing(self, text: str) -> Iterator[int]:
        """Yield the numbers of the words that contain a text, ascending."""
        at = self._text.find(text)
        while at >= 0:
            token = bisect_right(self._text_starts, at) - 1
            yield token
            at = self._text.find(text, self._text_starts[token + 1])

    def token(self, number: int) -> str:
        """Return a word."""
        return self._tokens[number]

    def of_token(self, number: int) -> "array[int]":
        """Return the numbers of the names that have a word, ascending."""
        return self._entries[self._starts[number] : self._starts[number + 1]]

    def _beginning(self, text: str) -> tuple[int, int]:
        return bisect_left(self._tokens, text), bisect_left(self._tokens, text + _AFTER_ALL)

    def _number(self, name: Name) -> int | None:
        at = bisect_left(self.names, name)
        return at if at < len(self.names) and self.names[at] == name else None
