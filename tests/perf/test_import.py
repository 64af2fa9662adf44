"""The cold start: importing the app costs little more than importing what it stands on (design.md section 7)."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
FOUNDATION = "import chalice, pynamodb.models"
CEILING = 1.25
NEVER_AT_START = ("requests", "nacl", "boto3", "tarfile", "s3transfer", "cryptography", "aws_lambda_powertools")


def _run(code: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True)
    return done.stdout.decode()


def _milliseconds(statement: str) -> float:
    clocked = f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    return float(_run(clocked)) * 1000


def test_importing_the_app_costs_at_most_a_quarter_more_than_its_foundation() -> None:
    _run("import app")  # so that byte code is there, as it is in a deployed archive
    foundation = app = float("inf")
    for taken in range(
        30
    ):  # whatever else the machine does only adds time, so the least of several rounds is the truth
        foundation, app = min(foundation, _milliseconds(FOUNDATION)), min(app, _milliseconds("import app"))
        if taken >= 4 and app <= foundation * CEILING:
            break
    assert app <= foundation * CEILING, f"app {app:.0f} ms, foundation {foundation:.0f} ms"


def test_modules_that_only_some_routes_need_are_not_executed_at_start() -> None:
    executed = "[name for name, module in sys.modules.items() if type(module) is type(sys)]"
    loaded = _run(f"import sys, app; print(*sorted({{name.partition('.')[0] for name in {executed}}}))").split()

    assert not set(NEVER_AT_START) & set(loaded)
