"""The steps of the demonstration. Each prints what it does; commands are shown as a user types them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import requests

from local.demo.repository import Repository
from local.demo.stack import DemoStack

ORIGIN = "demo"
PACKAGES = ("lib", "left", "right", "app", "broken")
HEADER_LINES = 5
"""Lines before the payload of a `.hart`; the next one begins the tar archive."""


class StepFailed(Exception):
    """A step did not have the expected result."""


class Demo:
    """The demonstration on one stack. `folder` receives the installed packages."""

    def __init__(self, stack: DemoStack, repository: Repository, folder: Path) -> None:
        self._stack, self._repository, self._folder = stack, repository, folder
        self._group = ""
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {stack.token}"
        self._environment = {**os.environ, "HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": stack.token}

    def run(self) -> None:
        """Run all steps. Raises StepFailed."""
        self._say(f"A Builder listens on {self._stack.url}. One worker builds plans on this machine.")
        self._create_origin()
        self._connect_plans()
        self._build_each_once()
        self._change_a_plan()
        group = self._build_dependents()
        self._show_failure(group)
        self._promote(group)
        self._install_and_run()
        self._group = group
        print("\nAll of this worked.", flush=True)

    def explain(self) -> None:
        """Print how to look at the results while the stack runs."""
        url, token, group = self._stack.url, self._stack.token, self._group
        print(
            f"""
The Builder keeps running until Ctrl-C. Look at it in another terminal:

  export HAB_BLDR_URL={url} HAB_AUTH_TOKEN={token}
  {_program()} jobs status {group}
  {_program()} jobs status --origin {ORIGIN}
  {_program()} channels {ORIGIN} --sandbox
  curl {url}/v1/depot/pkgs/schedule/{group}?include_projects=true
""",
            flush=True,
        )

    def _create_origin(self) -> None:
        self._say(f"1. Create the origin {ORIGIN} with a signing key.")
        self._post("/depot/origins", {"name": ORIGIN})
        self._post(f"/depot/origins/{ORIGIN}/keys")

    def _connect_plans(self) -> None:
        self._say(f"2. Connect five plans of the git repository {self._repository.url}:")
        print("     lib  <-  left   <-  app\n     lib  <-  right  <-  app\n     lib  <-  broken")
        for name in PACKAGES:
            project = {"origin": ORIGIN, "name": name, "plan_path": f"{name}/plan.sh", "auto_build": True}
            self._post("/projects", {**project, "clone_url": self._repository.url})

    def _build_each_once(self) -> None:
        self._say("3. Build each package once, in the order of the dependencies, and promote it.")
        for name in PACKAGES:
            group = self._start(f"{ORIGIN}/{name}", "--package-only")
            self._bldr("jobs", "promote", group, "stable", "--yes")

    def _change_a_plan(self) -> None:
        self._say("4. Push version 2.0.0 of lib to the repository.")
        self._repository.replace("lib/plan.sh", "pkg_version=1.0.0", "pkg_version=2.0.0")
        self._repository.commit("lib: version 2.0.0")

    def _build_dependents(self) -> str:
        self._say("5. Build lib and everything that depends on it. The check of `broken` fails on purpose.")
        return self._start(f"{ORIGIN}/lib", expected=1)

    def _show_failure(self, group: str) -> None:
        self._say("6. The log says why `broken` failed; nothing else was stopped.")
        log = self._bldr("jobs", "log", f"{ORIGIN}/broken", "--group", group, shown=False)
        print("\n".join(f"     {line}" for line in log.splitlines()[-8:]))

    def _promote(self, group: str) -> None:
        self._say("7. Promote what was built.")
        self._bldr("jobs", "promote", group, "stable", "--yes")

    def _install_and_run(self) -> None:
        self._say("8. Install app from the channel stable, with its dependencies, and run it.")
        archives, root = self._folder / "archives", self._folder / "root"
        root.mkdir()
        self._bldr("download", f"{ORIGIN}/app", "--deps", "--to", str(archives))
        for archive in sorted(archives.rglob("*.hart")):
            _unpack(archive, root)
        programs = sorted(root.glob(f"hab/pkgs/{ORIGIN}/app/*/*/bin/app"))
        if not programs:
            raise StepFailed("the package app has no program")
        environment = {"FS_ROOT": str(root), "PATH": os.environ["PATH"]}
        command = [str(programs[-1])]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603 - just built
        output = done.stdout
        print("".join(f"     {line}\n" for line in output.splitlines()))
        if "left greets with lib 2.0.0" not in output or "right greets with lib 2.0.0" not in output:
            raise StepFailed(f"app was not built with the new lib; it printed: {output + done.stderr!r}")

    def _start(self, package: str, *options: str, expected: int = 0) -> str:
        """Start a job group, watch it to its end, and return its id. Raises StepFailed."""
        output = self._bldr("jobs", "start", package, *options, "--yes", "--watch", expected=expected)
        found = re.search(r"job group (\d+) is queued", output)
        if found is None:
            raise StepFailed(f"no job group was started for {package}")
        return found[1]

    def _bldr(self, *arguments: str, expected: int = 0, shown: bool = True) -> str:
        """Run a command of bldr, show its output, and return it. Raises StepFailed for another exit status."""
        print(f"   $ bldr {' '.join(arguments)}", flush=True)
        process = subprocess.Popen(  # noqa: S603 - arguments of this module
            [sys.executable, "-m", "bldr", *arguments],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if shown:
                print(f"     {line}", end="", flush=True)
        if process.wait() != expected:
            raise StepFailed(f"bldr {arguments[0]} ended with status {process.returncode}:\n{''.join(lines)}")
        return "".join(lines)

    def _post(self, path: str, json: object = None) -> None:
        response = self._session.post(f"{self._stack.url}/v1{path}", json=json, timeout=60)
        if response.status_code not in (200, 201):
            raise StepFailed(f"POST {path} was answered with {response.status_code} {response.text}")

    def _say(self, text: str) -> None:
        print(f"\n{text}", flush=True)


def _program() -> str:
    """The command of `bldr` in a checkout, which does not install the program."""
    return f"{sys.executable} -m bldr"


def _unpack(archive: Path, root: Path) -> None:
    """Unpack the payload of a `.hart`, which begins after its header."""
    with archive.open("rb", buffering=0) as file:  # unbuffered, so that tar begins where the header ends
        for _ in range(HEADER_LINES):
            file.readline()
        if subprocess.run(["tar", "-xJ", "-C", str(root)], stdin=file, check=False).returncode != 0:  # noqa: S603, S607 - tar of the machine
            raise StepFailed(f"tar cannot unpack {archive}")
