"""Clones of repositories: protocols, credentials, hooks, submodules, limits."""

import subprocess
import threading
from pathlib import Path

import pytest

from bldr.worker.bundle import Clone
from bldr.worker.checkout import ASK_PASS, CheckoutFailed, CheckoutRules, check_out, require_git
from bldr.worker.errors import WorkerUnusable
from bldr.worker.processes import Program, run_program
from bldr.worker.stopping import Stopped, StopReason, StopSignal
from bldr.worker.workspace import Workspace
from tests.bldr.worker.builders import a_repository, commit

FILES_ALLOWED = CheckoutRules(allow_file=True)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.create(tmp_path / "work", "1")


def a_repository_with_submodule(folder: Path) -> str:
    """Create the repository `inner`, and a repository with a plan that has it as submodule. Return the second's URL."""
    inner = a_repository(folder / "inner", {"file": "of the submodule\n"})
    url = a_repository(folder / "outer", {"plan.sh": ""})
    add = ["git", "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", inner, "inner"]
    subprocess.run(add, cwd=folder / "outer", check=True)
    commit(url, "other", b"")
    return url


def clone(url: str, workspace: Workspace, rules: CheckoutRules = FILES_ALLOWED) -> list[str]:
    """Clone a repository; return the output of git."""
    lines: list[str] = []
    check_out(Clone(url), workspace, rules, lines.append, StopSignal())
    return lines


def test_the_head_of_the_default_branch_is_cloned_without_history(tmp_path: Path, workspace: Workspace) -> None:
    url = a_repository(tmp_path / "repository", {"plan.sh": "first\n"})
    commit(url, "plan.sh", b"second\n")

    lines = clone(url, workspace)

    assert (workspace.src / "plan.sh").read_text() == "second\n"
    count = subprocess.run(
        ["git", "rev-list", "--count", "HEAD"], cwd=workspace.src, capture_output=True, text=True, check=True
    )
    assert count.stdout == "1\n"
    assert lines[0].startswith("commit ")


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/repository.git",
        "git://example.com/repository.git",
        "ssh://git@example.com/repository.git",
        "git@example.com:repository.git",
        "ext::sh -c touch% /tmp/executed",
        "--upload-pack=touch /tmp/executed",
        "https://user:password@example.com/repository.git",
        "/tmp/repository",
        "",
    ],
)
def test_only_https_is_accepted(workspace: Workspace, url: str) -> None:
    with pytest.raises(CheckoutFailed, match="https://"):
        clone(url, workspace)


def test_folders_of_the_machine_need_an_option(tmp_path: Path, workspace: Workspace) -> None:
    url = a_repository(tmp_path / "repository", {"plan.sh": ""})

    with pytest.raises(CheckoutFailed):
        clone(url, workspace, CheckoutRules())


def test_a_repository_that_does_not_exist_fails_with_the_message_of_git(tmp_path: Path, workspace: Workspace) -> None:
    lines: list[str] = []
    with pytest.raises(CheckoutFailed, match="git cannot clone"):
        check_out(Clone((tmp_path / "no").as_uri()), workspace, FILES_ALLOWED, lines.append, StopSignal())

    assert any("does not appear to be a git repository" in line for line in lines), lines


def test_a_stop_ends_a_program(workspace: Workspace) -> None:
    stop = StopSignal()
    slow = Program(["sleep", "300"], workspace.root, {"PATH": "/usr/bin:/bin"})
    threading.Timer(0.2, stop.request, [StopReason.CANCELED]).start()

    with pytest.raises(Stopped):
        run_program(slow, lambda _: None, stop)


def test_the_configuration_of_the_user_is_not_read(
    tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / "template/hooks").mkdir(parents=True)
    hook = home / "template/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\n")
    hook.chmod(0o755)
    (home / ".gitconfig").write_text(f"[init]\n\ttemplateDir = {home}/template\n")
    monkeypatch.setenv("HOME", str(home))
    url = a_repository(tmp_path / "repository", {"plan.sh": ""})
    (tmp_path / "executed").unlink(missing_ok=True)

    clone(url, workspace)

    assert not (tmp_path / "executed").exists()


def test_submodules_are_cloned(tmp_path: Path, workspace: Workspace) -> None:
    url = a_repository_with_submodule(tmp_path)

    clone(url, workspace)

    assert (workspace.src / "inner/file").read_text() == "of the submodule\n"


def test_a_submodule_that_cannot_be_cloned_is_only_reported(tmp_path: Path, workspace: Workspace) -> None:
    url = a_repository_with_submodule(tmp_path)
    (tmp_path / "inner").rename(tmp_path / "gone")

    assert "not all submodules were cloned; the build continues without them" in clone(url, workspace)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Username for 'https://github.com': ", "x-access-token\n"),
        ("Password for 'https://x-access-token@github.com': ", "secret-of-github\n"),
        ("Username for 'https://evil.example': ", ""),
        ("Password for 'https://x-access-token@evil.example': ", ""),
        ("Password for 'https://x-access-token@github.com.evil.example': ", ""),
        ("Password for 'https://x@github.com'@evil.example': ", ""),  # older versions of git do not encode the user
        ("Username for 'https://github.com': https://evil.example", ""),
    ],
)
def test_the_password_is_only_for_the_host_of_the_repository(tmp_path: Path, question: str, answer: str) -> None:
    program = tmp_path / "ask-pass"
    program.write_text(ASK_PASS)
    program.chmod(0o755)
    environment = {
        "BLDR_GIT_HOST": "github.com",
        "BLDR_GIT_USERNAME": "x-access-token",
        "BLDR_GIT_PASSWORD": "secret-of-github",
    }

    done = subprocess.run([program, question], env=environment, capture_output=True, text=True, check=False)

    assert done.stdout == answer


def test_a_machine_without_git_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(WorkerUnusable, match="git is not installed"):
        require_git()
