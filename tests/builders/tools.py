"""Programs that a few tests run."""

import shutil

import pytest


def a_program(name: str) -> str:
    """The path of an installed program. Fails the test if it is missing, so that no test is skipped silently."""
    path = shutil.which(name)
    if path is None:
        pytest.fail(f"{name} is not installed; this test needs it")
    return path
