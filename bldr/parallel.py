"""Run tasks in a pool of threads, in any order or dependencies first."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import TypeVar

from bldr.dependency_order import Dependencies, internal_dependencies, prepared_sorter
from bldr.errors import BldrError

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class DependencyFailed(BldrError):
    """A task was not started because the task of a dependency failed."""


def run_in_order(dependencies: Dependencies[K], task: Callable[[K], object], jobs: int) -> dict[K, BldrError]:
    """Run a task for each key in up to `jobs` threads, dependencies first; return the errors by key.

    If the task of a key fails, its dependents are not started and get DependencyFailed. Raises DependencyCycle before
    any task starts. Any exception but BldrError is raised at once, without waiting for running tasks.
    """
    sorter, direct = prepared_sorter(dependencies), internal_dependencies(dependencies)
    errors: dict[K, BldrError] = {}
    running: dict[Future[object], K] = {}
    with _thread_pool(jobs) as pool:
        while sorter.is_active():
            for key in sorted(sorter.get_ready(), key=str):
                if failed := _failed_dependency(direct[key], errors):
                    errors[key] = DependencyFailed(f"not started, because {failed} failed")
                    sorter.done(key)
                else:
                    running[pool.submit(task, key)] = key
            for future in _first_completed(running):
                key = running.pop(future)
                if error := _task_error(future):
                    errors[key] = error
                sorter.done(key)
    return errors


def run_all(items: Iterable[K], task: Callable[[K], object], jobs: int) -> dict[K, BldrError]:
    """Run a task for each item in up to `jobs` threads; return the errors by item."""
    return run_in_order(dict.fromkeys(items, ()), task, jobs)


def map_parallel(items: Iterable[K], function: Callable[[K], V], jobs: int) -> list[V]:
    """Return the result for each item, in the order of the items. Raises the first error."""
    with _thread_pool(jobs) as pool:
        return list(pool.map(function, items))


@contextmanager
def _thread_pool(jobs: int) -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="bldr")
    try:
        yield pool
    except BaseException:  # includes Ctrl-C, which must not start queued tasks
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _failed_dependency(direct: Iterable[K], errors: Mapping[K, BldrError]) -> str | None:
    return min((str(key) for key in direct if key in errors), default=None)


def _first_completed(running: Mapping[Future[object], K]) -> Iterable[Future[object]]:
    return wait(running, return_when=FIRST_COMPLETED).done if running else ()


def _task_error(future: Future[object]) -> BldrError | None:
    try:
        future.result()
    except BldrError as error:
        return error
    return None
