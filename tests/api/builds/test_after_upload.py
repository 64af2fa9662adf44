"""Builds that uploads cause (builds.md 6.4)."""

import threading
from typing import Any

import pytest
from msgspec.structs import replace

from chalicelib.builds.groups import after_upload, service
from chalicelib.builds.groups.errors import NotBuiltAutomatically
from chalicelib.core.events.event_kinds import Trigger
from chalicelib.platform import background
from chalicelib.platform.config import config
from tests.api.client import Depot, Reply
from tests.builders.graphs import a_graph_of
from tests.builders.group_rows import entries_of, group_row
from tests.builders.hart import a_hart
from tests.builders.packages import upload as upload_hart
from tests.builders.project_rows import a_stored_project
from tests.builders.recording_engine import RecordingEngine
from tests.builders.uploads import an_upload
from tests.builders.waiting_jobs import a_waiting_job
from tests.builders.workers import a_worker


@pytest.fixture(autouse=True)
def started(engine: RecordingEngine, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Run the work of the background in the request. Returns the names of the roots."""
    roots: list[str] = []

    def start(_: str, work: Any, **event: Any) -> None:
        roots.extend([event["root"]] if "root" in event else [])  # else it finishes an upload in parts
        thread = threading.Thread(target=work, kwargs=event)
        thread.start()
        thread.join()

    monkeypatch.setattr(background, "start", start)
    return roots


@pytest.fixture
def root(engine: RecordingEngine, origin: str) -> str:
    """A name with a dependent; both have projects."""
    engine.graph = a_graph_of({f"{origin}/base": (), f"{origin}/top": [f"{origin}/base"]})
    a_stored_project(f"{origin}/base")
    a_stored_project(f"{origin}/top")
    return f"{origin}/base"


def upload(depot: Depot, root: str, target: str = "x86_64-linux", **query: str) -> Reply:
    origin, _, name = root.partition("/")
    hart = a_hart(origin=origin, name=name, target=target)
    query = {"checksum": hart.checksum, "target": target} | query
    return depot.post(f"/depot/pkgs/{hart.path}", by="lkennedy", body=hart.content, query=query)


def groups(depot: Depot, root: str) -> list[str]:
    listed = depot.get(f"/depot/pkgs/schedule/{root.partition('/')[0]}/status").json()
    return [group["id"] for group in listed]


def test_an_upload_builds_the_dependents_of_the_package(depot: Depot, root: str) -> None:
    assert upload(depot, root).status == 201

    (group,) = groups(depot, root)
    assert list(entries_of(group)) == [root.replace("base", "top")]
    row = group_row(group)
    assert (row.trigger, row.requester_name) == (Trigger.UPLOAD, "lkennedy")


def test_a_worker_does_not_cause_builds(depot: Depot, root: str, started: list[str]) -> None:
    assert upload(depot, root, builder="").status == 201

    assert (started, groups(depot, root)) == ([], [])


@pytest.mark.parametrize("in_parts", [False, True], ids=["raw", "in parts"])
def test_the_token_of_a_job_does_not_cause_builds(depot: Depot, root: str, started: list[str], in_parts: bool) -> None:
    """A worker that leaves the mark out must not start groups whose jobs upload again."""
    origin, _, name = root.partition("/")
    a_waiting_job(origin, name)
    token = a_worker(depot, origin).gets()["token"]
    hart = a_hart(origin=origin, name=name)

    reply = an_upload(depot, hart, by=token).send().complete() if in_parts else upload_hart(depot, hart, token)

    assert (reply.status, started) == (201, [])


def test_an_upload_that_is_refused_causes_no_build(depot: Depot, root: str, started: list[str]) -> None:
    upload(depot, root, builder="")

    assert upload(depot, root).status == 409

    assert started == []


@pytest.mark.parametrize("project", [None, False], ids=["none", "no automatic builds"])
def test_a_package_without_automatic_builds_starts_nothing(
    depot: Depot, origin: str, engine: RecordingEngine, started: list[str], project: bool | None
) -> None:
    if project is not None:
        a_stored_project(f"{origin}/base", auto_build=project)

    assert upload(depot, f"{origin}/base").status == 201

    assert started == []


def test_a_target_that_is_not_built_starts_nothing(depot: Depot, root: str, started: list[str]) -> None:
    assert upload(depot, root, target="aarch64-linux").status == 201

    assert started == []


def test_the_setting_turns_these_builds_off(
    depot: Depot, root: str, started: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(after_upload, "config", replace(config, build_on_upload=False))

    assert upload(depot, root).status == 201

    assert started == []


def test_an_upload_succeeds_although_the_build_cannot_start(
    depot: Depot, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise background.NotStarted

    monkeypatch.setattr(background, "start", fail)

    assert upload(depot, root).status == 201


def test_refusals_of_the_group_are_ignored(depot: Depot, root: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise NotBuiltAutomatically

    monkeypatch.setattr(service, "schedule", refuse)

    after_upload.schedule_dependents(root, "x86_64-linux", 1, upload_id=7)


def test_a_repeated_event_of_an_upload_builds_once(root: str, depot: Depot) -> None:
    for upload_id in (7, 7, 8):
        after_upload.schedule_dependents(root, "x86_64-linux", 1, upload_id)

    assert len(groups(depot, root)) == 2
