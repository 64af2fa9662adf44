"""Tests read the rows of the engine from its memory, while executions of earlier tests may still write."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local.moto_partitions import call_lock
from tests.builders import rows_in_moto as rows


def assert_locked() -> None:
    """Fail unless this thread holds the lock of calls to the table."""
    lock: Any = call_lock  # the types of the standard library lack the method
    assert lock._is_owned()


class Guarded(dict[Any, Any]):
    """Partitions that may be read only while no call to the table can change them."""

    def __iter__(self) -> Iterator[Any]:
        assert_locked()
        return super().__iter__()

    def items(self) -> Any:
        assert_locked()
        return super().items()

    def get(self, key: Any, default: Any = None) -> Any:
        assert_locked()
        return super().get(key, default)


@pytest.mark.parametrize(
    "read",
    [
        lambda: rows.partition_rows("A#b"),
        lambda: rows.row_at("A#b", "c"),
        lambda: rows.empty_partition("A#b"),
        rows.partitions,
        lambda: rows.partitions_of("b"),
        lambda: list(rows.row_keys()),
    ],
)
def test_reads_exclude_calls_of_other_threads(read: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    table = Guarded()
    monkeypatch.setattr(rows, "_partitions", lambda: table)

    read()
