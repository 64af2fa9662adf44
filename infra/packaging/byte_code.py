"""Compiles an archive, so that no cold start does: Lambda's folder of code is read-only, so each of them would."""

import os
import subprocess
from pathlib import Path

from infra.packaging.failure import PackagingFailed

FOLDER_ON_LAMBDA = "/var/task"


def compile_all(folder: Path, python: str) -> None:
    """Replace all modules of a folder by their byte code. Raises PackagingFailed.

    Tracebacks still have files and lines, but not the text of the lines.
    """
    # -b writes `x.pyc` beside `x.py`, where Python also finds it without the source.
    fixed = ["-q", "-b", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", FOLDER_ON_LAMBDA]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}  # the order of constant sets, so that builds are equal
    command = [python, "-m", "compileall", *fixed, str(folder)]
    done = subprocess.run(command, env=environment, check=False)  # noqa: S603 - paths that we made
    if done.returncode:
        raise PackagingFailed(f"compileall failed with exit status {done.returncode}")
    for source in folder.rglob("*.py"):
        source.unlink()
