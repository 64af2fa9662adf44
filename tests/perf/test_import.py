"""The cold start: importing the app costs little more than importing what it stands on (design.md section 7)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUNDATION = "import chalice, pynamodb.models"
CEILING = 1.4
"""Of function calls. The budget of CPU time, 1.25, is too close to measure: 1.26 times the calls take 1.23 of it."""
COUNTED = """
import sys
made = []
sys.setprofile(lambda _frame, event, _argument: made.append(1) if event in ("call", "c_call") else None)
{statement}
sys.setprofile(None)
print(len(made))
"""
NEVER_AT_START = ("requests", "nacl", "boto3", "tarfile", "s3transfer", "cryptography", "aws_lambda_powertools")


def _run(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout.decode()


def _function_calls(statement: str) -> int:
    """The calls that a statement makes in a fresh process, in Python and in C: the same number in every run."""
    return int(_run(COUNTED.format(statement=statement)))


def test_importing_the_app_costs_little_more_than_importing_its_foundation() -> None:
    _run("import app")  # so that byte code is there, as it is in a deployed archive
    foundation, app = _function_calls(FOUNDATION), _function_calls("import app")

    assert app <= foundation * CEILING, f"app {app:,} calls, foundation {foundation:,}"


def test_the_garbage_collector_rests_while_the_app_is_imported() -> None:
    runs = "sum(generation['collections'] for generation in gc.get_stats())"

    assert _run(f"import gc, typing; before = {runs}; import app; print({runs} - before)").strip() == "0"


def test_modules_that_only_some_routes_need_are_not_executed_at_start() -> None:
    executed = "[name for name, module in sys.modules.items() if type(module) is type(sys)]"
    loaded = _run(f"import sys, app; print(*sorted({{name.partition('.')[0] for name in {executed}}}))").split()

    assert not set(NEVER_AT_START) & set(loaded)
