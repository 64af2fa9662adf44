"""The programs that store the state are found, checked and missed with one line of advice."""

import hashlib
from pathlib import Path

import pytest

from local.state import programs
from local.state.programs import ProgramsMissing


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ('openjdk version "17.0.15" 2025-04-15\nOpenJDK Runtime', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('openjdk version "22-ea" 2024-03-19', 22),
        ('java version "1.8.0_401"', 1),
        ("java: command not found", None),
    ],
)
def test_the_major_version_of_java(text: str, major: int | None) -> None:
    assert programs.java_major(text) == major


def test_without_java_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramsMissing) as raised:
        programs.ensure_programs(print, {"XDG_CACHE_HOME": str(tmp_path)})
    assert "apt-get install openjdk-17-jre-headless" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_older_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _a_command(tmp_path / "java", "echo 'openjdk version \"11.0.2\"' >&2")
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(ProgramsMissing, match="`java` is older"):
        programs.require_java()


def test_without_npm_one_line_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _a_command(tmp_path / "java", "echo 'openjdk version \"17.0.2\"' >&2")
    (tmp_path / "sh").symlink_to("/bin/sh")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ProgramsMissing, match="apt-get install npm"):
        programs.ensure_programs(print, {"XDG_CACHE_HOME": str(tmp_path)})


def test_a_download_with_another_checksum_is_not_installed(tmp_path: Path) -> None:
    archive = tmp_path / "archive.tgz"
    archive.write_bytes(b"content")
    expected = hashlib.sha512(b"content").hexdigest()

    assert programs._checked(tmp_path, "sha512", expected) == archive
    archive.write_bytes(b"other")
    with pytest.raises(ProgramsMissing, match="it is not installed"):
        programs._checked(tmp_path, "sha512", expected)


def test_an_interrupted_installation_leaves_nothing(tmp_path: Path) -> None:
    def interrupted(_: Path, unpacked: Path) -> None:
        (unpacked / "half").touch()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        programs._install(tmp_path, "program-1", interrupted)
    assert list(tmp_path.iterdir()) == []


def _a_command(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
