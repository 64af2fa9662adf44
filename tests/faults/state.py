"""The rows of the table that mention a word: to compare them, and to put them back as they were."""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from moto.backends import get_backend

from chalicelib.platform.config import config

RANDOM = {
    "account_id", "artifact", "attempt", "box", "checksum", "content", "created_at", "expires", "expires_at",
    "fingerprint", "id", "key_revision", "last_used_at", "multipart", "nonce", "owner_id", "requester_id", "revision",
    "size", "text", "updated_at", "uploader_id", "value", "working_until",
}  # fmt: skip
"""What differs from run to run: ids, times, whatever is drawn, and what depends on the length of a name."""

HINTS = ("WORDS#", "ENDINGS#", "DEPENDENTS#", "UPLOAD#")
"""Written ahead and verified by readers, or the bookkeeping of an upload, which a repeat goes on with."""

BOOKS = ("AUDIT-", "GROUP-EVENTS#", "SESSION")
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")
_NUMBERS = re.compile(r"\d{10,}")
_PRINTS = re.compile(r"[0-9a-f]{32,}")

State = list[str]


def state_of(word: str) -> State:
    """Everything about a word that readers can see."""
    found = ((hash_key, range_key, row) for hash_key, range_key, row in _mentioning(word))
    return sorted(
        _masked(repr((hash_key.value, range_key.value, _shown(row))), word)
        for hash_key, range_key, row in found
        if not hash_key.value.startswith(HINTS)
    )


def differences(one: State, other: State) -> list[str]:
    """The rows of which only one of two states has as many."""
    here, there = Counter(one), Counter(other)
    return sorted([f"- {row}" for row in (here - there)] + [f"+ {row}" for row in (there - here)])


def without_books(state: State) -> State:
    """Leave out what only counts how often somebody asked."""
    return [row for row in state if not any(book in row for book in BOOKS)]


class Checkpoint:
    """All rows that mention a word as they are now."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._rows = [(hash_key, range_key, copy.deepcopy(row)) for hash_key, range_key, row in _mentioning(word)]

    def restore(self) -> None:
        """Make it so again."""
        for hash_key, range_key, _ in list(_mentioning(self._word)):
            _table().delete_item(hash_key, range_key)
        for hash_key, range_key, row in self._rows:
            _table().items[hash_key][range_key] = copy.deepcopy(row)


def _mentioning(word: str) -> Iterator[tuple[Any, Any, Any]]:
    for hash_key, partition in _table().items.items():
        for range_key, row in partition.items():
            if word in hash_key.value or word in range_key.value or any(word in text for text in _texts(row)):
                yield hash_key, range_key, row


def _table() -> Any:
    return get_backend("dynamodb")["123456789012"]["us-east-1"].tables[config.table]


def _texts(row: Any) -> Iterator[str]:
    return (value.value for value in row.attrs.values() if value.type == "S")


def _shown(row: Any) -> list[tuple[str, str]]:
    return sorted((name, "…" if name in RANDOM else str(value.value)) for name, value in row.attrs.items())


def _masked(text: str, word: str) -> str:
    text = _TIMES.sub("TIME", text.replace(word, "ORIGIN"))
    return _NUMBERS.sub("NUMBER", _PRINTS.sub("PRINT", text))
