"""The Makefile repairs an unusable virtual environment, and says what to do if packages cannot be installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.builders.stack import REPOSITORY

WORKING = f'#!/bin/sh\nexec {sys.executable} "$@"\n'
WITHOUT_PIP = f'#!/bin/sh\nexec {sys.executable} -S "$@"\n'
MAKES_VENVS = f"""#!/bin/sh
case "$*" in
  "-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp working .venv/bin/python ;;
  *) exec {sys.executable} "$@" ;;
esac
"""
CANNOT_MAKE_VENVS = f"""#!/bin/sh
case "$*" in *venv*) exit 1 ;; *) exec {sys.executable} "$@" ;; esac
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with the Makefile, no requirements, and a Python that creates a usable virtual environment."""
    shutil.copy(REPOSITORY / "Makefile", tmp_path)
    for name in "requirements.txt", "requirements-dev.txt":
        (tmp_path / name).touch()
    script(tmp_path / "working", WORKING)
    script(tmp_path / "python", MAKES_VENVS)
    return tmp_path


def test_a_missing_environment_is_created(project: Path) -> None:
    assert make(project).returncode == 0
    assert (project / ".venv" / ".installed").exists()


def test_an_environment_of_a_python_that_is_gone_is_created_again(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/nowhere/python3.11")
    (project / ".venv" / ".installed").touch()

    assert make(project).returncode == 0
    assert is_working(project)


def test_an_environment_without_pip_is_created_again(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    script(project / ".venv" / "bin" / "python", WITHOUT_PIP)

    assert make(project).returncode == 0
    assert is_working(project)


def test_an_interrupted_installation_continues_in_the_same_environment(project: Path) -> None:
    (project / ".venv" / "bin").mkdir(parents=True)
    script(project / ".venv" / "bin" / "python", WORKING)
    (project / ".venv" / "installed before").touch()

    assert make(project).returncode == 0
    assert (project / ".venv" / "installed before").exists()
    assert (project / ".venv" / ".installed").exists()


def test_without_a_network_the_message_says_what_to_do(project: Path) -> None:
    (project / "requirements.txt").write_text("unavailable-package==1.0 --hash=sha256:" + "0" * 64)
    done = make(project)

    assert done.returncode != 0
    assert "needs a network once" in done.stdout
    assert "PIP_FIND_LINKS" in done.stdout
    assert not (project / ".venv" / ".installed").exists()


def test_a_python_that_cannot_create_environments_is_reported(project: Path) -> None:
    script(project / "python", CANNOT_MAKE_VENVS)
    done = make(project)

    assert done.returncode != 0
    assert "install python3-venv" in done.stdout


def make(project: Path) -> subprocess.CompletedProcess[str]:
    """Install the requirements with a package index that has no packages."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "PIP_"))}
    return subprocess.run(
        ["make", ".venv/.installed", "PYTHON=./python"],
        cwd=project,
        env={**environment, "PIP_NO_INDEX": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def is_working(project: Path) -> bool:
    return (project / ".venv" / "bin" / "python").read_text() == WORKING
