"""Fails a test, or the whole run, when a function made a call that its deployed policy does not allow."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.stack import REPOSITORY
from tests.rights import enforcement

STARTUP = Path(__file__).with_name("startup")


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the folder of notes, which xdist's workers and the API of stacks share with this process."""
    if enforcement.FOLDER in os.environ:
        return
    folder = tempfile.mkdtemp(prefix="rights-")
    config.add_cleanup(lambda: shutil.rmtree(folder))
    os.environ[enforcement.FOLDER] = folder
    os.environ["PYTHONPATH"] = os.pathsep.join([str(STARTUP), str(REPOSITORY)])


@pytest.fixture(autouse=True)
def _every_call_is_permitted() -> Iterator[None]:
    """Fail the test if a call was refused, even if the code that made it ignores failures."""
    refused = enforcement.in_force().refused
    before = len(refused)
    yield
    assert refused[before:] == [], "the deployed function may not do this: see infra/resources"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run if the API of a stack was refused a call."""
    if not hasattr(session.config, "workerinput") and _refused():
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print all refused calls of the run."""
    for cause in sorted(_refused()):
        terminalreporter.line(f"REFUSED BY THE DEPLOYED POLICY: {cause}", red=True)


def _refused() -> set[str]:
    return set().union(*enforcement.noted(enforcement.notes_folder(), "refused").values())
