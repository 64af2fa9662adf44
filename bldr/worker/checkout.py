"""Clone the repository of a job with git (builds.md 9.2, step 4).

Git reads no configuration of the user or the machine. It gets the password from a program that it runs, never from a
command line or a file, and the password is not in the log.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from msgspec import Struct

from bldr.worker.bundle import Clone
from bldr.worker.errors import WorkerUnusable
from bldr.worker.processes import Output, Program, run_program
from bldr.worker.stopping import StopSignal
from bldr.worker.workspace import Workspace

HTTPS, FILE = "https", "file"

CONFIG = """\
[core]
\thooksPath = /dev/null
\tfsmonitor = false
[safe]
\tdirectory = *
[advice]
\tdetachedHead = false
[http]
\tlowSpeedLimit = 1000
\tlowSpeedTime = 60
[init]
\tdefaultBranch = main
"""

ASK_PASS = """\
#!/bin/sh
# Answers git's questions for user and password, and only those about the host of the repository. The whole question is
# compared, because older versions of git show the user in the URL of a submodule unescaped, which can look like a host.
case "$1" in
  "Username for 'https://$BLDR_GIT_HOST': ") printf '%s\\n' "$BLDR_GIT_USERNAME" ;;
  "Password for 'https://$BLDR_GIT_USERNAME@$BLDR_GIT_HOST': ") printf '%s\\n' "$BLDR_GIT_PASSWORD" ;;
  *) exit 1 ;;
esac
"""


class CheckoutFailed(Exception):
    """The repository cannot be cloned; `str()` is the text for the log."""


class CheckoutRules(Struct, frozen=True):
    """Whether a repository may be a folder of this machine (`file://`), and the limit of its size in bytes."""

    allow_file: bool = False
    most_bytes: int = 4 << 30


def require_git() -> str:
    """Return the path of git. Raises WorkerUnusable."""
    path = shutil.which("git")
    if path is None:
        raise WorkerUnusable("git is not installed; a worker needs it to clone repositories")
    return path


def check_out(clone: Clone, workspace: Workspace, rules: CheckoutRules, output: Output, stop: StopSignal) -> None:
    """Clone the head of the default branch to the workspace's `src`, with its submodules.

    A submodule that cannot be cloned is reported in the log only. Raises CheckoutFailed, Stopped, OSError.
    """
    git = _Git(clone, workspace, rules, output, stop)
    code = git.run(
        "clone",
        *("--depth=1", "--single-branch", "--no-tags", "--no-recurse-submodules", "--template=", "--quiet"),
        *("--", clone.url, str(workspace.src)),
    )
    if code != 0:
        raise CheckoutFailed(f"git cannot clone {clone.url}; it ended with code {code}")
    git.run("-C", str(workspace.src), "log", "--max-count=1", "--format=commit %H of %cI")
    modules = workspace.src / ".gitmodules"
    if modules.is_file() and not modules.is_symlink():
        in_src = ("-C", str(workspace.src))
        if git.run(*in_src, "submodule", "--quiet", "update", "--init", "--recursive", "--depth=1") != 0:
            output("not all submodules were cloned; the build continues without them")


class _Git:
    def __init__(
        self, clone: Clone, workspace: Workspace, rules: CheckoutRules, output: Output, stop: StopSignal
    ) -> None:
        self._program = require_git()
        self._workspace, self._rules, self._output, self._stop = workspace, rules, output, stop
        self._environment = _environment(clone, workspace, _protocols(clone, rules))

    def run(self, *arguments: str) -> int:
        command = (self._program, *arguments)
        program = Program(command, self._workspace.root, self._environment, self._check_size())
        return run_program(program, self._output, self._stop)

    def _check_size(self) -> Callable[[], None]:
        def check() -> None:
            if self._workspace.has_more_than(self._rules.most_bytes):
                raise CheckoutFailed(f"the repository is larger than {self._rules.most_bytes >> 20} MiB")

        return check


def _protocols(clone: Clone, rules: CheckoutRules) -> str:
    """Return the protocols that git may use. Raises CheckoutFailed."""
    scheme = urlsplit(clone.url).scheme
    if scheme == FILE and rules.allow_file:
        return f"{HTTPS}:{FILE}"
    if scheme != HTTPS or "@" in urlsplit(clone.url).netloc:
        raise CheckoutFailed(f"the repository must have a URL that begins with https://, not {scheme or 'nothing'}://")
    return HTTPS


def _environment(clone: Clone, workspace: Workspace, protocols: str) -> dict[str, str]:
    git_folder = workspace.keys.parent / "git"
    git_folder.mkdir(mode=0o700, exist_ok=True)
    (git_folder / "config").write_text(CONFIG)
    environment = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(git_folder),
        "LANG": "C.UTF-8",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(git_folder / "config"),
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": protocols,
        "GIT_ASKPASS": "/bin/false",
    }
    return environment | (_answers(clone, git_folder) if clone.password else {})


def _answers(clone: Clone, git_folder: Path) -> dict[str, str]:
    program = git_folder / "ask-pass"
    program.write_text(ASK_PASS)
    program.chmod(0o700)
    return {
        "GIT_ASKPASS": str(program),
        "BLDR_GIT_HOST": urlsplit(clone.url).netloc,
        "BLDR_GIT_USERNAME": clone.username or "x-access-token",
        "BLDR_GIT_PASSWORD": clone.password,
    }
