"""Optional work of a request is attempted once, and its failure has no effect on the answer."""

import pytest

from chalicelib.channels import newest_of_all
from chalicelib.platform import aws, background, object_store
from chalicelib.uploads import rows
from tests.api.client import Depot
from tests.builders.accounts import an_account
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload
from tests.faults.injector import faults, refused, silent
from tests.faults.operations import WRITES
from tests.faults.scenes import a_release_in_a_channel, a_scene
from tests.faults.stage import Stage
from tests.rights.enforcement import enforced
from tests.rights.policies import own_policies

THROTTLED = refused(400, "ThrottlingException")


def test_the_last_use_of_a_token_is_recorded_in_one_attempt(depot: Depot) -> None:
    account = an_account()
    token = depot.post("/profile/tokens", by=account.token, json={"name": "ci", "scopes": ["read"]}).json()["token"]

    with faults(lambda attempt: THROTTLED if attempt.operation == "TransactWriteItems" else None) as wire:
        assert depot.get("/depot/origins/none", by=token).status == 404
    assert wire.seconds == 0


def test_the_view_of_a_channel_is_made_in_one_attempt(
    depot: Depot, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest_of_all, "FEW_PACKAGES", 0)
    scene = a_scene(depot, token, a_release_in_a_channel)

    with faults(lambda attempt: THROTTLED if attempt.writes else None) as wire:
        reply = scene.send("GET", "/depot/channels/{o}/dev/pkgs/_latest?target=x86_64-linux")

    assert (reply.status, len(reply.json()["data"])) == (200, 1)
    assert [attempt.operation for attempt in wire.attempts if attempt.writes] == ["PutItem"]
    assert wire.seconds == 0


def test_the_archive_of_a_deleted_package_is_deleted_in_one_attempt(depot: Depot, token: str) -> None:
    stage = Stage(depot, token, WRITES["delete a package"])
    scene = stage.reset()

    with faults(lambda attempt: silent if attempt.operation == "DeleteObject" else None) as wire:
        assert stage.operation.act(scene).status == 204
    assert wire.seconds == aws.S3_READ_SECONDS


def test_a_missing_bucket_is_a_failure_of_the_object_store(
    depot: Depot, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage = Stage(depot, token, WRITES["delete a package"])
    scene = stage.reset()
    monkeypatch.setattr(object_store, "config", type("Settings", (), {"bucket": "no-such-bucket"}))
    monkeypatch.setenv("BLDR_BUCKET", "no-such-bucket")  # the policies are for the bucket that is deployed

    with enforced(own_policies()):
        assert stage.operation.act(scene).status == 502


def test_an_upload_whose_function_does_not_start_is_finished_by_a_repeat(
    depot: Depot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_started(*_: object, **__: object) -> None:
        raise background.NotStarted

    sent = an_upload(depot, a_hart(origin=an_origin(depot), name=a_name("tool"))).send()
    within_request = background.start
    monkeypatch.setattr(rows, "LEASE_SECONDS", 60)
    monkeypatch.setattr(background, "start", not_started)
    reply = sent.complete()
    assert (reply.status, reply.body) == (503, b"")

    monkeypatch.setattr(background, "start", within_request)
    assert sent.complete().status == 201
