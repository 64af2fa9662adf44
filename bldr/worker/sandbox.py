"""Isolation of the plain strategy: how programs of a plan run apart from the worker and from other builds.

Three kinds, the best that the machine allows: namespaces with a file system of their own; another user, if the worker
is root; none. docs/SECURITY.md, "Builds", says what each isolates.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from bldr.worker import build_users
from bldr.worker.workspace import Workspace

SANDBOX_SCRIPT = Path(__file__).with_name("sandbox.sh")
NAMESPACES = ("--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child")
END_WITH_WORKER = ("setpriv", "--pdeathsig", "KILL")
"""Kills a program when the worker is killed. Its namespaces, and with them all processes of the build, end too."""

TRIAL_SECONDS = 20

KILL_ALL = """
import contextlib, os, signal, sys
user, killer = map(int, sys.argv[1:])
os.setresuid(killer, user, killer)
with contextlib.suppress(ProcessLookupError):
    os.kill(-1, signal.SIGKILL)
"""
"""Kills all processes of a user. Only its effective user is the same, so that they cannot kill this program first."""


class Isolation(StrEnum):
    """The kinds of isolation, best first."""

    NAMESPACES = "namespaces"
    USER = "user"
    NONE = "none"


class ResourceLimits(Struct, frozen=True):
    """Limits of each process of a build: CPU seconds, bytes of memory and of a file; and of their number."""

    cpu_seconds: int = 3600
    memory_bytes: int = 8 << 30
    file_bytes: int = 8 << 30
    processes: int = 1024
    open_files: int = 4096

    @property
    def as_shell(self) -> str:
        """A shell script that sets the limits and executes its arguments."""
        memory, file = self.memory_bytes >> 10, self.file_bytes >> 10
        limits = f"ulimit -c 0 -t {self.cpu_seconds} -n {self.open_files} -u {self.processes} -v {memory} -f {file}"
        return f'{limits} && exec "$@"'


DEFAULT_LIMITS = ResourceLimits()


class Folders(Struct, frozen=True):
    """Where a build finds its folders: `hab` is the parent of `pkgs`; results are for the worker to read."""

    hab: str
    src: str
    artifacts: str
    results: str
    tmp: str
    runner: str


INSIDE = Folders("/hab", "/src", "/artifacts", "/results", "/tmp", "/bldr/plan_runner.sh")  # noqa: S108 - of the sandbox


class Sandbox:
    """Runs the programs of builds with one kind of isolation."""

    def __init__(self, isolation: Isolation) -> None:
        self.isolation = isolation
        self._is_root = os.geteuid() == 0

    def prepare(self, workspace: Workspace, runner: Path) -> Folders:
        """Create the folders of a build in a workspace; return their paths as the build sees them."""
        for name in ("hab/pkgs", "hab/cache", "results", "tmp", "artifacts", "root"):
            (workspace.studio / name).mkdir(parents=True, exist_ok=True)
        if self._is_root and self.isolation is not Isolation.NONE:
            for folder in (workspace.src, *(workspace.studio / name for name in ("hab", "results", "tmp"))):
                _give(folder, build_users.own())
        if self.isolation is Isolation.NAMESPACES:
            return INSIDE
        if self.isolation is Isolation.USER:
            self.end_processes()  # of a worker that was killed
            os.chown(workspace.root, -1, build_users.own())
            workspace.root.chmod(0o710)  # the build users of other workers must not enter
            for folder in (workspace.studio, workspace.studio / "artifacts"):
                folder.chmod(0o755)
        studio = workspace.studio
        names = ("hab", "artifacts", "results", "tmp")
        hab, artifacts, results, tmp = (str(studio / name) for name in names)
        shutil.copyfile(runner, studio / runner.name)
        return Folders(hab, str(workspace.src), artifacts, results, tmp, str(studio / runner.name))

    def command(self, workspace: Workspace, runner: Path, limits: ResourceLimits, command: Sequence[str]) -> list[str]:
        """Return the command line that runs a command in isolation and within limits."""
        limited = ["/bin/bash", "-c", limits.as_shell, "limits", *command]
        if self.isolation is Isolation.NONE:
            return [*END_WITH_WORKER, *limited] if shutil.which(END_WITH_WORKER[0]) else limited
        if self.isolation is Isolation.USER:
            user = str(build_users.own())
            identity = ["--reuid", user, "--regid", user, "--clear-groups"]
            return [*END_WITH_WORKER, *identity, "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", *limited]
        studio = workspace.studio
        mounts = [
            f"rw:{workspace.src}:{INSIDE.src}",
            f"rw:{studio / 'hab'}:{INSIDE.hab}",
            f"rw:{studio / 'results'}:{INSIDE.results}",
            f"rw:{studio / 'tmp'}:{INSIDE.tmp}",
            f"ro:{studio / 'artifacts'}:{INSIDE.artifacts}",
            f"ro:{runner}:{INSIDE.runner}",
        ]
        return [*self._in_namespaces(studio / "root"), *mounts, "--", *limited]

    def end_processes(self) -> None:
        """Kill processes that left the process group. Namespaces end with their first process."""
        if self.isolation is Isolation.USER:
            _kill_all_of(build_users.own())

    def works(self) -> bool:
        """Return whether this machine allows this kind of isolation, by trying it."""
        if self.isolation is Isolation.NONE:
            return True
        if not sys.platform.startswith("linux") or (self.isolation is Isolation.USER and not self._is_root):
            return False
        with tempfile.TemporaryDirectory(prefix="bldr-worker-") as folder:
            workspace = Workspace(Path(folder))
            workspace.src.mkdir()
            try:
                self.prepare(workspace, SANDBOX_SCRIPT)  # fails for root without the capability to change owners
                command = self.command(workspace, SANDBOX_SCRIPT, ResourceLimits(), ["/bin/true"])
                trial = subprocess.run(  # noqa: S603 - fixed arguments
                    command, capture_output=True, timeout=TRIAL_SECONDS, check=False
                )
                return trial.returncode == 0
            except (OSError, subprocess.SubprocessError):
                return False

    def _in_namespaces(self, root: Path) -> list[str]:
        if self._is_root:
            return [
                *END_WITH_WORKER,
                "unshare",
                *NAMESPACES,
                "/bin/bash",
                str(SANDBOX_SCRIPT),
                str(root),
                str(build_users.own()),
            ]
        user_namespace = ("--user", "--map-root-user")
        return [
            *END_WITH_WORKER,
            "unshare",
            *user_namespace,
            *NAMESPACES,
            "/bin/bash",
            str(SANDBOX_SCRIPT),
            str(root),
            "-",
        ]


def best_isolation() -> Isolation:
    """Return the best kind of isolation that this machine allows."""
    return next(isolation for isolation in Isolation if Sandbox(isolation).works())


def _give(folder: Path, user: int) -> None:
    """Make a user the owner of a folder and of all that it contains. Links are not followed."""
    os.chown(folder, user, user)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent, name), user, user, follow_symlinks=False)


def _kill_all_of(user: int) -> None:
    """Kill all processes of a user. Raises OSError, and CalledProcessError if that is not possible.

    They are killed by one call. Processes that are found and killed one by one could escape by starting others.
    """
    users = str(user), str(build_users.killer_of(user))
    command = [sys.executable, "-I", "-S", "-c", KILL_ALL, *users]
    subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - fixed arguments
