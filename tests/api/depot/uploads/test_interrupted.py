"""A completion that dies anywhere: a repeat converges, and the package is there once and whole (finishing.py)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from chalicelib.packages import artifacts, upload
from chalicelib.platform import background, object_store, transfers
from chalicelib.platform.aws import client
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.object_store import ObjectStoreFailed
from chalicelib.uploads import finishing, service, staging
from chalicelib.uploads import rows as store
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload
from tests.builders.waiting import PATIENCE


class Killed(BaseException):
    """The process is gone; nothing of ours may catch this."""


@pytest.fixture
def hart(depot):
    return a_hart(origin=an_origin(depot), name=a_name("tool"))


@pytest.fixture
def mortal(monkeypatch):
    """Attempts run at once and may be killed; a dead one counts as dead at once, and nobody waits for it."""

    def run(_function, work, **event):
        with suppress(Killed):
            work(**event)

    monkeypatch.setattr(background, "start", run)
    monkeypatch.setattr(store, "LEASE_SECONDS", -1)
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0)


def killed_once(monkeypatch, owner, name, after):
    """Die at the first call of a function, before it does anything or when it is done."""
    real, lives = getattr(owner, name), [True]

    def call(*args, **named):
        if lives.pop() if lives else False:
            if after:
                real(*args, **named)
            raise Killed
        return real(*args, **named)

    monkeypatch.setattr(owner, name, call)


STEPS = {
    "join": (staging, "join"),
    "read": (object_store.Stream, "read"),
    "copy": (artifacts, "copy"),
    "hints": (upload, "put_many"),
    "rows": (Change, "commit"),
    "tidy": (staging, "discard"),
}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_repeat_after_a_death_anywhere_publishes_the_package_once(depot, hart, mortal, monkeypatch, step, after):
    begun = an_upload(depot, hart).send()
    real_claim = store.claim

    def claim(row):  # the kill is for the attempt, not for the request that begins it
        attempt = real_claim(row)
        if attempt == 1:
            killed_once(monkeypatch, *STEPS[step], after=after)
        return attempt

    monkeypatch.setattr(store, "claim", claim)

    first = begun.complete()
    published = (step, after) in {("rows", True), ("tidy", False), ("tidy", True)}
    assert first.status == (201 if published else 202)
    assert depot.get(hart.url).status == (200 if published else 404)

    assert [begun.complete().status for _ in range(2)] == [201, 201]
    assert depot.get(f"{hart.url}/download").body == hart.content
    assert depot.get(f"/depot/pkgs/{hart.ident.origin}").json()["total_count"] == 1
    assert depot.get(hart.in_channel("unstable")).status == 200


def test_a_store_that_fails_is_502_and_a_repeat_succeeds(depot, hart, monkeypatch):
    begun = an_upload(depot, hart).send()
    with monkeypatch.context() as patched:
        patched.setattr(artifacts, "copy", _fail)
        assert begun.complete().status == 502
        assert begun.state()["state"] == "open"
        assert depot.get(hart.url).status == 404

    assert begun.complete().status == 201


def _fail(*_):
    raise ObjectStoreFailed


def test_a_staged_archive_that_is_gone_is_404(depot, hart):
    begun = an_upload(depot, hart).send()
    upload_id = begun.url.rpartition("/")[2]
    staging.join(upload_id, store.find(upload_id).multipart)
    client("s3").delete_object(Bucket=config.bucket, Key=staging.key_of(upload_id))

    assert begun.complete().status == 404
    assert depot.get(hart.url).status == 404


def test_an_expired_upload_is_gone_before_the_table_notices(depot, hart, monkeypatch):
    monkeypatch.setattr(service, "LIFE_SECONDS", -1)
    begun = an_upload(depot, hart)

    assert depot.get(begun.url, by="bobo").status == 404
    assert begun.complete().status == 404


def test_many_completions_at_once_begin_one_attempt_and_get_one_answer(depot, hart, monkeypatch):
    attempts = []
    publish = finishing.publish
    monkeypatch.setattr(finishing, "publish", lambda *told: (attempts.append(1), publish(*told)))
    begun = an_upload(depot, hart).send()

    with ThreadPoolExecutor(8) as crowd:
        replies = list(crowd.map(lambda _: begun.complete(), range(8)))

    assert {(reply.status, reply.text) for reply in replies} == {(201, f"/pkgs/{hart.path}/download")}
    assert len(attempts) == 1


def test_an_attempt_that_was_taken_for_dead_cannot_publish_any_more(depot, hart, monkeypatch):
    begun = an_upload(depot, hart).send()
    copied, go_on, over = threading.Event(), threading.Event(), threading.Event()
    copy, finish, turns = artifacts.copy, finishing.finish, [True]

    def slow_at_first(*told):
        copy(*told)
        if turns and turns.pop():
            copied.set()
            assert go_on.wait(PATIENCE)

    def noted(**event):
        finish(**event)
        if event["attempt"] == 1:
            over.set()

    monkeypatch.setattr(artifacts, "copy", slow_at_first)
    monkeypatch.setattr(finishing, "finish", noted)
    monkeypatch.setattr(store, "LEASE_SECONDS", -1)
    monkeypatch.setattr(service, "PATIENCE_SECONDS", 0)
    assert begun.complete().status == 202
    assert copied.wait(PATIENCE)

    monkeypatch.setattr(service, "PATIENCE_SECONDS", PATIENCE)
    assert begun.complete().status == 201
    artifact = upload.read(upload.package_rows.package_key(hart.ident, hart.target)).artifact
    go_on.set()
    assert over.wait(PATIENCE)

    assert upload.read(upload.package_rows.package_key(hart.ident, hart.target)).artifact == artifact
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_an_attempt_at_work_gives_signs_of_life(depot, hart, monkeypatch):
    signs = []
    renew = store.renew
    monkeypatch.setattr(finishing, "SIGN_OF_LIFE_SECONDS", 0)
    monkeypatch.setattr(store, "renew", lambda row: (signs.append(row.attempt), renew(row)))

    assert an_upload(depot, hart).send().complete().status == 201
    assert len(signs) >= 3, "reading to the end, and the copy"


def test_a_function_that_cannot_be_invoked_is_503(depot, hart, monkeypatch):
    begun = an_upload(depot, hart).send()

    def refuse(*_, **__):
        raise background.NotStarted

    monkeypatch.setattr(background, "start", refuse)

    assert begun.complete().status == 503


def test_a_large_archive_is_copied_in_parts(depot, hart, monkeypatch):
    monkeypatch.setattr(transfers, "COPY_PART_BYTES", 5 << 20)
    big = a_hart(origin=hart.ident.origin, name=a_name("big"), payload=bytes(range(256)) * 10, extra_files={})
    content = big.content + bytes(11 << 20)  # padding behind the xz stream is part of the archive
    from tests.builders.hart import Hart

    big = Hart(content, big.ident, big.target)

    assert an_upload(depot, big).send().complete().status == 201
    assert depot.get(f"{big.url}/download").body == content
    row = upload.read(upload.package_rows.package_key(big.ident, big.target))
    stored = client("s3").head_object(Bucket=config.bucket, Key=row.artifact)
    assert stored["ETag"].endswith('-3"')
    assert stored["ContentType"] == "application/octet-stream"
    assert stored["ContentDisposition"] == f'attachment; filename="{big.archive_name}"'
