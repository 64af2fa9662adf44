"""The modules of benchmarks leave the environment of tests, and of the programs that tests start, as it is."""

import importlib
import os

import pytest

MODULES = ("bench", "contention", "costliest", "job_groups", "long_changes", "partition_load")


@pytest.mark.parametrize("module", MODULES)
def test_importing_a_benchmark_changes_no_variable(module: str) -> None:
    importlib.import_module(f"tests.perf.{module}")

    settings = {name: value for name, value in os.environ.items() if name.startswith("BLDR_")}
    assert settings["BLDR_TABLE"] == "bldr"
    assert "BLDR_SECRET_KEY" not in settings
