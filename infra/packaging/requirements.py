"""The third-party packages of an archive: those of requirements.txt, with the versions and hashes that it locks."""

import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from infra.packaging.failure import PackagingFailed
from infra.packaging.target import Target


def download(lock: Path, target: Target, folder: Path) -> None:
    """Install the wheels for a target into a folder. Raises PackagingFailed."""
    platforms = [option for tag in target.platforms() for option in ("--platform", tag)]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as chosen:
        # pip evaluates markers for the Python that runs it, so it gets a list without markers.
        chosen.writelines(
            f"{each.name}{each.specifier} {hashes}\n" for each, hashes in read_lock(lock.read_text(), target)
        )
        chosen.flush()
        fixed = ["--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps", "--only-binary=:all:"]
        wheels = ["--implementation", "cp", "--python-version", target.version, *platforms]
        packages = ["--require-hashes", "--requirement", chosen.name, "--target", str(folder)]
        command = [sys.executable, "-m", "pip", "install", *fixed, *wheels, *packages]
        done = subprocess.run(command, check=False)  # noqa: S603 - fixed options and our own file
    if done.returncode:
        raise PackagingFailed(f"pip found no wheels for {target.runtime} on {target.architecture}; it says why above")
    shutil.rmtree(folder / "bin", ignore_errors=True)  # commands of packages, if there are any
    _demand_dependencies(folder, target)


def copy_installed(lock: Path, target: Target, folder: Path) -> None:
    """Copy the installed packages into a folder, which needs no network. Raises PackagingFailed."""
    for requirement, _ in read_lock(lock.read_text(), target):
        copy_distribution(_installed(requirement), folder)
    _demand_dependencies(folder, target)


def copy_distribution(installed: Distribution, folder: Path) -> None:
    """Copy the files of an installed package that are in its folder of packages, so not its commands.

    Raises PackagingFailed.
    """
    if installed.files is None:
        raise PackagingFailed(f"{installed.name} was installed without a list of its files; install it again with pip")
    for file in installed.files:
        if ".." in file.parts or file.suffix == ".pyc":
            continue
        copy = folder / file
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(file.locate()), copy)


def read_lock(text: str, target: Target) -> list[tuple[Requirement, str]]:
    """Return the requirements of a target with the options of their hashes, from a file that pip-compile wrote."""
    lines = text.replace("\\\n", " ").splitlines()
    entries = [line.partition("--hash") for line in lines if line.strip() and not line.strip().startswith("#")]
    locked = [(Requirement(name.strip()), separator + hashes) for name, separator, hashes in entries]
    environment = target.marker_environment()
    return [(each, hashes) for each, hashes in locked if each.marker is None or each.marker.evaluate(environment)]


def _installed(requirement: Requirement) -> Distribution:
    try:
        found = distribution(requirement.name)
    except PackageNotFoundError:
        raise PackagingFailed(f"{requirement} is not installed; `make` installs it") from None
    if not requirement.specifier.contains(found.version, prereleases=True):
        raise PackagingFailed(f"{requirement} is locked, but {found.version} is installed; `make` updates it")
    return found


def _demand_dependencies(folder: Path, target: Target) -> None:
    """Check that no package needs another one only on this target, which the lock of another Python lacks."""
    packages = list(distributions(path=[str(folder)]))
    present = {canonicalize_name(package.name) for package in packages}
    environment = target.marker_environment() | {"extra": ""}
    for package in packages:
        for text in package.requires or ():
            needed = Requirement(text)
            applies = needed.marker is None or needed.marker.evaluate(environment)
            if applies and canonicalize_name(needed.name) not in present:
                raise PackagingFailed(
                    f"{package.name} needs {needed.name} on {target.runtime}: add it to requirements.in and lock again"
                )
