"""`python -m infra.package --stage STAGE FOLDER`: build and lint a deployment (`make package`).

Writes to FOLDER: `deployment.zip`; `sam.json`, which is deployed: Chalice's template merged with ours; and
`cloudformation.json`, the result of AWS's transform, so that errors show before the deployment. The archive is for the
Python and the architecture that the template names, with `--here` for those of this machine.
"""

import argparse
import hashlib
import sys
import tempfile
import zipfile
from pathlib import Path

from infra.packaging.archive import build_archive
from infra.packaging.chalice_project import package_code
from infra.packaging.failure import PackagingFailed
from infra.packaging.inspection import MEGABYTE, unpacked_bytes
from infra.packaging.interpreter import find_python
from infra.packaging.target import of_template, this_machine
from infra.packaging.templates import write_templates
from infra.template import read_template


def main() -> int:
    """Build a deployment and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Build and lint a deployment.")
    parser.add_argument("--stage", default="dev", help="a stage of .chalice/config.json (default %(default)s)")
    parser.add_argument("--here", action="store_true", help="build for this machine, from the installed packages")
    parser.add_argument("folder", type=Path)
    options = parser.parse_args()
    try:
        templates = package(options.stage, options.folder, here=options.here)
    except PackagingFailed as problem:
        print(problem, file=sys.stderr)
        return 1
    print("built and linted:", *templates)
    print(_summary(options.folder / "deployment.zip"))
    return 0


def package(stage: str, folder: Path, *, here: bool = False) -> list[Path]:
    """Build a deployment into a folder and return the paths of its two templates. Raises PackagingFailed.

    `here` builds for this machine and from the installed packages, for tests and local trials.
    """
    folder.mkdir(parents=True, exist_ok=True)
    template = read_template()
    target = this_machine() if here else of_template(template)
    python = find_python(target.version)
    with tempfile.TemporaryDirectory() as temporary:
        work, code = Path(temporary), Path(temporary) / "code"
        merged = package_code(stage, template, work, code)
        templates = write_templates(merged, stage, target, folder)
        build_archive(code, target, python, folder / "deployment.zip", installed=here)
    return templates


def _summary(archive: Path) -> str:
    """Return a line about an archive: its sizes, and its digest, which another build of the same commit has as well."""
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    with zipfile.ZipFile(archive) as opened:
        unpacked = unpacked_bytes(opened) / MEGABYTE
    return f"{archive}: {archive.stat().st_size / MEGABYTE:.1f} MB, {unpacked:.1f} MB unpacked, sha256 {digest}"


if __name__ == "__main__":
    sys.exit(main())
