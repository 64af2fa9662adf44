"""Uploads to Builders with and without multipart uploads."""

from pathlib import Path

import pytest

from bldr.address import Address
from bldr.archives import Archive, read_archive
from bldr.client import Builder
from bldr.config import Credentials
from bldr.errors import RequestRefused
from bldr.http_transport import HttpTransport
from bldr.progress import ignore_progress
from bldr.uploads import UploadOptions, upload_archive
from tests.bldr.builders import respond_in_turn, write_archives
from tests.bldr.command_line import FAST_RETRIES
from tests.builders.hart import a_hart
from tests.builders.http_double import HttpDouble, Scripted


@pytest.fixture
def builder(double: HttpDouble, home: Path) -> Builder:
    """A client of the scripted server, with an empty cache folder."""
    return Builder(HttpTransport(Credentials(Address.parse(double.url), None), FAST_RETRIES))


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """A small archive."""
    hart = a_hart()
    return read_archive(write_archives(tmp_path / "archives", hart) / hart.archive_name)


def paths_of(double: HttpDouble) -> list[str]:
    """The paths of all requests, without the query."""
    return [request.target.partition("?")[0] for request in double.received]


def test_a_builder_without_multipart_uploads_gets_the_archive_in_one_request(
    double: HttpDouble, builder: Builder, archive: Archive
) -> None:
    respond_in_turn(double, Scripted(404), Scripted(201))

    upload_archive(builder, archive, UploadOptions(single_request_bytes=0), ignore_progress)

    assert paths_of(double) == ["/v1/depot/uploads", f"/v1/depot/pkgs/{archive.package.ident}"]
    assert double.received[1].body == archive.path.read_bytes()


def test_a_body_that_is_refused_by_its_size_is_sent_in_parts(
    double: HttpDouble, builder: Builder, archive: Archive
) -> None:
    upload = b'{"upload_id": "7", "state": "open", "part_size": 9000000, "received": [], "parts": []}'
    respond_in_turn(double, Scripted(413), Scripted(201, upload), Scripted(201))

    upload_archive(builder, archive, UploadOptions(), ignore_progress)

    assert paths_of(double)[1:] == ["/v1/depot/uploads", "/v1/depot/uploads/7/complete"]


def test_a_builder_without_multipart_uploads_that_refuses_the_size_fails_the_upload(
    double: HttpDouble, builder: Builder, archive: Archive
) -> None:
    respond_in_turn(double, Scripted(413), Scripted(404))

    with pytest.raises(RequestRefused, match="does not accept a body of this size"):
        upload_archive(builder, archive, UploadOptions(), ignore_progress)


def test_the_upload_of_a_worker_is_marked(double: HttpDouble, builder: Builder, archive: Archive) -> None:
    respond_in_turn(double, Scripted(201))

    upload_archive(builder, archive, UploadOptions(from_worker=True), ignore_progress)

    assert double.received[0].query["builder"] == ""


def test_a_worker_whose_parts_are_refused_sends_one_request(
    double: HttpDouble, builder: Builder, archive: Archive
) -> None:
    respond_in_turn(double, Scripted(403), Scripted(201))

    upload_archive(builder, archive, UploadOptions(single_request_bytes=0, from_worker=True), ignore_progress)

    assert double.received[0].json()["builder"] is True
    assert double.received[1].query["builder"] == ""
