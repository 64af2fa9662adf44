"""`DELETE /depot/uploads/{id}`: nothing is left, and nothing is published any more."""

import pytest

from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.uploads import finishing
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.uploads import an_upload
from tests.builders.waiting import until


@pytest.fixture
def hart(depot):
    return a_hart(origin=an_origin(depot), name=a_name("tool"))


def left_of(begun):
    """Objects and open multipart uploads."""
    prefix = f"_staging/{begun.url.rpartition('/')[2]}"
    objects = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=prefix).get("Contents", [])
    multiparts = client("s3").list_multipart_uploads(Bucket=config.bucket).get("Uploads", [])
    return [each["Key"] for each in [*objects, *multiparts] if each["Key"].startswith(prefix)]


def nothing_left_of(begun):
    """Answers do not wait for the tidying."""
    return until(lambda: left_of(begun) == [])


def test_it_forgets_parts_and_state(depot, hart):
    begun = an_upload(depot, hart).send()
    assert left_of(begun)

    assert depot.delete(begun.url, by="bobo").status == 204
    assert left_of(begun) == []
    assert depot.get(begun.url, by="bobo").status == 404
    assert begun.complete().status == 404
    assert depot.delete(begun.url, by="bobo").status == 404
    assert depot.get(hart.url).status == 404


def test_what_is_published_stays(depot, hart):
    begun = an_upload(depot, hart).send()
    assert begun.complete().status == 201
    assert nothing_left_of(begun)

    assert depot.delete(begun.url, by="bobo").status == 204
    assert depot.get(f"{hart.url}/download").body == hart.content


def test_given_up_while_it_is_read_it_is_not_published(depot, hart, monkeypatch):
    begun = an_upload(depot, hart).send()
    publish = finishing.publish

    def too_late(*told):
        assert depot.delete(begun.url, by="bobo").status == 204
        publish(*told)

    monkeypatch.setattr(finishing, "publish", too_late)

    assert begun.complete().status == 404
    assert depot.get(hart.url).status == 404
    assert nothing_left_of(begun)


def test_given_up_after_it_was_copied_it_is_not_published(depot, hart, monkeypatch):
    begun = an_upload(depot, hart).send()
    copy = finishing.Staged.store

    def too_late(staged, key):
        copy(staged, key)
        assert depot.delete(begun.url, by="bobo").status == 204

    monkeypatch.setattr(finishing.Staged, "store", too_late)

    assert begun.complete().status == 404
    assert depot.get(hart.url).status == 404
