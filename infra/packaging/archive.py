"""Builds the archive: code, third-party packages, byte code, and nothing else."""

from pathlib import Path

from infra.packaging import byte_code, requirements
from infra.packaging.failure import PackagingFailed
from infra.packaging.inspection import faults
from infra.packaging.target import Target
from infra.packaging.trimming import trim
from infra.packaging.zip_file import write_zip
from infra.template import REPOSITORY

LOCK = REPOSITORY / "requirements.txt"


def build_archive(code: Path, target: Target, python: str, archive: Path, *, installed: bool) -> None:
    """Complete a folder that contains the code, and write it as an archive. Raises PackagingFailed.

    `python` is the path of a Python of the target's version. `installed` takes the installed packages, which needs no
    network, and is only right for this machine.
    """
    add_packages = requirements.copy_installed if installed else requirements.download
    add_packages(LOCK, target, code)
    trim(code)
    byte_code.compile_all(code, python)
    write_zip(code, archive)
    if problems := faults(archive, target):
        raise PackagingFailed("\n".join(problems))
