"""The git repository of the demonstration, with one folder per plan."""

import os
import shutil
import subprocess
from pathlib import Path

PLANS = Path(__file__).with_name("plans")
AUTHOR = ("-c", "user.name=demo", "-c", "user.email=demo@example.com")
OWN_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
"""The user may sign commits or run hooks."""


class Repository:
    """A git repository with a copy of the plans."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(PLANS, folder)
        self._git("init", "--quiet", "--initial-branch=main")
        self.commit("Add five plans")

    @property
    def url(self) -> str:
        """The URL to clone."""
        return f"file://{self.folder}"

    def replace(self, path: str, old: str, new: str) -> None:
        """Replace a text in a file. Raises ValueError if the file does not contain it."""
        file = self.folder / path
        text = file.read_text()
        if old not in text:
            raise ValueError(f"{path} does not contain {old!r}")
        file.write_text(text.replace(old, new))

    def commit(self, message: str) -> None:
        """Commit all changes."""
        self._git("add", "--all")
        self._git(*AUTHOR, "commit", "--quiet", "--message", message)

    def _git(self, *arguments: str) -> None:
        command = ["git", "-C", str(self.folder), *arguments]
        subprocess.run(command, check=True, env={**os.environ, **OWN_CONFIGURATION})  # noqa: S603 - git of the machine
