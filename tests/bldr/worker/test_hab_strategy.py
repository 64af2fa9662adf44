"""The strategy hab with a program in place of `hab`, which records its arguments and environment."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from bldr.worker.errors import WorkerUnusable
from bldr.worker.hab_strategy import HabStrategy
from tests.bldr.worker.builders import PLAN, a_bundle, a_worker, running
from tests.bldr.worker.fake_builder import JOB_TOKEN, READ_TOKEN, WORKER_TOKEN, FakeBuilder, FakeJob, ended
from tests.builders.hart import Hart, a_hart
from tests.builders.waiting import until

HAB = """\
#!/usr/bin/env python3
import json, os, pathlib, sys
here = pathlib.Path(__file__).parent
with open(here / "calls", "a") as calls:
    calls.write(json.dumps({"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}) + "\\n")
print("\\x1b[32mhello from hab\\x1b[0m", flush=True)
if sys.argv[1] == "studio":
    results = pathlib.Path("results")
    results.mkdir()
    for path in (here / "results").iterdir():
        (results / path.name).write_bytes(path.read_bytes())
exec((here / "script").read_text())
"""

ENDS_WELL = "sys.exit(0)"


class FakeHab:
    """The program: what it leaves as results, and what it was called with."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "results").mkdir(parents=True)
        self.path = folder / "hab"
        self.path.write_text(HAB)
        self.path.chmod(0o755)
        self.script(ENDS_WELL)
        docker = folder / "docker"
        docker.write_text(f'#!/bin/sh\necho "$@" >>{folder}/docker-calls\n')
        docker.chmod(0o755)

    @property
    def docker_calls(self) -> list[str]:
        """The arguments of all calls of `docker`."""
        return (self._folder / "docker-calls").read_text().splitlines()

    def script(self, text: str) -> None:
        """Set what the program does in the end."""
        (self._folder / "script").write_text(text)

    def leaves(self, hart: Hart, name: str = "last_build.env", *, windows: bool = False) -> None:
        """Leave an archive and a file of variables."""
        variables = {"pkg_ident": hart.path, "pkg_artifact": hart.archive_name}
        lines = [f'${key}="{value}"' if windows else f"{key}={value}" for key, value in variables.items()]
        (self._folder / "results" / name).write_text("\n".join(lines))
        (self._folder / "results" / hart.archive_name).write_bytes(hart.content)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """All calls."""
        return [json.loads(line) for line in (self._folder / "calls").read_text().splitlines()]


@pytest.fixture
def hab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeHab:
    """A program in place of `hab`, and one in place of `docker`."""
    hab = FakeHab(tmp_path / "hab")
    monkeypatch.setenv("PATH", f"{hab.path.parent}:{os.environ['PATH']}")
    return hab


@pytest.fixture
def url(repository: Callable[[Mapping[str, str]], str]) -> str:
    """A repository with a plan."""
    return repository({"component/habitat/plan.sh": PLAN})


@pytest.fixture
def build(builder: FakeBuilder, hab: FakeHab, tmp_path: Path) -> Callable[[dict[str, Any]], FakeJob]:
    """Lets a worker do one job."""

    def do(bundle: dict[str, Any]) -> FakeJob:
        job = builder.add(bundle)
        a_worker(builder, HabStrategy(str(hab.path)), tmp_path / "work").run(once=True)
        return job

    return do


Build = Callable[[dict[str, Any]], FakeJob]


def test_a_studio_builds_and_the_worker_publishes(builder: FakeBuilder, hab: FakeHab, url: str, build: Build) -> None:
    hart = a_hart()
    hab.leaves(hart)

    job = build(a_bundle(url, plan_path="component/habitat/plan.sh"))

    assert job.result["kind"] == "complete", job.log
    assert hab.calls[0]["arguments"] == ["studio", "build", "-D", "component"]
    assert hab.calls[0]["folder"].endswith(f"/{job.id}/src")
    assert builder.channels["acme/bldr-99"] == [hart.path]
    assert "\x1b[32mhello from hab\x1b[0m" in job.lines


def test_the_environment_is_that_of_the_contract(
    builder: FakeBuilder, hab: FakeHab, url: str, build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BLDR_WORKER_TOKEN", WORKER_TOKEN)
    monkeypatch.setenv("RUST_LOG", "debug")
    monkeypatch.delenv("RUST_BACKTRACE", raising=False)
    monkeypatch.delenv("DEBUG", raising=False)
    monkeypatch.setenv("UNRELATED", "value")
    hab.leaves(a_hart())

    build(a_bundle(url, secrets=[{"name": "API_KEY", "value": "value of the secret"}]))

    environment = hab.calls[0]["environment"]
    keys = environment.pop("HAB_CACHE_KEY_PATH")
    assert Path(keys).name == "keys"
    for unrelated in ("LC_CTYPE", "PATH", "__CF_USER_TEXT_ENCODING"):
        environment.pop(unrelated, None)
    assert environment == {
        "NO_ARTIFACT_PATH": "true",
        "HAB_NONINTERACTIVE": "true",
        "HAB_FEAT_IGNORE_LOCAL": "true",
        "HAB_STUDIO_SECRET_HAB_FEAT_IGNORE_LOCAL": "true",
        "TERM": "xterm-256color",
        "HAB_LICENSE": "accept-no-persist",
        "HAB_STUDIO_SECRET_HAB_LICENSE": "accept-no-persist",
        "HAB_DOCKER_OPTS": "--name builder",
        "HAB_STUDIO_SECRET_API_KEY": "value of the secret",
        "HAB_ORIGIN": "acme",
        "HAB_BLDR_CHANNEL": "bldr-99",
        "HAB_BLDR_URL": builder.url,
        "HAB_AUTH_TOKEN": READ_TOKEN,
        "RUST_LOG": "debug",
    }
    assert JOB_TOKEN not in json.dumps(hab.calls)


def test_packages_of_core_are_installed_from_the_channel_of_the_group(hab: FakeHab, url: str, build: Build) -> None:
    hab.leaves(a_hart(origin="core"))

    build(a_bundle(url, job={"origin": "core"}))

    environment = hab.calls[0]["environment"]
    assert environment["HAB_REFRESH_CHANNEL"] == environment["HAB_STUDIO_SECRET_HAB_REFRESH_CHANNEL"] == "bldr-99"
    assert environment["HAB_FALLBACK_CHANNEL"] == environment["HAB_STUDIO_SECRET_HAB_FALLBACK_CHANNEL"] == "base"


def test_a_failed_build_has_the_ident_of_pre_build(hab: FakeHab, url: str, build: Build) -> None:
    hab.leaves(a_hart(), "pre_build.env")
    hab.script("print('make: *** error', flush=True); sys.exit(3)")

    job = build(a_bundle(url))

    assert job.result["error"] == "wk:run:build"
    assert job.result["ident"] == a_hart().path
    assert job.result["last_lines"].splitlines()[-2:] == ["make: *** error", "hab studio build ended with code 3"]


def test_results_of_windows_are_read(hab: FakeHab, url: str, build: Build) -> None:
    hab.leaves(a_hart(target="x86_64-windows"), "last_build.ps1", windows=True)

    job = build(a_bundle(url, job={"target": "x86_64-windows"}))

    assert hab.calls[0]["arguments"] == ["studio", "build", "-R", "-k", "acme", "."]
    assert job.result["kind"] == "complete"


def test_a_service_is_exported_with_the_integrations_of_the_project(
    hab: FakeHab, url: str, build: Build, builder: FakeBuilder
) -> None:
    hart = a_hart(extra_files={"SVC_USER": b"hab\n"})
    hab.leaves(hart)

    job = build(a_bundle(url, **an_integration()))

    call = hab.calls[1]["arguments"]
    assert call[:3] == ["pkg", "export", "container"]
    assert call[3:-1] == [
        *("--image-name", "org/repo", "--base-pkgs-url", builder.url, "--url", builder.url, "--auth", READ_TOKEN),
        *("--tag-latest", "--tag-version", "--tag-custom", "custom"),
        *("--push-image", "--username", "user", "--password", "registry-password", "--rm-image"),
        *("--registry-url", "https://registry.example", "--registry-type", "docker"),
    ]
    assert call[-1].endswith(hart.archive_name)
    assert job.sections[-2:] == ["export_docker", "publish_package"]
    assert "registry-password" not in job.log


def test_a_package_that_is_not_a_service_is_not_exported(hab: FakeHab, url: str, build: Build) -> None:
    hab.leaves(a_hart())

    job = build(a_bundle(url, **an_integration()))

    assert len(hab.calls) == 1
    assert "export_docker" not in job.sections


def test_a_failed_export_fails_the_job(hab: FakeHab, url: str, build: Build, builder: FakeBuilder) -> None:
    hab.leaves(a_hart(extra_files={"SVC_USER": b"hab\n"}))
    hab.script("sys.exit(1 if sys.argv[1] == 'pkg' else 0)")

    job = build(a_bundle(url, **an_integration()))

    assert (job.result["error"], job.result["step"]) == ("wk:run:export", "export_docker")
    assert not builder.uploads


def test_a_cancel_ends_hab_and_its_children(builder: FakeBuilder, hab: FakeHab, url: str, tmp_path: Path) -> None:
    hab.script(
        "import subprocess, signal, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "child = subprocess.Popen(['sleep', '300'])\n"
        "print('child', child.pid, flush=True)\ntime.sleep(300)"
    )
    job = builder.add(a_bundle(url))
    with running(a_worker(builder, HabStrategy(str(hab.path)), tmp_path / "work")):
        assert until(lambda: "child " in job.log)
        job.cancel = True
        assert ended(job)

    child = next(int(line.split()[1]) for line in job.lines if line.startswith("child "))
    assert job.result["kind"] == "canceled"
    assert until(lambda: not _is_running(child))
    assert hab.docker_calls == ["rm --force builder"] * 2


@pytest.mark.parametrize("ident", ["other/widget/1.2.3/20240301123456", "acme/other/1.2.3/20240301123456"])
def test_another_package_is_refused(builder: FakeBuilder, hab: FakeHab, url: str, build: Build, ident: str) -> None:
    origin, name, *_ = ident.split("/")
    hab.leaves(a_hart(origin=origin, name=name))

    job = build(a_bundle(url))

    assert job.result["kind"] == "failed"
    assert not builder.uploads


def test_a_machine_without_hab_is_reported() -> None:
    with pytest.raises(WorkerUnusable, match="--strategy plain"):
        HabStrategy("no-such-program")


def an_integration() -> dict[str, Any]:
    """Return the integrations of a bundle that exports to a registry."""
    account = {"username": "user", "password": "registry-password", "registry_url": "https://registry.example"}
    tags = {
        "docker_hub_repo_name": "org/repo",
        "latest_tag": True,
        "version_tag": True,
        "version_release_tag": False,
        "custom_tag": "custom",
    }
    return {
        "integrations": [{"name": "docker", "type": "docker", "body": json.dumps(account)}],
        "project_integrations": [{"integration": "docker", "body": tags}],
    }


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
