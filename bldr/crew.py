"""Steps done by several hands, each once what it needs is done; what needs a failed one is held back."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from bldr.dependency_order import Needs, sorter, within
from bldr.errors import BldrError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class HeldBack(BldrError):
    """Not begun, because something that it needs has failed."""


def in_order(needs: Needs[K], do: Callable[[K], object], jobs: int) -> dict[K, BldrError]:
    """Do all steps; gives the error of each that failed or was held back. Raises DependencyCycle before any is begun.

    Other exceptions end it; what is under way is then not waited for.
    """
    made, direct = sorter(needs), within(needs)
    failed: dict[K, BldrError] = {}
    running: dict[Future[object], K] = {}
    with _hands(jobs) as hands:
        while made.is_active():
            for key in sorted(made.get_ready(), key=str):
                broken = next((need for need in sorted(direct[key], key=str) if need in failed), None)
                if broken is None:
                    running[hands.submit(do, key)] = key
                else:
                    failed[key] = HeldBack(f"held back, since {broken} has failed")
                    made.done(key)
            for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                key = running.pop(done)
                _note(done, key, failed)
                made.done(key)
    return failed


def each(items: Iterable[K], do: Callable[[K], V], jobs: int) -> list[V]:
    """What each item gives, in the items' order. The first error ends it."""
    with _hands(jobs) as hands:
        return list(hands.map(do, items))


def _note(done: Future[object], key: K, failed: dict[K, BldrError]) -> None:
    try:
        done.result()
    except BldrError as problem:
        failed[key] = problem


@contextmanager
def _hands(jobs: int) -> Iterator[ThreadPoolExecutor]:
    executor = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="bldr")
    try:
        yield executor
    except BaseException:  # Ctrl-C too: what has not begun is not begun any more
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
