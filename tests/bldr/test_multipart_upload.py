"""The state of a multipart upload and the byte ranges of its parts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bldr.errors import ResponseMalformed
from bldr.multipart_upload import MultipartUpload
from bldr.responses import MissingPart, ReceivedPart, UploadResponse


@given(st.integers(1, 500), st.integers(1, 64))
def test_the_parts_cover_the_archive_without_overlap(size: int, part_size: int) -> None:
    upload = MultipartUpload("1", "open", size, part_size, {}, {})
    parts = [upload.part(number) for number in range(1, upload.part_count + 1)]

    assert [byte for part in parts for byte in range(part.start, part.start + part.size)] == [*range(size)]
    assert all(part.size == part_size for part in parts[:-1])


def a_response(received: int, missing: int) -> UploadResponse:
    """An open upload with one received and one missing part of 10 bytes."""
    return UploadResponse("7", "open", 10, [ReceivedPart(received, 10)], [MissingPart(missing, "url")])


def test_an_open_upload_with_missing_parts_accepts_parts() -> None:
    assert MultipartUpload.of(a_response(received=1, missing=2), 20).accepts_parts


@pytest.mark.parametrize(("received", "missing"), [(1, 3), (3, 2), (0, 2)])
def test_a_part_number_outside_the_archive_is_refused(received: int, missing: int) -> None:
    with pytest.raises(ResponseMalformed):
        MultipartUpload.of(a_response(received, missing), 20)
