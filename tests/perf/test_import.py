"""The cold start: importing the app costs little more than importing its foundation."""

import os
import subprocess
import sys

from tests.builders.stack import REPOSITORY

FOUNDATION = "import chalice, pynamodb.models"
CPU_CEILING = 1.25
CALLS_CEILING = 1.28
"""Ratios to the foundation. CPU time is what the budget limits; function calls are the same in every run."""

ROUNDS = 30
"""Other load can only add CPU time, so a round over the ceiling is repeated and the minimum of all rounds counts."""

COUNT_CALLS = """
import sys
calls = []
sys.setprofile(lambda _frame, event, _argument: calls.append(1) if event in ("call", "c_call") else None)
{statement}
sys.setprofile(None)
print(len(calls))
"""
NEVER_AT_START = ("requests", "nacl", "boto3", "tarfile", "s3transfer", "cryptography", "aws_lambda_powertools")


def test_importing_the_app_makes_few_more_function_calls_than_importing_its_foundation() -> None:
    _run("import app")  # writes byte code, because compiling makes calls as well
    foundation, app = _function_calls(FOUNDATION), _function_calls("import app")

    assert app <= foundation * CALLS_CEILING, f"app {app:,} calls, foundation {foundation:,}"


def test_importing_the_app_takes_little_more_cpu_time_than_importing_its_foundation() -> None:
    _run("import app")  # writes byte code, which deployed archives also contain
    foundation = app = float("inf")
    for _ in range(ROUNDS):
        foundation, app = min(foundation, _cpu_milliseconds(FOUNDATION)), min(app, _cpu_milliseconds("import app"))
        if app <= foundation * CPU_CEILING:
            break
    assert app <= foundation * CPU_CEILING, f"app {app:.0f} ms, foundation {foundation:.0f} ms"


def test_the_garbage_collector_does_not_run_while_the_app_is_imported() -> None:
    collections = "sum(generation['collections'] for generation in gc.get_stats())"
    statement = f"import gc, typing; before = {collections}; import app; print({collections} - before)"

    assert _run(statement).strip() == "0"


def test_modules_that_only_some_routes_need_are_not_executed_at_start() -> None:
    executed = "[name for name, module in sys.modules.items() if type(module) is type(sys)]"
    loaded = _run(f"import sys, app; print(*sorted({{name.partition('.')[0] for name in {executed}}}))").split()

    assert not set(NEVER_AT_START) & set(loaded)


def test_a_loaded_typing_extensions_stays_the_module_that_others_use() -> None:
    code = "import sys, typing_extensions as loaded, app; print(sys.modules['typing_extensions'] is loaded)"

    assert _run(code).strip() == "True"


def test_typing_extensions_can_still_be_imported_after_the_app() -> None:
    assert (
        _run("import sys, app; print('typing_extensions' in sys.modules); import typing_extensions").strip() == "False"
    )


def _function_calls(statement: str) -> int:
    """Return the number of Python and C calls of a statement in a new process. It is the same in every run."""
    return int(_run(COUNT_CALLS.format(statement=statement)))


def _cpu_milliseconds(statement: str) -> float:
    return (
        float(_run(f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)")) * 1000
    )


def _run(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, check=True, text=True).stdout
