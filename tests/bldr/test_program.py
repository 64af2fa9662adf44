"""The program as a shell starts it: exit codes, standard error and imports."""

import os
import subprocess
import sys
from pathlib import Path

from tests.builders.stack import Stack
from tests.builders.waiting import PATIENCE

REPOSITORY = Path(__file__).parents[2]


def run_python(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the repository, with a minimal environment."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_an_error_is_one_line_without_the_token(stack: Stack) -> None:
    result = run_python("-m", "bldr", "tokens", "list", HAB_BLDR_URL=stack.url, HAB_AUTH_TOKEN="_unknown-token")

    assert (result.returncode, result.stdout) == (1, "")
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith("bldr: cannot list your tokens: localhost:")
    assert "_unknown-token" not in result.stderr


def test_wrong_usage_has_exit_code_2() -> None:
    result = run_python("-m", "bldr", "promote")

    assert result.returncode == 2
    assert "Usage: bldr promote" in result.stderr


def test_the_program_imports_only_the_core_of_the_service() -> None:
    loaded = run_python("-c", "import sys, bldr.cli; print(*sys.modules)").stdout.split()

    ours = [name for name in loaded if name.startswith("chalicelib.")]
    assert ours
    assert [name for name in ours if not name.startswith("chalicelib.core")] == []
    assert not {"boto3", "chalice", "pynamodb"} & set(loaded)
