"""Tasks in parallel: order, errors, and tasks that are not started."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.errors import BldrError
from bldr.parallel import DependencyFailed, map_parallel, run_all, run_in_order
from tests.bldr.builders import acyclic_graphs
from tests.builders.waiting import PATIENCE


@given(acyclic_graphs(), st.sets(st.integers(0, 11)), st.integers(1, 4))
def test_only_dependents_of_a_failed_task_are_not_started(graph: dict[int, set[int]], bad: set[int], jobs: int) -> None:
    started: list[int] = []
    done: set[int] = set()

    def task(key: int) -> None:
        started.append(key)
        assert graph[key] & graph.keys() <= done, "started before its dependencies were done"
        if key in bad:
            raise BldrError("broken")
        done.add(key)

    errors = run_in_order(graph, task, jobs)

    expected: set[int] = set()
    for key in sorted(graph):
        if graph[key] & graph.keys() <= expected and key not in bad:
            expected.add(key)
    not_started = {key for key, error in errors.items() if isinstance(error, DependencyFailed)}
    assert done == expected
    assert errors.keys() == graph.keys() - expected
    assert not_started == graph.keys() - set(started)


def test_tasks_run_at_the_same_time() -> None:
    barrier = threading.Barrier(3, timeout=PATIENCE)

    assert run_all("abc", lambda _: barrier.wait(), 3) == {}


def test_an_unexpected_exception_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        run_all("a", lambda _: 1 / 0, 2)


def test_results_have_the_order_of_the_items() -> None:
    assert map_parallel([3, 1, 2], lambda number: number * 2, 3) == [6, 2, 4]
