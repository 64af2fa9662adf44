"""A local stack behind a real socket, and the command line of its users."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bldr.command_line import CommandLine
from tests.builders.http_double import HttpDouble, http_double
from tests.builders.stack import Stack, depot_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A local stack that all modules of this folder share."""
    with depot_stack(tmp_path_factory.mktemp("bldr") / "log") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder, so that no configuration of the developer is read."""
    for variable in ("HAB_BLDR_URL", "HAB_AUTH_TOKEN", "HAB_ORIGIN", "FS_ROOT", "BLDR_TO_AUTH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("FS_ROOT", str(folder / "fs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return folder


@pytest.fixture
def unconfigured(home: Path) -> CommandLine:
    """The command line without a configured Builder."""
    return CommandLine()


@pytest.fixture
def bobo(stack: Stack, home: Path) -> CommandLine:
    """The command line of the user bobo."""
    return CommandLine({"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": "bobo"})


@pytest.fixture
def double() -> Iterator[HttpDouble]:
    """A server that sends scripted responses."""
    with http_double() as running:
        yield running
