"""The Python that compiles an archive has the version that the template names."""

import os
import sys
from pathlib import Path

import pytest

from infra.packaging.failure import PackagingFailed
from infra.packaging.interpreter import VARIABLE, find_python

VERSION = "3.77"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is all that programs are searched in."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "executable", str(a_program(tmp_path / "running", "echo cpython 3.1")))
    return tmp_path


def a_program(path: Path, *lines: str) -> Path:
    """Write a program for the shell."""
    path.parent.mkdir(exist_ok=True, parents=True)
    path.write_text("\n".join(["#!/bin/sh", *lines]))
    path.chmod(0o755)
    return path


def a_python(path: Path, version: str = VERSION) -> Path:
    """Write a program that is a Python of a version, as far as the search can see."""
    return a_program(path, f"echo cpython {version}")


def test_the_python_on_the_path_is_found(folder: Path) -> None:
    a_python(folder / "python3.77")

    assert find_python(VERSION) == "python3.77"


def test_a_program_that_fails_is_passed_over(folder: Path) -> None:
    a_program(folder / "python3.77", "echo not installed >&2", "exit 127")
    found = a_python(folder / "versions" / "bin" / "python3.77")
    a_program(folder / "pyenv", f'[ "$*" = "prefix 3.77" ] && echo {folder}/versions')

    assert find_python(VERSION) == str(found)


def test_a_python_of_uv_is_found(folder: Path) -> None:
    found = a_python(folder / "elsewhere" / "python3.77")
    a_program(folder / "uv", f'[ "$*" = "python find 3.77" ] && echo {found}')

    assert find_python(VERSION) == str(found)


def test_the_python_that_packages_is_taken_if_it_has_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)

    assert find_python(f"{sys.version_info.major}.{sys.version_info.minor}") == sys.executable


def test_the_variable_is_preferred(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_python(folder / "python3.77")
    monkeypatch.setenv(VARIABLE, str(a_python(folder / "chosen")))

    assert find_python(VERSION) == str(folder / "chosen")


def test_a_variable_with_another_version_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_python(folder / "python3.77")
    monkeypatch.setenv(VARIABLE, str(a_python(folder / "chosen", "3.76")))

    with pytest.raises(PackagingFailed, match=r"LAMBDA_PYTHON=.*/chosen is not a CPython 3\.77"):
        find_python(VERSION)


@pytest.mark.usefixtures("folder")
def test_without_a_python_the_error_says_how_to_get_one() -> None:
    with pytest.raises(PackagingFailed, match=r"`uv python install 3\.77`.* or set LAMBDA_PYTHON=") as failed:
        find_python(VERSION)

    assert os.linesep not in str(failed.value)
