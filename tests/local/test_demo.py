"""`make demo`: builds, promotes and runs five packages, and says what is missing on a machine that cannot."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from local.children import listen
from local.demo.machine import PROGRAMS
from tests.builders.stack import REPOSITORY, process_tree
from tests.builders.waiting import PATIENCE, until

COMMAND = [sys.executable, "-m", "local.demo"]
MINUTES = 10 * PATIENCE
"""A minute of work on a busy machine."""


def environment(**settings: str) -> dict[str, str]:
    """Return the environment of a demonstration on any free port."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "BLDR_", "HAB_"))}
    return inherited | {"BLDR_PORT": "0"} | settings


def demo(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the demonstration to its end."""
    command = [*COMMAND, *options]
    variables = environment(**settings)
    return subprocess.run(
        command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, timeout=MINUTES, check=False
    )


def test_the_demonstration_works_whatever_the_environment_says(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    (tmp_path / ".gitconfig").write_text("[commit]\n\tgpgsign = true\n")
    settings = {"HOME": str(tmp_path), "TMPDIR": str(temporary), "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}

    run = demo("--end", HAB_FUNC_TEST="1", BLDR_WORKER="off", **settings)

    assert run.returncode == 0, run.stdout + run.stderr
    assert "Complete: 4 Success, 1 Failure" in run.stdout
    assert "the phase do_check of the plan ended with code 1" in run.stdout
    assert "right greets with lib 2.0.0" in run.stdout
    assert "All of this worked." in run.stdout
    assert not any(path.name.startswith(("bldr-demo-", "bldr-worker-")) for path in temporary.iterdir())


def test_a_terminated_demonstration_ends_its_stack() -> None:
    process = subprocess.Popen(COMMAND, cwd=REPOSITORY, env=environment(), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert any("2. Connect five plans" in line for line in process.stdout)
        processes = process_tree(process.pid)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
        assert until(lambda: not any(Path(f"/proc/{each}").exists() for each in processes))
    finally:
        process.kill()
        process.wait()


def test_a_port_that_is_taken_is_named() -> None:
    with closing(listen("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        run = demo("--end", BLDR_PORT=port)

    assert run.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in run.stderr
    assert "set BLDR_PORT to another port" in run.stderr


def test_missing_programs_are_named(tmp_path: Path) -> None:
    for program in PROGRAMS:
        if program not in ("git", "xz"):
            (tmp_path / program).symlink_to(shutil.which(program) or "/bin/true")

    run = demo("--end", PATH=str(tmp_path))

    assert run.returncode == 1
    assert "not installed: git, xz." in run.stderr
    assert run.stdout == ""
