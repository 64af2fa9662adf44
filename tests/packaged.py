"""Fixtures of the deployment that `make package HERE=1` builds. The processes of a test run share one."""

import fcntl
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from infra.package import package


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a packaged deployment for this machine: archive and templates."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if own.name.startswith("popen-") else own  # xdist gives each process a folder inside of one
    folder, partial = shared / "deployment", shared / "deployment.partial"
    with (shared / "deployment.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            shutil.rmtree(partial, ignore_errors=True)  # a process failed
            package("dev", partial, here=True)
            partial.rename(folder)
    return folder


@pytest.fixture(scope="session")
def deployed(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the unpacked archive, which is read-only, as on Lambda."""
    folder = tmp_path_factory.mktemp("deployed")
    with zipfile.ZipFile(built / "deployment.zip") as archive:
        archive.extractall(folder)
    for path in (folder, *folder.rglob("*")):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    return folder
