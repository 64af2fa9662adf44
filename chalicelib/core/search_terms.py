"""Words of package names and of queries, and when a name matches a query (packages.md section 6)."""

import re
from collections.abc import Sequence
from urllib.parse import unquote_to_bytes

from msgspec import Struct

_WORD = r"[^\W_]+(?:-[^\W_]+)*"
_REPLACED = "\ufffd"


class QueryUndecodable(ValueError):
    """The query is not UTF-8 once its escapes are undone."""


class Terms(Struct, frozen=True):
    """The words of a query, lower-case, hyphens kept: all must match a token, the last one as the token's beginning."""

    words: tuple[str, ...]

    @classmethod
    def parse(cls, query: str) -> "Terms":
        """Slashes, blanks and all other symbols separate words."""
        return cls(tuple(words(query)))

    def match(self, tokens: Sequence[str]) -> bool:
        """True if a package with these tokens is meant; no words match nothing."""
        if not self.words:
            return False
        *inner, last = self.words
        return all(word in tokens for word in inner) and any(token.startswith(last) for token in tokens)


def tokens_of(origin: str, name: str) -> list[str]:
    """What a package is found by, each token once, the name's before the origin's."""
    return list(dict.fromkeys([*tokens(name), *tokens(origin)]))


def tokens(text: str) -> list[str]:
    """The words of a text; a hyphenated word gives itself and its parts."""
    found: dict[str, None] = {}
    for word in words(text):
        found[word] = None
        found.update(dict.fromkeys(word.split("-")))
    return list(found)


def words(text: str) -> list[str]:
    """Runs of letters and digits, lower-case, joined by single hyphens."""
    return re.findall(_WORD, text.lower())


def decoded_again(sent: str | bytes) -> str:
    """A query with its escapes undone once more than the gateway does (packages.md 1.5). Raises QueryUndecodable."""
    try:
        text = unquote_to_bytes(sent).decode()
    except UnicodeError as problem:
        raise QueryUndecodable from problem
    if _REPLACED in text:  # the gateway could not decode it either
        raise QueryUndecodable
    return text
