"""Runs statements on the code of an unpacked archive, in a new process that has no other packages."""

import subprocess
import sys
from pathlib import Path

ON_THE_PATH = "import sys; sys.path.insert(0, sys.argv[1])\n"
REGION = {"AWS_DEFAULT_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


def run_deployed(folder: Path, code: str, **environment: str) -> str:
    """Return what a program prints that can import only the archive and the standard library."""
    command = [sys.executable, "-I", "-S", "-c", ON_THE_PATH + code, str(folder)]
    done = subprocess.run(command, cwd="/", env=REGION | environment, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout
