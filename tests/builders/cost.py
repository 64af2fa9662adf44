"""The cost of code in measures that do not depend on the machine: function calls, unpacked bytes, growth."""

import lzma
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

from tests.rights.enforcement import paused

ROUNDS = 5

T = TypeVar("T")


@dataclass
class FunctionCalls:
    """Calls of functions in Python and in C, so far."""

    made: int = 0


@contextmanager
def function_calls(at_most: float = float("inf")) -> Iterator[FunctionCalls]:
    """Count the function calls of this thread inside the block, in which the rights of functions are not checked.

    Fails at the first call above the limit, so that an endless loop fails, too.
    """
    calls = FunctionCalls()

    def count(_frame: object, event: str, _argument: object) -> None:
        calls.made += event in ("call", "c_call")
        if calls.made > at_most:
            sys.setprofile(None)
            pytest.fail(f"more than {at_most:,} function calls")

    with paused():
        sys.setprofile(count)
        try:
            yield calls
        finally:
            sys.setprofile(None)


@dataclass
class Unpacking:
    """The xz streams that were begun, and the bytes that came out of them."""

    streams: int = 0
    bytes: int = 0


@contextmanager
def unpacking() -> Iterator[Unpacking]:
    """Count what is unpacked with `lzma.LZMADecompressor` inside the block."""
    total, real = Unpacking(), lzma.LZMADecompressor

    class Counting:
        def __init__(self, *arguments: Any) -> None:
            total.streams += 1
            self._real = real(*arguments)

        def decompress(self, *arguments: Any) -> bytes:
            piece = self._real.decompress(*arguments)
            total.bytes += len(piece)
            return piece

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lzma, "LZMADecompressor", Counting)
        yield total


def growth(work: Callable[[T], object], small: T, large: T) -> float:
    """Return how many times as much CPU time the work takes on a large input as on a small one.

    Both take turns, and the minimum time of each counts, because other load can only add time.
    """
    times: tuple[list[int], list[int]] = ([], [])
    for _ in range(ROUNDS):
        for size, taken in zip((small, large), times, strict=True):
            started = time.thread_time_ns()
            work(size)
            taken.append(time.thread_time_ns() - started)
    return min(times[1]) / max(1, min(times[0]))
