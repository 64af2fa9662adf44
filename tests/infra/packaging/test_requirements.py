"""The packages of an archive are those of the lock, for the Python of the archive and not for the one that packages."""

from pathlib import Path

import pytest

from infra.packaging.failure import PackagingFailed
from infra.packaging.requirements import copy_installed, read_lock
from infra.packaging.target import Target, this_machine

LAMBDA = Target("python3.13", "arm64")

LOCK = """
# comment
everywhere==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
    # via something
before==2.0 ; python_version < "3.12" \\
    --hash=sha256:cc
since==3.0 ; python_version >= "3.12" and platform_machine == "aarch64" \\
    --hash=sha256:dd
elsewhere==4.0 ; sys_platform == "win32" --hash=sha256:ee
"""


def a_package(folder: Path, name: str, *needs: str) -> None:
    """Install an empty package into a folder."""
    metadata = folder / f"{name}-1.0.dist-info"
    metadata.mkdir(parents=True)
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0", *(f"Requires-Dist: {need}" for need in needs)]
    (metadata / "METADATA").write_text("\n".join(lines))
    (metadata / "RECORD").write_text(f"{name}.py,,\n../bin/{name},,\n")
    (folder / f"{name}.py").touch()


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "installed"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def a_lock(folder: Path, text: str) -> Path:
    """Write a lock."""
    lock = folder / "requirements.txt"
    lock.write_text(text)
    return lock


def test_markers_are_those_of_the_target() -> None:
    chosen = [(each.name, hashes.split()) for each, hashes in read_lock(LOCK, LAMBDA)]

    assert chosen == [
        ("everywhere", ["--hash=sha256:aa", "--hash=sha256:bb"]),
        ("since", ["--hash=sha256:dd"]),
    ]


def test_installed_packages_are_copied_without_their_commands(installed: Path, tmp_path: Path) -> None:
    a_package(installed, "aardvark")

    copy_installed(a_lock(tmp_path, "aardvark==1.0 --hash=sha256:aa"), this_machine(), tmp_path / "code")

    assert {path.name for path in (tmp_path / "code").iterdir()} == {"aardvark.py"}


def test_another_version_than_the_locked_one_is_refused(installed: Path, tmp_path: Path) -> None:
    a_package(installed, "aardvark")

    with pytest.raises(PackagingFailed, match=r"aardvark==1\.1 is locked, but 1\.0 is installed"):
        copy_installed(a_lock(tmp_path, "aardvark==1.1"), this_machine(), tmp_path / "code")


def test_a_package_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackagingFailed, match=r"aardvark==1\.1 is not installed"):
        copy_installed(a_lock(tmp_path, "aardvark==1.1"), this_machine(), tmp_path / "code")


def test_a_package_that_only_the_target_needs_must_be_locked(installed: Path, tmp_path: Path) -> None:
    a_package(installed, "aardvark", 'beaver ; python_version >= "3.0"', 'cat ; extra == "cats"')
    (installed / "aardvark-1.0.dist-info" / "RECORD").write_text("aardvark-1.0.dist-info/METADATA,,\n")

    with pytest.raises(PackagingFailed, match="aardvark needs beaver on python3"):
        copy_installed(a_lock(tmp_path, "aardvark==1.0"), this_machine(), tmp_path / "code")


def test_wheels_are_for_linux_on_the_architecture_of_the_template() -> None:
    assert {"manylinux2014_aarch64", "manylinux_2_17_aarch64", "manylinux_2_28_aarch64"} <= set(LAMBDA.platforms())
    assert "manylinux_2_35_aarch64" not in LAMBDA.platforms(), "Amazon Linux 2023 has glibc 2.34"
