"""Runs `chalice package` on a copy of the project, which gives the code of the archive and the template of the API."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

from infra.packaging.failure import PackagingFailed
from infra.template import REPOSITORY

REGION = "us-east-1"


def package_code(stage: str, template: dict[str, Any], work: Path, code: Path) -> dict[str, Any]:
    """Write the service and Chalice's runtime to the folder `code`, and return our template merged with Chalice's.

    Raises PackagingFailed. The copy has no requirements, because Chalice would take the packages of its own Python.
    Templates are JSON: Chalice writes YAML with aliases, which CloudFormation rejects.
    """
    project, own, built = work / "project", work / "own.json", work / "chalice"
    _copy_project(project)
    own.write_text(json.dumps(template))
    options = ["--stage", stage, "--template-format", "json", "--merge-template", str(own)]
    run("chalice", "--project-dir", str(project), "package", *options, str(built))
    with zipfile.ZipFile(built / "deployment.zip") as archive:
        archive.extractall(code)
    merged: dict[str, Any] = json.loads((built / "sam.json").read_text())
    return merged


def _copy_project(project: Path) -> None:
    project.mkdir()
    for folder in (".chalice", "chalicelib"):
        ignored = shutil.ignore_patterns("__pycache__", "deployments", "deployed", "venv")
        shutil.copytree(REPOSITORY / folder, project / folder, ignore=ignored)
    shutil.copy(REPOSITORY / "app.py", project)
    (project / "requirements.txt").touch()


def run(command: str, *arguments: str) -> None:
    """Run a command of the virtual environment. Raises PackagingFailed."""
    # Byte code that Chalice causes would become part of the archive.
    environment = {"AWS_DEFAULT_REGION": REGION, **os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    program = Path(sys.executable).with_name(command)
    done = subprocess.run([str(program), *arguments], cwd=REPOSITORY, env=environment, check=False)  # noqa: S603 - our own tools
    if done.returncode:
        raise PackagingFailed(f"{command} failed with exit status {done.returncode}")
