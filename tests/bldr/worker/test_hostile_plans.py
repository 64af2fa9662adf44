"""Plans that attack their worker: what they can read, write and use up, in namespaces of their own."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bldr.worker.sandbox import Isolation, Sandbox
from tests.bldr.worker.builders import PLAN, a_bundle, running_commands
from tests.bldr.worker.fake_builder import JOB_TOKEN, READ_TOKEN, WORKER_TOKEN, FakeBuilder, FakeJob

Repository = Callable[[Mapping[str, str]], str]
Attack = Callable[[str], FakeJob]


@pytest.fixture
def attack(
    builder: FakeBuilder, repository: Repository, build: Callable[[FakeJob], FakeJob], sandbox: Sandbox
) -> Attack:
    """Builds a plan whose build phase is a script, in a job with small limits."""
    if sandbox.isolation is not Isolation.NAMESPACES:
        pytest.skip("this machine does not allow namespaces")

    def do(script: str) -> FakeJob:
        plan = PLAN.replace('do_build() { build_line "compiling"; }', "do_build() {\n" + script + "\n}")
        secret = {"name": "ALLOWED", "value": "allowed-secret"}
        limits = {"seconds": 20, "log_lines": 500, "log_bytes": 100_000}
        return build(builder.add(a_bundle(repository({"plan.sh": plan}), limits=limits, secrets=[secret])))

    return do


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file of this machine that anybody may read and write."""
    path = tmp_path / "canary"
    path.write_text("canary of the host")
    path.chmod(0o666)
    return path


def test_the_environment_contains_no_token(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BLDR_WORKER_TOKEN", WORKER_TOKEN)

    job = attack("env | sort; cat /proc/*/environ | tr '\\0' '\\n'")

    assert "BLDR_TARGET=x86_64-linux" in job.lines
    for token in (WORKER_TOKEN, JOB_TOKEN, READ_TOKEN, "BLDR_WORKER_TOKEN"):
        assert token not in job.log


def test_files_and_processes_of_the_machine_are_not_visible(attack: Attack, canary: Path) -> None:
    job = attack(
        f"cat {canary} || true; ls -la /; ls /home /root /work /var /etc/shadow 2>&1 || true\n"
        "echo processes: $(ls -d /proc/[0-9]* | wc -l)\n"
        "find / -name '*.sig.key' -not -path '/proc/*' 2>/dev/null || true"
    )

    assert job.result["kind"] == "complete", job.log
    assert "canary of the host" not in job.log
    assert ".sig.key" not in job.log
    count = next(line for line in job.lines if line.startswith("processes:"))
    assert int(count.split()[1]) < 8


def test_nothing_outside_can_be_written(attack: Attack, canary: Path) -> None:
    job = attack(
        f"echo overwritten >{canary}\n"
        "for path in /usr/bin/sh /bin/added /etc/passwd /added "
        "/bldr/plan_runner.sh /artifacts/deps /proc/sys/kernel/core_pattern; do\n"
        '  if (echo overwritten >"$path") 2>/dev/null; then echo "wrote $path"; fi\n'
        "done"
    )

    assert canary.read_text() == "canary of the host"
    assert "wrote" not in job.log


def test_rights_cannot_be_gained(attack: Attack) -> None:
    job = attack(
        "grep CapEff /proc/self/status; mount -t tmpfs none /tmp && echo mounted\n"
        "unshare --mount --user --map-root-user cat /proc/self/status 2>/dev/null | grep -c CapEff || true\n"
        "chroot / /bin/true && echo chrooted; kill -9 1 2>/dev/null && echo killed; true"
    )

    assert "CapEff:\t0000000000000000" in job.lines
    assert not {"mounted", "chrooted"} & set(job.lines)


def test_a_process_in_the_background_does_not_survive(attack: Attack, tmp_path: Path) -> None:
    job = attack("setsid nohup bash -c 'exec -a bldr-survivor sleep 300' >/dev/null 2>&1 & disown; sleep 0.2")

    assert job.result["kind"] == "complete", job.log
    assert not any("bldr-survivor" in command for command in running_commands())


def test_a_process_that_keeps_the_output_open_does_not_delay_the_job(attack: Attack) -> None:
    started = time.monotonic()
    job = attack("sleep 300 & disown")

    assert job.result["kind"] == "complete"
    assert time.monotonic() - started < 60


def test_a_fork_bomb_ends_with_the_limit_of_processes(attack: Attack) -> None:
    job = attack("bomb() { bomb | bomb & }; bomb; sleep 1; false")

    assert job.result["kind"] == "failed"
    assert "Resource temporarily unavailable" in job.log
    assert "fork" in job.log


def test_endless_output_ends_with_the_time_limit_and_one_line_in_the_log(builder: FakeBuilder, attack: Attack) -> None:
    job = attack("timeout 3 yes hello; false")

    assert job.result["step"] == "build_package, phase do_build"
    assert job.lines.count("[the log has reached its limit; the rest of the output is not kept]") == 1
    assert len(job.lines) < 500
    assert job.lines[-1] == f"builder_log::end::{job.id}"


def test_a_large_file_is_refused(attack: Attack) -> None:
    job = attack("head -c 200000000 /dev/zero >/tmp/large")

    assert job.result["kind"] == "failed"


def test_many_files_end_with_the_limit_of_disk_space(attack: Attack) -> None:
    job = attack("for n in $(seq 100); do head -c 20000000 /dev/zero >/tmp/$n; sleep 0.1; done")

    assert "the build takes more than 96 MiB on disk" in job.log


def test_an_endless_build_ends_with_the_time_limit(
    builder: FakeBuilder, repository: Repository, build: Callable[[FakeJob], FakeJob]
) -> None:
    plan = PLAN + "do_build() { trap '' TERM; while true; do sleep 1; done; }\n"
    job = build(builder.add(a_bundle(repository({"plan.sh": plan}), limits={"seconds": 3})))

    assert job.result["kind"] == "failed"
    assert job.result["error"] == "timeout"
    assert "stopped: the time limit of the job has passed" in job.lines


def test_results_that_are_links_are_not_followed(attack: Attack, canary: Path) -> None:
    job = attack(f"mkdir -p $pkg_prefix; rm -f /results/pre_build.env; ln -s {canary} /results/pre_build.env")

    assert canary.read_text() == "canary of the host"
    assert job.result["kind"] == "failed"


@pytest.mark.parametrize("ident", ["victim/widget/1/20240101000000", "acme/other/1/20240101000000", "../../etc/x"])
def test_another_package_cannot_be_published(builder: FakeBuilder, attack: Attack, ident: str) -> None:
    script = f"do_end() {{ echo pkg_ident={ident} >/results/pre_build.env; }}"

    job = attack(script)

    assert job.result["kind"] == "failed"
    assert not builder.uploads


def test_the_list_of_files_cannot_be_used_to_sign_another_text(builder: FakeBuilder, attack: Attack) -> None:
    job = attack("do_end() { echo 'something to sign' >/results/files; }")

    assert "the package has file names that the metadata file FILES cannot list" in job.log
    assert job.result["kind"] == "complete"


def test_a_link_in_place_of_the_package_is_not_published(builder: FakeBuilder, attack: Attack) -> None:
    job = attack("do_end() { rm -rf $pkg_prefix; ln -s /etc $pkg_prefix; }")

    assert job.result["kind"] == "failed"
    assert not builder.uploads


def test_the_workspace_is_removed_whatever_the_build_leaves(attack: Attack, tmp_path: Path) -> None:
    job = attack("mkdir -p /tmp/a/b; touch /tmp/a/b/c; chmod 000 /tmp/a; mkdir /src/closed; chmod 0 /src/closed; false")

    assert job.result["kind"] == "failed"
    assert list((tmp_path / "work").iterdir()) == []
