"""Starts the files first that take longest, so that no process waits for one of them at the end of the run.

A file is the smallest unit that a process gets. Without this, xdist starts files with many tests first, and those with
few long ones last.
"""

import pytest

LONGEST = (
    "tests/engine/packages/test_concurrency.py",
    "tests/kills/test_kills.py",
    "tests/local/test_supervisor.py",
    "tests/faults/test_outages.py",
    "tests/faults/test_transient_faults.py",
    "tests/local/test_demo.py",
    "tests/perf/test_job_groups.py",
    "tests/perf/test_costliest.py",
    "tests/perf/test_growth.py",
    "tests/engine/builds/workers/test_interruptions.py",
    "tests/engine/origins/test_concurrency.py",
    "tests/engine/builds/test_interruptions.py",
    "tests/engine/packages/test_hints.py",
    "tests/engine/builds/test_large_groups.py",
    "tests/infra/packaging/test_archive.py",
    "tests/infra/test_package.py",
    "tests/api/docs/test_answers_are_described.py",
    "tests/infra/restore/test_drill.py",
)
"""The files that take more than ten seconds. The others follow in alphabetical order."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by file. The order within a file stays."""
    position = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: position.get(item.nodeid.partition("::")[0], len(LONGEST)))
