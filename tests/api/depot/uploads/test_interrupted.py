"""A completion may be interrupted anywhere; a repeat publishes the package exactly once (uploads/finishing.py)."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

from chalicelib.catalog.package_rows import PackageRow, package_key
from chalicelib.core.target import Target
from chalicelib.packages import artifacts, hints
from chalicelib.packages.upload import publish
from chalicelib.platform import background, object_store, table, transfers
from chalicelib.platform.aws import client
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.uploads import finishing, rows, service, staging
from chalicelib.uploads.rows import UploadRow
from tests.api.client import Depot
from tests.builders.hart import Hart, a_hart
from tests.builders.names import a_name
from tests.builders.uploads import an_upload
from tests.builders.waiting import PATIENCE


class Killed(BaseException):
    """The process ended. Not an Exception, so that the code under test does not catch it."""


def package_row(hart: Hart) -> PackageRow:
    row = table.read(package_key(hart.ident, Target(hart.target)))
    assert row is not None
    return row


@pytest.fixture
def interruptible(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts run in the request and may be killed; their leases end at once, and completions do not wait."""

    def run(_function: str, work: Callable[..., None], **event: Any) -> None:
        with suppress(Killed):
            work(**event)

    monkeypatch.setattr(background, "start", run)
    monkeypatch.setattr(rows, "LEASE_SECONDS", -1)
    monkeypatch.setattr(service, "WAIT_SECONDS", 0)


def kill_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, after: bool) -> None:
    """Kill the process at the first call of a function, before or after the call's effect."""
    real, pending = getattr(owner, name), [True]

    def call(*arguments: Any, **named: Any) -> Any:
        if not pending:
            return real(*arguments, **named)
        pending.pop()
        if after:
            real(*arguments, **named)
        raise Killed

    monkeypatch.setattr(owner, name, call)


STEPS = {
    "join": (staging, "join"),
    "read": (object_store.Stream, "read"),
    "copy": (artifacts, "copy"),
    "hints": (hints, "put_many"),
    "rows": (Change, "commit"),
    "clean up": (staging, "discard"),
}


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_repeat_publishes_the_package_once(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch, step: str, after: bool
) -> None:
    started = an_upload(depot, hart).send()
    real_acquire = rows.acquire_lease

    def acquire(row: UploadRow) -> int:  # The first attempt is killed, not the request that starts it.
        attempt = real_acquire(row)
        if attempt == 1:
            kill_once(monkeypatch, *STEPS[step], after=after)
        return attempt

    monkeypatch.setattr(rows, "acquire_lease", acquire)

    first = started.complete()
    is_published = (step, after) in {("rows", True), ("clean up", False), ("clean up", True)}
    assert first.status == (201 if is_published else 202)
    assert depot.get(hart.url).status == (200 if is_published else 404)

    assert [started.complete().status for _ in range(2)] == [201, 201]
    assert depot.get(f"{hart.url}/download").body == hart.content
    listed = depot.get(f"/depot/pkgs/{hart.ident.origin}/{hart.ident.name}").json()
    assert listed["total_count"] == 1
    assert depot.get(hart.in_channel("unstable")).status == 200


def test_a_failure_of_the_object_store_is_502_and_a_repeat_succeeds(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ObjectStoreFailed

    started = an_upload(depot, hart).send()
    with monkeypatch.context() as fault:
        fault.setattr(artifacts, "copy", fail)
        assert started.complete().status == 502
        assert started.state()["state"] == "open"
        assert depot.get(hart.url).status == 404

    assert started.complete().status == 201


def test_a_lost_staged_archive_is_404(depot: Depot, hart: Hart) -> None:
    started = an_upload(depot, hart).send()
    staging.join(started.id, rows.find(started.id).multipart)
    client("s3").delete_object(Bucket=config.bucket, Key=staging.key_of(started.id))

    assert started.complete().status == 404
    assert depot.get(hart.url).status == 404


def test_an_expired_upload_is_404_before_the_table_deletes_it(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "LIFE_SECONDS", -1)
    started = an_upload(depot, hart)

    assert depot.get(started.url, by="bobo").status == 404
    assert started.complete().status == 404


def test_concurrent_completions_start_one_attempt_and_get_one_answer(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def counted(*arguments: Any) -> None:
        attempts.append(1)
        publish(*arguments)

    monkeypatch.setattr(finishing, "publish", counted)
    started = an_upload(depot, hart).send()

    with ThreadPoolExecutor(8) as clients:
        replies = list(clients.map(lambda _: started.complete(), range(8)))

    assert {(reply.status, reply.text) for reply in replies} == {(201, f"/pkgs/{hart.path}/download")}
    assert len(attempts) == 1


def test_an_attempt_that_lost_its_lease_cannot_publish(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = an_upload(depot, hart).send()
    copied, released, ended = threading.Event(), threading.Event(), threading.Event()
    copy, finish, first = artifacts.copy, finishing.finish, [True]

    def slow_first_copy(*arguments: Any) -> None:
        copy(*arguments)
        if first and first.pop():
            copied.set()
            assert released.wait(PATIENCE)

    def watched(**event: Any) -> None:
        finish(**event)
        if event["attempt"] == 1:
            ended.set()

    monkeypatch.setattr(artifacts, "copy", slow_first_copy)
    monkeypatch.setattr(finishing, "finish", watched)
    monkeypatch.setattr(rows, "LEASE_SECONDS", -1)
    monkeypatch.setattr(service, "WAIT_SECONDS", 0)
    assert started.complete().status == 202
    assert copied.wait(PATIENCE)

    monkeypatch.setattr(service, "WAIT_SECONDS", PATIENCE)
    assert started.complete().status == 201
    artifact = package_row(hart).artifact
    released.set()
    assert ended.wait(PATIENCE)

    assert package_row(hart).artifact == artifact
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_a_working_attempt_sends_heartbeats(depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch) -> None:
    heartbeats = []
    renew_lease = rows.renew_lease

    def renew(row: UploadRow) -> None:
        heartbeats.append(row.attempt)
        renew_lease(row)

    monkeypatch.setattr(finishing, "HEARTBEAT_SECONDS", 0)
    monkeypatch.setattr(rows, "renew_lease", renew)

    assert an_upload(depot, hart).send().complete().status == 201
    assert len(heartbeats) >= 3, "while the archive is read, and while it is copied"


def test_a_function_that_does_not_start_is_503(depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch) -> None:
    started = an_upload(depot, hart).send()

    def refuse(*_: Any, **__: Any) -> None:
        raise background.NotStarted

    monkeypatch.setattr(background, "start", refuse)

    assert started.complete().status == 503


def test_a_large_archive_is_copied_in_parts(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfers, "COPY_PART_BYTES", 5 << 20)
    small = a_hart(origin=origin, name=a_name("big"), payload=bytes(range(256)) * 10)
    # Padding after the xz stream is part of the archive.
    hart = Hart(small.content + bytes(11 << 20), small.ident, small.target)

    assert an_upload(depot, hart).send().complete().status == 201
    assert depot.get(f"{hart.url}/download").body == hart.content
    stored = client("s3").head_object(Bucket=config.bucket, Key=package_row(hart).artifact)
    assert stored["ETag"].endswith('-3"')
    assert stored["ContentType"] == "application/octet-stream"
    assert stored["ContentDisposition"] == f'attachment; filename="{hart.archive_name}"'
