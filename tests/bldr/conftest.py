"""A Builder behind a real socket, and the command line pointed at it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bldr.cli import bldr
from bldr.wire import Patience
from tests.builders.hart import Hart
from tests.builders.keys import a_signing_pair
from tests.builders.stack import Stack, depot_stack

IMPATIENT = Patience(repeats=2, pause=0.01, longest_pause=0.02)


@dataclass
class Shell:
    """Runs commands in this process."""

    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: object, answer: str | None = None, **environment: str) -> Result:
        """Run a command with these arguments; `answer` is what stands on its standard input."""
        done = CliRunner(env={**self.environment, **environment}).invoke(
            bldr, [str(argument) for argument in arguments], input=answer, obj=IMPATIENT
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def succeeds(self, *arguments: object, **more: Any) -> str:
        """What a command prints that must succeed."""
        done = self(*arguments, **more)
        assert done.exit_code == 0, done.output
        return done.stdout

    def fails(self, *arguments: object, **more: Any) -> str:
        """Everything that a command prints that must fail with exit code 1."""
        done = self(*arguments, **more)
        assert done.exit_code == 1, done.output
        return done.output

    def json(self, *arguments: object, **more: Any) -> Any:
        """What a command prints for scripts."""
        return json.loads(self.succeeds(*arguments, "--json", **more))


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A whole local stack, for all modules of this folder."""
    with depot_stack(tmp_path_factory.mktemp("bldr") / "log") as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own, so that nobody's configuration matters."""
    for variable in ("HAB_BLDR_URL", "HAB_AUTH_TOKEN", "HAB_ORIGIN", "FS_ROOT", "BLDR_TO_AUTH_TOKEN"):
        monkeypatch.delenv(variable, raising=False)
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("FS_ROOT", str(folder / "fs"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    return folder


@pytest.fixture
def shell(home: Path) -> Shell:
    """The command line without any Builder."""
    return Shell()


@pytest.fixture
def bobo(stack: Stack, home: Path) -> Shell:
    """The command line of the user bobo."""
    return Shell({"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": "bobo"})


def put(folder: Path, *harts: Hart) -> Path:
    """Write archives into a folder, as a build leaves them."""
    folder.mkdir(parents=True, exist_ok=True)
    for hart in harts:
        (folder / hart.archive_name).write_bytes(hart.content)
    return folder


def put_key(folder: Path, origin: str) -> str:
    """Write a fresh public key into a folder; gives its full name."""
    folder.mkdir(parents=True, exist_ok=True)
    public, _ = a_signing_pair(origin)
    (folder / public.file_name).write_text(public.text)
    return str(public.named_revision)
