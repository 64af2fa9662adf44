"""`DELETE /depot/uploads/{id}`: the upload is deleted and cannot be published any more (platform.md 4.4)."""

from typing import Any

import pytest

from chalicelib.packages.upload import publish
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.uploads import finishing
from tests.api.client import Depot
from tests.builders.hart import Hart
from tests.builders.uploads import StartedUpload, an_upload
from tests.builders.waiting import until


def staged(upload: StartedUpload) -> list[str]:
    """The keys of an upload's objects and open multipart uploads."""
    prefix = f"_staging/{upload.id}"
    objects = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=prefix).get("Contents", [])
    multiparts = client("s3").list_multipart_uploads(Bucket=config.bucket).get("Uploads", [])
    return [each["Key"] for each in [*objects, *multiparts] if each["Key"].startswith(prefix)]


def is_cleaned_up(upload: StartedUpload) -> bool:
    """Wait until nothing is staged: answers do not wait for the clean-up."""
    return until(lambda: not staged(upload))


def test_parts_and_state_are_deleted(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart).send()
    assert staged(upload)

    assert depot.delete(upload.url, by="bobo").status == 204
    assert staged(upload) == []
    assert depot.get(upload.url, by="bobo").status == 404
    assert upload.complete().status == 404
    assert depot.delete(upload.url, by="bobo").status == 404
    assert depot.get(hart.url).status == 404


def test_a_published_package_stays(depot: Depot, hart: Hart) -> None:
    upload = an_upload(depot, hart).send()
    assert upload.complete().status == 201
    assert is_cleaned_up(upload)

    assert depot.delete(upload.url, by="bobo").status == 204
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_an_upload_aborted_before_it_is_read_is_not_published(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = an_upload(depot, hart).send()

    def abort_first(*arguments: Any) -> None:
        assert depot.delete(upload.url, by="bobo").status == 204
        publish(*arguments)

    monkeypatch.setattr(finishing, "publish", abort_first)

    assert upload.complete().status == 404
    assert depot.get(hart.url).status == 404
    assert is_cleaned_up(upload)


def test_an_upload_aborted_after_it_is_copied_is_not_published(
    depot: Depot, hart: Hart, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = an_upload(depot, hart).send()
    store = finishing.StagedArchive.store

    def abort_after(archive: finishing.StagedArchive, key: str) -> None:
        store(archive, key)
        assert depot.delete(upload.url, by="bobo").status == 204

    monkeypatch.setattr(finishing.StagedArchive, "store", abort_after)

    assert upload.complete().status == 404
    assert depot.get(hart.url).status == 404
