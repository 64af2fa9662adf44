"""`python -m tests.engines [--engine NAME] [ARGUMENTS OF PYTEST]`: run the API tests on other engines.

Each engine is installed into a folder of its own, started for the run, and gets a new table and bucket. The last lines
say how many tests passed, failed and were skipped on each.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from local.children import memory_folder
from tests.builders.stack import REPOSITORY
from tests.engines.engines import ENGINES

DEFAULT_TESTS = ["tests/api"]


def main() -> int:
    """Run the tests on each engine. Returns 1 if a test failed on one of them."""
    parser = argparse.ArgumentParser(prog="python -m tests.engines", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--engine", choices=sorted(ENGINES), action="append", help="default: all")
    options, arguments = parser.parse_known_args()
    results = {name: _run(name, arguments or DEFAULT_TESTS) for name in options.engine or sorted(ENGINES)}
    for name, (_, counts) in results.items():
        print(f"{name}: {counts}")
    return int(any(status for status, _ in results.values()))


def _run(name: str, arguments: list[str]) -> tuple[int, str]:
    """Run pytest on an engine. Returns its exit status and the counts of its results."""
    with (
        tempfile.TemporaryDirectory(prefix="bldr-engine-", dir=memory_folder()) as folder,
        ENGINES[name](Path(folder)) as variables,
    ):
        report = Path(folder, "report.xml")
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junit-xml={report}", *arguments]
        status = subprocess.run(command, cwd=REPOSITORY, env=variables, check=False).returncode
        return status, _counts(report)


def _counts(report: Path) -> str:
    if not report.exists():
        return "no result"
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    total, failed, errors, skipped = (int(suite.attrib[name]) for name in ("tests", "failures", "errors", "skipped"))
    return f"{total - failed - errors - skipped} passed, {failed + errors} failed, {skipped} skipped"


if __name__ == "__main__":
    sys.exit(main())
