"""The rows of the table that contain a word, to compare and to restore them."""

import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from moto.backends import get_backend

from chalicelib.platform.config import config

RANDOM = {
    "account_id", "artifact", "attempt", "box", "checksum", "content", "created_at", "expires", "expires_at",
    "epoch", "fingerprint", "id", "key_revision", "last_used_at", "multipart", "nonce", "owner_id", "requester_id",
    "revision", "size", "text", "updated_at", "uploader_id", "value", "working_until",
}  # fmt: skip
"""Attributes that differ from run to run: ids, times, random values, and values that depend on the length of a name."""

UNVERIFIED = ("WORDS#", "ENDINGS#", "DEPENDENTS#", "FENCES#", "UPLOAD#", "OPEN-UPLOADS#")
"""Partitions of rows that readers verify, that only order writes, or that are unfinished."""

OCCASIONAL = ("SEEN#",)
"""Sort keys of rows that a process writes once a minute at most, and whose loss is ignored."""

COUNTED = ("AUDIT-", "GROUP-EVENTS#", "SESSION", "SUMMARY-CHANGES#")
"""Rows that every repeat of a request adds."""

_TIMES = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+")
_NUMBERS = re.compile(r"\d{10,}")
_SLOTS = re.compile(r"(?<=#)\d{4}(?=')")  # a job takes any free slot
_HASHES = re.compile(r"[0-9a-f]{32,}")

State = list[str]


def state_of(word: str) -> State:
    """Return the rows that contain a word, except those of UNVERIFIED and OCCASIONAL, without their random values."""
    return sorted(
        _masked(repr((hash_key.value, range_key.value, _shown(row))), word)
        for hash_key, range_key, row in _rows_with(word)
        if not hash_key.value.startswith(UNVERIFIED) and not range_key.value.startswith(OCCASIONAL)
    )


def differences(one: State, other: State) -> list[str]:
    """Return the rows that only one of two states contains, marked - for the first and + for the second."""
    first, second = Counter(one), Counter(other)
    return sorted([f"- {row}" for row in (first - second)] + [f"+ {row}" for row in (second - first)])


def without_counted(state: State) -> State:
    """Return a state without the rows that every repeat of a request adds."""
    return [row for row in state if not any(mark in row for mark in COUNTED)]


class Checkpoint:
    """A copy of all rows that contain a word."""

    def __init__(self, word: str) -> None:
        self._word = word
        self._rows = [(hash_key, range_key, copy.deepcopy(row)) for hash_key, range_key, row in _rows_with(word)]

    def restore(self) -> None:
        """Replace the rows that contain the word by the copy."""
        for hash_key, range_key, _ in list(_rows_with(self._word)):
            _table().delete_item(hash_key, range_key)
        for hash_key, range_key, row in self._rows:
            _table().items[hash_key][range_key] = copy.deepcopy(row)


def _rows_with(word: str) -> Iterator[tuple[Any, Any, Any]]:
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
    return _NUMBERS.sub("NUMBER", _SLOTS.sub("SLOT", _HASHES.sub("HASH", text)))
