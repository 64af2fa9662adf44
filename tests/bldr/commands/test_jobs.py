"""`bldr jobs` with a running Builder and a worker that builds nothing, and with scripted answers."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bldr.address import Address
from bldr.build_shapes import LeftOut
from bldr.commands.jobs import watching
from bldr.commands.jobs.plan import reason_of
from bldr.config import Credentials
from bldr.worker.job_run import JobSettings
from bldr.worker.retrying import StepRetries
from bldr.worker.work_client import WorkClient
from bldr.worker.worker import Worker
from chalicelib.core.builds.build_set import Reason
from chalicelib.core.target import Target
from tests.bldr.command_line import CommandLine
from tests.bldr.worker.builders import FAST, running
from tests.builders.hart import Hart, a_hart
from tests.builders.http_double import HttpDouble, ReceivedRequest, Scripted
from tests.builders.stack import Stack
from tests.builders.stub_strategy import StubStrategy
from tests.builders.waiting import PATIENCE, until

GROUP, JOB = "1762319870923423745", "1762319870923423744"
SCHEDULE = "/v1/depot/pkgs/schedule"
PROGRESS = f"/v1/builds/groups/{GROUP}"
LOG = f"/v1/jobs/{JOB}/log"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read groups without long pauses, and ask for the reasons of a wait each time."""
    monkeypatch.setattr(watching, "SECONDS_BETWEEN_READS", 0.05)
    monkeypatch.setattr(watching, "READS_BETWEEN_WAITS", 1)


@pytest.fixture
def origin(stack: Stack) -> str:
    """A new origin with a signing key."""
    origin = stack.an_origin()
    assert stack.http.post(f"/v1/depot/origins/{origin}/keys").status_code == 201
    return origin


@pytest.fixture
def worker(stack: Stack, origin: str, tmp_path: Path) -> Iterator[None]:
    """A worker of the origin that builds nothing."""
    answer = stack.http.post(f"/v1/workers/{origin}", json={"name": "stub", "targets": ["x86_64-linux"]})
    client = WorkClient(Credentials(Address.parse(stack.url), answer.json()["token"]), "stub")
    settings = JobSettings(tmp_path / "work", None, StepRetries(3, 0.1))
    with running(Worker(client, Target.X86_64_LINUX, StubStrategy(), settings, FAST)):
        yield


@pytest.fixture
def scripted(unconfigured: CommandLine, double: HttpDouble) -> CommandLine:
    """The command line of a user of the server with scripted answers."""
    return CommandLine({"HAB_BLDR_URL": double.url, "HAB_AUTH_TOKEN": "secret"})


def publish(stack: Stack, origin: str, name: str, *deps: Hart) -> Hart:
    """Publish a package that needs other packages."""
    idents = [dep.path for dep in deps]
    hart = a_hart(origin=origin, name=name, deps=idents, tdeps=idents)
    assert stack.upload(hart).status_code == 201
    return hart


def connect(stack: Stack, origin: str, *names: str, auto_build: bool = True) -> None:
    """Connect packages with plans, which the worker does not read."""
    for name in names:
        project = {"origin": origin, "name": name, "plan_path": f"{name}/plan.sh", "auto_build": auto_build}
        answer = stack.http.post("/v1/projects", json={**project, "clone_url": "file:///plans"})
        assert answer.status_code == 201, answer.text


def started(output: str) -> str:
    """Return the id of the group in an output."""
    return output.partition("job group ")[2].partition(" ")[0]


def a_group(state: str, *projects: tuple[str, str, str], group_id: str = GROUP) -> dict[str, Any]:
    """Return the JSON of a group; `projects` are names, states and ids of jobs."""
    return {
        "id": group_id,
        "state": state,
        "project_name": "acme/base",
        "target": "x86_64-linux",
        "created_at": "2026-03-01T12:00:00.000000+00:00",
        "projects": [
            {
                "name": name,
                "state": project_state,
                "job_id": job,
                "ident": f"{name}/1.0/20260301120000",
                "target": "x86_64-linux",
            }
            for name, project_state, job in projects
        ],
    }


def a_plan(*names: str, **more: Any) -> dict[str, Any]:
    """Return the JSON of a plan."""
    return {
        "project_name": "acme/base",
        "target": "x86_64-linux",
        "has_project": True,
        "automatic_builds": True,
        "projects": [{"name": name, "ident": ""} for name in names],
        "left_out": [],
        **more,
    }


def answers_in_turn(double: HttpDouble, path: str, answers: Sequence[Any]) -> None:
    """Send these JSON answers to a path one after the other, then the last one again and again."""
    remaining = list(answers)

    def choose(request: ReceivedRequest) -> Scripted:
        if request.target.partition("?")[0] == path:
            double.answers(request.method, path, remaining.pop(0) if len(remaining) > 1 else remaining[0])
        return double.scripted(request)

    double.choose = choose


def test_a_plan_shows_the_order_and_what_is_left_out(stack: Stack, bobo: CommandLine, origin: str) -> None:
    base = publish(stack, origin, "base")
    middle = publish(stack, origin, "middle", base)
    top = publish(stack, origin, "top", base, middle)
    publish(stack, origin, "tool", base)
    connect(stack, origin, "base", "middle", "top")

    lines = bobo.succeeds("jobs", "start", f"{origin}/base", "--dry-run").splitlines()

    names = [f"{origin}/{name}" for name in ("base", "middle", "top")]
    idents = [hart.path for hart in (base, middle, top)]
    assert lines[:3] == [f"{place}\t{names[place - 1]}\t{idents[place - 1]}" for place in (1, 2, 3)]
    assert lines[4:] == [f"{origin}/tool\tit has no project for x86_64-linux"]
    plan = bobo.json("jobs", "start", f"{origin}/base", "--dry-run", "--package-only")
    assert [each["name"] for each in plan["projects"]] == names[:1]
    assert "job group" not in bobo.succeeds("jobs", "status", "--origin", origin)


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_has_words(reason: Reason) -> None:
    text = reason_of(LeftOut("acme/web", reason, "acme/tool"), "x86_64-linux")

    assert text != reason
    assert "{" not in text
    assert ("acme/tool" in text) == (reason is Reason.DEPENDENCY_LEFT_OUT)


def test_an_unknown_reason_is_shown_unchanged() -> None:
    assert reason_of(LeftOut("acme/web", "moon"), "x86_64-linux") == "moon"


@pytest.mark.usefixtures("worker")
def test_a_build_from_start_to_demotion(stack: Stack, bobo: CommandLine, origin: str) -> None:
    base = publish(stack, origin, "base")
    publish(stack, origin, "top", base)
    connect(stack, origin, "base", "top")

    output = bobo.succeeds("jobs", "start", f"{origin}/base", "--yes", "--watch")

    group = started(output)
    assert f"{origin}/top\tSuccess" in output
    assert output.splitlines()[-1] == "Complete: 2 Success"
    lines = bobo.succeeds("jobs", "status", group).splitlines()
    assert [line.split("\t")[:2] for line in lines] == [[f"{origin}/{name}", "Success"] for name in ("base", "top")]
    assert [each["state"] for each in bobo.json("jobs", "status", group)["projects"]] == ["Success"] * 2
    assert bobo.succeeds("jobs", "status", "--origin", origin).startswith(f"{group}\tComplete\t{origin}/base\t")
    assert bobo.json("jobs", "status", "--origin", origin)[0]["id"] == group
    by_group = bobo.succeeds("jobs", "log", f"{origin}/base", "--group", group)
    assert f"a stub of {origin}/base" in by_group
    assert bobo.succeeds("jobs", "log", "--follow", lines[0].split("\t")[3]) == by_group

    assert "1 package promoted" in bobo.succeeds("jobs", "promote", group, "prod", f"{origin}/top", "--yes")
    top = lines[1].split("\t")[2]
    assert "prod" in bobo.succeeds("channels", top)
    assert "2 packages promoted" in bobo.succeeds("jobs", "promote", group, "stable", "--yes")
    assert "1 package demoted" in bobo.succeeds("jobs", "demote", group, "prod", top, "--yes")
    assert "prod" not in bobo.succeeds("channels", top)
    assert "has built everything" in bobo.succeeds("jobs", "rebuild", group)
    assert "has not built acme/other" in bobo.fails("jobs", "promote", group, "prod", "acme/other", "--yes")


@pytest.mark.usefixtures("worker")
def test_a_failed_build_is_explained_and_built_again(stack: Stack, bobo: CommandLine, home: Path, origin: str) -> None:
    fails = publish(stack, origin, "fails")
    publish(stack, origin, "top", fails)
    connect(stack, origin, "fails", "top")

    output = bobo.fails("jobs", "start", f"{origin}/fails", "--yes", "--watch")

    group = started(output)
    assert "1 Failure, 1 Skipped" in output
    assert f"\n{origin}/fails failed" in output
    assert "the stub fails as its name says" in output
    assert f"`bldr jobs rebuild {group}` builds what is missing" in output
    hank = CommandLine({"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": "hank"}).run("jobs", "status", group)
    assert hank.exit_code == 0
    assert "failed" not in hank.output
    again = bobo.fails("jobs", "rebuild", group, "--watch")
    assert started(again) != group
    assert "1 Failure, 1 Skipped" in again
    assert "none of these packages" in bobo.succeeds("jobs", "rebuild", group, f"{origin}/other")
    assert "has built nothing" in bobo.fails("jobs", "promote", group, "stable", "--yes")


def test_a_waiting_group_says_why_and_can_be_canceled(stack: Stack, bobo: CommandLine, origin: str) -> None:
    publish(stack, origin, "base")
    connect(stack, origin, "base")

    output = bobo.succeeds("jobs", "start", f"{origin}/base", stdin="y\n")

    group = started(output)
    assert f"follow it with `bldr jobs status {group} --watch`" in output
    assert "waiting: No worker that builds x86_64-linux" in bobo.run("jobs", "status", group).stderr
    hank = CommandLine({"HAB_BLDR_URL": stack.url, "HAB_AUTH_TOKEN": "hank"})
    assert "waiting" not in hank.run("jobs", "status", group).output
    assert "has not ended" in bobo.fails("jobs", "rebuild", group)
    first = bobo.json("jobs", "start", f"{origin}/base", "--package-only")
    joined = bobo.succeeds("jobs", "start", f"{origin}/base", "--yes")
    assert f"job group {first['id']} was queued already" in joined
    assert "role" in hank.fails("jobs", "cancel", group)
    for each in group, first["id"], group:
        assert bobo.succeeds("jobs", "cancel", each) == f"job group {each} is Canceled\n"
    assert "NotStarted" not in bobo.succeeds("jobs", "status", group)


def test_a_package_without_a_project_is_not_started(stack: Stack, bobo: CommandLine, origin: str) -> None:
    publish(stack, origin, "base")

    assert f"{origin}/base has no project for x86_64-linux" in bobo.fails("jobs", "start", f"{origin}/base", "--yes")
    assert "there is nothing to build" in bobo.fails("jobs", "start", f"{origin}/base", "--deps-only", "--yes")
    assert bobo.succeeds("jobs", "status", "--origin", origin) == ""


def test_a_target_that_is_not_built_is_named(bobo: CommandLine, origin: str) -> None:
    output = bobo.fails("jobs", "start", f"{origin}/base", "--target", "aarch64-darwin")

    assert "does not build packages for aarch64-darwin" in output


@pytest.mark.parametrize("answer", ["n\n", ""])
def test_nothing_starts_without_confirmation(scripted: CommandLine, double: HttpDouble, answer: str) -> None:
    double.answers("GET", "/v1/builds/plans/acme/base", a_plan("acme/base"))

    output = scripted.run("jobs", "start", "acme/base", stdin=answer).output

    assert "Build 1 package?" in output
    assert "nothing was changed" in output
    assert [request.method for request in double.received] == ["GET"]


def test_flags_and_target_are_sent(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", "/v1/builds/plans/acme/base", a_plan("acme/base"))
    double.answers("POST", f"{SCHEDULE}/acme/base", a_group("Queued"), status=201)

    scripted.succeeds("jobs", "start", "acme/base", "-y", "--deps-only", "--origin-only", "--target", "aarch64-linux")

    query = {"target": "aarch64-linux", "deps_only": "true", "origin_only": "true"}
    assert [request.query for request in double.received] == [query, query]


def test_a_start_whose_answer_is_lost_is_not_repeated(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", "/v1/builds/plans/acme/base", a_plan("acme/base"))
    double.answers("POST", f"{SCHEDULE}/acme/base", status=503)

    scripted.fails("jobs", "start", "acme/base", "-y")

    assert [request.method for request in double.received] == ["GET", "POST"]


def test_a_start_that_builds_nothing_is_refused(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", "/v1/builds/plans/acme/base", a_plan("acme/web"))
    double.answers("POST", f"{SCHEDULE}/acme/base", a_group("Complete", group_id="0"), status=201)

    assert "nothing to build" in scripted.fails("jobs", "start", "acme/base", "-y", "--deps-only")


def test_json_prints_the_group_after_its_end(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", "/v1/builds/plans/acme/base", a_plan("acme/base"))
    double.answers("POST", f"{SCHEDULE}/acme/base", a_group("Queued", ("acme/base", "NotStarted", "0")), status=201)
    groups = [a_group("Dispatching", ("acme/base", state, JOB)) for state in ("InProgress", "InProgress")]
    answers_in_turn(double, f"{SCHEDULE}/{GROUP}", [*groups, a_group("Complete", ("acme/base", "Success", JOB))])

    assert scripted.json("jobs", "start", "acme/base", "--watch")["state"] == "Complete"
    assert scripted.json("jobs", "status", GROUP, "--watch")["state"] == "Complete"


def test_a_watch_prints_a_line_per_change_and_reason(scripted: CommandLine, double: HttpDouble) -> None:
    waiting, running_ = (a_group("Dispatching", ("acme/base", state, JOB)) for state in ("NotStarted", "InProgress"))
    canceled = a_group("Canceled", ("acme/base", "InProgress", JOB))
    ended = a_group("Canceled", ("acme/base", "Canceled", JOB))
    answers_in_turn(double, f"{SCHEDULE}/{GROUP}", [waiting, waiting, running_, canceled, ended])
    wait = {"reason": "no_worker", "text": "No worker \x1b[2Jwas ever seen."}
    double.answers("GET", PROGRESS, {"waits": [wait], "projects": [], "next": None})

    result = scripted.run("jobs", "status", GROUP, "--watch")

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "acme/base\tNotStarted\t" + JOB,
        "waiting: No worker \\x1b[2Jwas ever seen.",
        "acme/base\tInProgress\t" + JOB,
        "acme/base\tCanceled\t" + JOB,
        "Canceled: 1 Canceled",
    ]


def test_failures_of_large_groups_are_found_and_bounded(scripted: CommandLine, double: HttpDouble) -> None:
    names = [f"acme/p{number}" for number in range(8)]
    double.answers("GET", f"{SCHEDULE}/{GROUP}", a_group("Complete", *((name, "Failure", JOB) for name in names)))
    failure = {"code": 1004, "msg": "wk:run:build", "step": "do_build", "last_lines": "one\n\x1b]0;title\x07two"}
    pages = [
        {"waits": [], "projects": [{"name": "acme/built", "job_id": "1", "failure": None}], "next": 1},
        {"waits": [], "projects": [{"name": name, "job_id": JOB, "failure": failure} for name in names], "next": None},
    ]
    answers_in_turn(double, PROGRESS, pages)

    errors = scripted.run("jobs", "status", GROUP).stderr

    assert f"acme/p0 failed in the step do_build (wk:run:build), job {JOB}:\n  one\n  two\n" in errors
    assert errors.count(" failed in the step ") == 5
    assert errors.endswith("3 more failed\n")
    assert [request.query["first"] for request in double.received[1:]] == ["0", "1"]


@pytest.mark.parametrize(
    ("states", "shown"),
    [
        (
            ("Success", "Skipped", "Skipped"),
            "acme/p1 was not built, nor what needs it: it has no project for x86_64-linux",
        ),
        (
            ("Success", "NotFound", "Skipped"),
            "acme/p1 was not built, nor what needs it: its latest release was deleted",
        ),
        (("Success", "Canceled", "Skipped"), ""),
        (("Success", "InProgress", "NotStarted"), ""),
    ],
)
def test_packages_without_a_build_are_explained_if_none_failed(
    scripted: CommandLine, double: HttpDouble, states: tuple[str, ...], shown: str
) -> None:
    projects = [(f"acme/p{number}", state, "0") for number, state in enumerate(states)]
    double.answers("GET", f"{SCHEDULE}/{GROUP}", a_group("Complete", *projects))

    errors = scripted.run("jobs", "status", GROUP).stderr

    assert shown in errors
    assert ("was not built" in errors) is bool(shown)


def test_other_builders_show_a_group_without_reasons(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", f"{SCHEDULE}/{GROUP}", a_group("Complete", ("acme/base", "Failure", JOB)))

    assert scripted.succeeds("jobs", "status", GROUP).startswith("acme/base\tFailure")


def test_a_log_has_only_colours(scripted: CommandLine, double: HttpDouble) -> None:
    lines = ["\x1b[31mred\x1b[0m", "\x1b[2Jcleared\x1b]0;title\x07", "\x1b[1mbold"]
    double.answers("GET", LOG, {"start": 0, "stop": 3, "content": lines, "is_complete": True})

    assert scripted.succeeds("jobs", "log", JOB) == "red\ncleared\nbold\n"
    assert double.received[-1].query == {"start": "0", "wait": "0", "color": "false"}
    assert scripted.succeeds("jobs", "log", JOB, "--color") == "\x1b[31mred\x1b[0m\ncleared\n\x1b[1mbold\n\x1b[0m"
    assert double.received[-1].query["color"] == "true"


def test_a_log_is_followed_to_its_end(
    scripted: CommandLine, double: HttpDouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    parts = [
        {"start": 0, "stop": 1, "content": ["one"], "is_complete": False},
        {"start": 1, "stop": 1, "content": [], "is_complete": False},
        {"start": 1, "stop": 2, "content": ["two"], "is_complete": True},
    ]
    answers_in_turn(double, LOG, parts)

    assert scripted.succeeds("jobs", "log", JOB, "--follow") == "one\ntwo\n"
    assert [request.query["start"] for request in double.received] == ["0", "1", "1"]
    assert {request.query["wait"] for request in double.received} == {"20"}
    assert len(pauses) == 1, "a Builder that answers at once is asked again after a pause"


def test_a_log_that_is_not_followed_ends_with_the_last_line(scripted: CommandLine, double: HttpDouble) -> None:
    parts = [
        {"start": 0, "stop": 1, "content": ["one"], "is_complete": False},
        {"start": 1, "stop": 1, "content": [], "is_complete": False},
    ]
    answers_in_turn(double, LOG, parts)

    assert scripted.succeeds("jobs", "log", JOB) == "one\n"


def test_a_log_without_lines_says_so_on_standard_error(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", LOG, {"start": 0, "stop": 0, "content": [], "is_complete": False})

    result = scripted.run("jobs", "log", JOB)

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == f"the log of job {JOB} has no lines yet\n"


def test_a_log_that_is_missing_says_what_may_be_missing(scripted: CommandLine, double: HttpDouble) -> None:
    result = scripted.run("jobs", "log", JOB)

    assert result.exit_code == 1
    assert "(404); the log of a package that has no release yet can be read once" in result.output


def test_a_missing_log_names_the_package_and_where_its_last_lines_are(
    stack: Stack, bobo: CommandLine, origin: str
) -> None:
    connect(stack, origin, "new")
    group = bobo.json("jobs", "start", f"{origin}/new")["id"]

    output = bobo.fails("jobs", "log", f"{origin}/new", "--group", group)

    assert f"POST /v1/settings/{origin}/new" in output
    assert f"`bldr jobs status {group}` shows the last lines" in output
    assert stack.http.post(f"/v1/settings/{origin}/new").status_code == 201
    assert bobo.succeeds("jobs", "log", f"{origin}/new", "--group", group) == ""


def test_an_origin_without_groups_says_so_on_standard_error(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", f"{SCHEDULE}/acme/status", [])

    result = scripted.run("jobs", "status", "--origin", "acme")

    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "there are no job groups of origin acme\n"
    assert scripted.succeeds("jobs", "status", "--origin", "acme", "--json") == "[]\n"


def test_a_list_of_groups_without_an_origin_names_the_option(scripted: CommandLine) -> None:
    result = scripted.run("jobs", "status")

    assert result.exit_code == 1
    assert "pass --origin ORIGIN or GROUP_ID, or set HAB_ORIGIN" in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("status", "acme/base"), "is not the id of a job group, which is a number"),
        (("cancel", "../x"), "is not the id of a job group, which is a number"),
        (("status", "--watch"), "--watch needs GROUP_ID"),
        (("status", GROUP, "--origin", "acme"), "pass GROUP_ID or --origin, not both"),
        (("start", "acme/base", "--target", "vax"), "'vax' is not a target"),
    ],
)
def test_wrong_usage_says_what_to_write(scripted: CommandLine, arguments: Sequence[str], message: str) -> None:
    result = scripted.run("jobs", *arguments)

    assert result.exit_code == 2
    assert message in result.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("start", "acme"), "'acme' is not a package; write origin/name"),
        (("rebuild", GROUP, "acme/base/1.0"), "'acme/base/1.0' is not a package"),
        (("log", "acme/base"), "`bldr jobs log ORIGIN/NAME --group GROUP_ID`"),
        (("status",), "no origin is configured for the job groups"),
        (("status", GROUP), f"cannot show the job group {GROUP}: 127.0.0.1"),
    ],
)
def test_refusals_say_what_to_do(scripted: CommandLine, arguments: Sequence[str], message: str) -> None:
    assert message in scripted.fails("jobs", *arguments)


def test_a_log_of_a_package_needs_its_job(scripted: CommandLine, double: HttpDouble) -> None:
    double.answers("GET", f"{SCHEDULE}/{GROUP}", a_group("Complete", ("acme/base", "Skipped", "0")))

    assert "does not build 'acme/web'" in scripted.fails("jobs", "log", "acme/web", "--group", GROUP)
    assert "no job for acme/base: its state is Skipped" in scripted.fails("jobs", "log", "acme/base", "--group", GROUP)


def test_a_refusal_quotes_the_builder(scripted: CommandLine, double: HttpDouble) -> None:
    text = b"The group has not ended"
    double.answers("POST", f"/v1/jobs/group/{GROUP}/rebuild", status=409, body=text)

    assert "refuses it (409: The group has not ended)" in scripted.fails("jobs", "rebuild", GROUP)


def test_the_default_target_is_shown_as_users_write_it(unconfigured: CommandLine) -> None:
    assert "[default: x86_64-linux]" in unconfigured.succeeds("jobs", "start", "--help")


AS_FROM_A_TERMINAL = """
import runpy, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
runpy.run_module("bldr", run_name="__main__", alter_sys=True)
"""
"""Runs the command line. A program that a shell has started in the background, and its children, ignore Ctrl-C."""


def test_a_terminal_shows_a_live_table_and_ctrl_c_leaves_the_group(double: HttpDouble) -> None:
    group = a_group("Dispatching", ("acme/base", "InProgress", JOB), ("acme/web", "NotStarted", "0"))
    double.answers("GET", f"{SCHEDULE}/{GROUP}", group)
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", AS_FROM_A_TERMINAL, "jobs", "status", GROUP, "--watch"],
        stdin=child,
        stdout=child,
        stderr=child,
        env={**os.environ, "HAB_BLDR_URL": double.url, "HAB_AUTH_TOKEN": "secret", "TERM": "xterm", "COLUMNS": "120"},
    )
    os.close(child)
    output = bytearray()

    def shows(text: bytes) -> bool:
        output.extend(os.read(parent, 4096))
        return text in output

    try:
        assert until(lambda: shows(b"acme/web"))
        assert until(lambda: shows(b"1 InProgress, 1 NotStarted"))
        process.send_signal(signal.SIGINT)
        assert until(lambda: shows(b"the job group continues"))
        assert process.wait(PATIENCE) == 130
    finally:
        process.kill()
        process.wait()
        os.close(parent)
