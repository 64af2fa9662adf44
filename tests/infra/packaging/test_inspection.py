"""An archive that Lambda could not run, or would start slowly, is refused."""

import struct
import zipfile
from pathlib import Path

import pytest

from infra.packaging import inspection
from infra.packaging.inspection import faults
from infra.packaging.target import Target

LAMBDA = Target("python3.13", "arm64")


def an_elf(machine: int) -> bytes:
    """Return the beginning of a native module for an architecture."""
    return b"\x7fELF" + bytes(14) + struct.pack("<H", machine)


ARM, X86 = an_elf(183), an_elf(62)


def an_archive(folder: Path, **files: bytes) -> Path:
    """Write an archive of some files."""
    path = folder / "deployment.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("name", ["a.abi3.so", "a.cpython-313-aarch64-linux-gnu.so", "a.so", "a.libs/b.so.1"])
def test_native_modules_of_the_target_pass(tmp_path: Path, name: str) -> None:
    assert not faults(an_archive(tmp_path, **{name: ARM, "app.pyc": b""}), LAMBDA)


@pytest.mark.parametrize("content", [X86, b"MZ of another system"])
@pytest.mark.parametrize("name", ["a.abi3.so", "a.so", "a.libs/b.so.1"])
def test_a_native_module_of_another_architecture_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    assert faults(an_archive(tmp_path, **{name: content}), LAMBDA) == [f"{name} is not for arm64 on Linux"]


@pytest.mark.parametrize("version", ["311", "314"])
def test_a_native_module_of_another_python_is_refused(tmp_path: Path, version: str) -> None:
    name = f"a.cpython-{version}-aarch64-linux-gnu.so"

    assert faults(an_archive(tmp_path, **{name: ARM}), LAMBDA) == [f"{name} is not for python3.13"]


def test_a_source_is_refused(tmp_path: Path) -> None:
    assert faults(an_archive(tmp_path, **{"app.py": b""}), LAMBDA) == ["app.py is not compiled"]


def test_a_large_archive_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspection, "MAX_ZIP_BYTES", 1_000_000)
    monkeypatch.setattr(inspection, "MAX_BYTES", 2_000_000)

    assert faults(an_archive(tmp_path, one=bytes(3_000_000)), LAMBDA) == [
        "the archive has 3.0 MB zipped, more than 1",
        "the archive has 3.0 MB unpacked, more than 2",
    ]
