"""A packaged project, for all tests of the deployment."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra import package
from infra.template import REPOSITORY


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a packaged project. It has no third-party packages, because they would have to be downloaded."""
    folder = tmp_path_factory.mktemp("package")
    project = folder / "project"
    for name in (".chalice", "bldr", "chalicelib", "gateway", "infra", "local", "tests"):
        ignored = shutil.ignore_patterns("__pycache__", "deployments")
        shutil.copytree(REPOSITORY / name, project / name, ignore=ignored)
    shutil.copy(REPOSITORY / "app.py", project)
    (project / "requirements.txt").write_text("")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(package, "REPOSITORY", project)
        package.package("dev", folder / "build")
    return folder / "build"


@pytest.fixture(scope="session")
def packaged(built: Path) -> dict[str, Any]:
    """The template of a packaged project after AWS's transform."""
    template: dict[str, Any] = json.loads((built / "cloudformation.json").read_text())
    return template
