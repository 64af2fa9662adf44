"""Finds a Python of the version that a function runs on, because byte code differs between versions."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

from infra.packaging.failure import PackagingFailed

VARIABLE = "LAMBDA_PYTHON"
PROBE = "import sys; print(sys.implementation.name, '%d.%d' % sys.version_info[:2])"


def find_python(version: str) -> str:
    """Return the path of a CPython of a version such as `3.13`. Raises PackagingFailed."""
    for path in _candidates(version):
        if _output(path, "-c", PROBE) == f"cpython {version}":
            return path
    chosen = os.environ.get(VARIABLE)
    if chosen:
        raise PackagingFailed(f"{VARIABLE}={chosen} is not a CPython {version}, which the template names")
    raise PackagingFailed(
        f"CPython {version}, which the template names, was not found. Install it, for example by "
        f"`uv python install {version}` or `pyenv install {version}`, or set {VARIABLE}=/path/to/python{version}"
    )


def _candidates(version: str) -> Iterator[str]:
    """Yield paths that may be a Python of a version. Some may fail, such as pyenv's shims of versions not selected."""
    chosen = os.environ.get(VARIABLE)
    if chosen:
        yield chosen
        return
    yield sys.executable
    yield f"python{version}"
    prefix = _output("pyenv", "prefix", version)
    if prefix:
        yield f"{prefix}/bin/python{version}"
    found = _output("uv", "python", "find", version)
    if found:
        yield found


def _output(program: str, *arguments: str) -> str | None:
    """Return what a program prints, or None if it does not exist or fails."""
    path = shutil.which(program)
    if path is None:
        return None
    done = subprocess.run([path, *arguments], capture_output=True, check=False, text=True)  # noqa: S603 - fixed arguments
    return done.stdout.strip() if done.returncode == 0 else None
