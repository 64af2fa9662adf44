"""Words of queries and package names, and the rule by which they match (packages.md section 6)."""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from msgspec import Struct

from chalicelib.core.ident import STORABLE_BYTES

_WORD = r"[^\W_]+(?:-[^\W_]+)*"
_REPLACED = "\ufffd"


class QueryUndecodable(ValueError):
    """The query, percent-decoded, is not UTF-8."""


class Terms(Struct, frozen=True):
    """The words of a query, in lower case, with their hyphens. Repeated words before the last one are left out.

    All words must equal a token of a package, except that the last one may be the beginning of a token. A hyphenated
    word is compared as a whole: if it matches, its parts do, too, because they are tokens of the same package.
    """

    words: tuple[str, ...]

    @classmethod
    def parse(cls, query: str) -> "Terms":
        """Return the words of a query, which slashes, spaces and other symbols separate."""
        every = words(query)
        return cls((*dict.fromkeys(every[:-1]), *every[-1:]))

    @property
    def can_match(self) -> bool:
        """False without words, and with more or longer words than an ident that can be stored has."""
        return 0 < len(self.words) <= STORABLE_BYTES and all(len(word) <= STORABLE_BYTES for word in self.words)

    def match(self, tokens: Sequence[str]) -> bool:
        """Return whether the query matches a package with these tokens. A query without words matches none.

        The number of comparisons depends on the tokens, not on the number of words.
        """
        if not self.can_match:
            return False
        *inner, last = self.words
        if not any(token.startswith(last) for token in tokens):
            return False
        return not inner or set(tokens).issuperset(inner)


def tokens_of(origin: str, name: str) -> list[str]:
    """Return the tokens by which a package is found, without duplicates: those of the name, then of the origin."""
    return list(dict.fromkeys([*tokens(name), *tokens(origin)]))


def tokens(text: str) -> list[str]:
    """Return the words of a text without duplicates, and after each hyphenated word its parts."""
    unique: dict[str, None] = {}
    for word in words(text):
        unique[word] = None
        unique.update(dict.fromkeys(word.split("-")))
    return list(unique)


def words(text: str) -> list[str]:
    """Return the words of a text in lower case: runs of letters and digits, joined by single hyphens."""
    return re.findall(_WORD, text.lower())


def decoded_again(sent: str | bytes) -> str:
    """Return a query percent-decoded once more, after the gateway's decoding (packages.md 1.5).

    Raises QueryUndecodable.
    """
    try:
        text = unquote_to_bytes(sent).decode()
    except UnicodeError as problem:
        raise QueryUndecodable from problem
    if _REPLACED in text:  # the gateway inserts this character for bytes that it cannot decode
        raise QueryUndecodable
    return text
