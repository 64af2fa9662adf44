"""The cold start of the deployed archive: importing the app costs little more than importing its foundation."""

from pathlib import Path

from tests.builders.deployed_code import run_deployed

FOUNDATION = "import chalice, pynamodb.models"
APP = "import app"
CPU_CEILING = 1.25
CALLS_CEILING = 1.29
"""Ratios to the foundation. CPU time is what the budget limits; function calls are the same in every run
(1.27 on Python 3.11, 1.284 on 3.13)."""

ROUNDS = 30
"""Other load can only add CPU time, so a round over the ceiling is repeated and the minimum of all rounds counts."""

COUNT_CALLS = """
calls = []
sys.setprofile(lambda _frame, event, _argument: calls.append(1) if event in ("call", "c_call") else None)
{statement}
sys.setprofile(None)
print(len(calls))
"""
NEVER_AT_START = ("requests", "nacl", "boto3", "tarfile", "s3transfer", "cryptography", "aws_lambda_powertools")


def test_importing_the_app_makes_few_more_function_calls_than_importing_its_foundation(deployed: Path) -> None:
    foundation, app = (int(run_deployed(deployed, COUNT_CALLS.format(statement=each))) for each in (FOUNDATION, APP))

    assert app <= foundation * CALLS_CEILING, f"app {app:,} calls, foundation {foundation:,}"


def test_importing_the_app_takes_little_more_cpu_time_than_importing_its_foundation(deployed: Path) -> None:
    foundation = app = float("inf")
    for _ in range(ROUNDS):
        foundation = min(foundation, _cpu_milliseconds(deployed, FOUNDATION))
        app = min(app, _cpu_milliseconds(deployed, APP))
        if app <= foundation * CPU_CEILING:
            break
    assert app <= foundation * CPU_CEILING, f"app {app:.0f} ms, foundation {foundation:.0f} ms"


def test_the_garbage_collector_does_not_run_while_the_app_is_imported(deployed: Path) -> None:
    collections = "sum(generation['collections'] for generation in gc.get_stats())"
    statement = f"import gc, typing; before = {collections}; import app; print({collections} - before)"

    assert run_deployed(deployed, statement).strip() == "0"


def test_modules_that_only_some_routes_need_are_not_executed_at_start(deployed: Path) -> None:
    executed = "[name for name, module in sys.modules.items() if type(module) is type(sys)]"
    loaded = run_deployed(deployed, f"import app; print(*sorted({{name.partition('.')[0] for name in {executed}}}))")

    assert not set(NEVER_AT_START) & set(loaded.split())


def test_the_api_reads_without_boto3(deployed: Path) -> None:
    code = (
        "import app; from chalicelib.platform import aws; aws.client('dynamodb'); print('boto3.session' in sys.modules)"
    )

    assert run_deployed(deployed, code, _HANDLER="app.app").strip() == "False"
    assert run_deployed(deployed, code, _HANDLER="app.sweep").strip() == "True"


def test_a_loaded_typing_extensions_stays_the_module_that_others_use(deployed: Path) -> None:
    code = "import typing_extensions as loaded, app; print(sys.modules['typing_extensions'] is loaded)"

    assert run_deployed(deployed, code).strip() == "True"


def test_typing_extensions_can_still_be_imported_after_the_app(deployed: Path) -> None:
    code = "import app; print('typing_extensions' in sys.modules); import typing_extensions"

    assert run_deployed(deployed, code).strip() == "False"


def _cpu_milliseconds(folder: Path, statement: str) -> float:
    code = f"import time; start = time.process_time(); {statement}; print(time.process_time() - start)"
    return float(run_deployed(folder, code)) * 1000
