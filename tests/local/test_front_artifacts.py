"""Artifacts through the front: the internal redirect and the stand-in for the CDN (platform.md 4.3, D3)."""

import hashlib
import random
from typing import Any
from urllib.parse import quote

import pytest

from tests.builders.wire import Wire
from tests.servers import BUCKET, Server

KEY = "core/a+b/1.0~rc 1/20200101000000/x86_64/linux/core-a+b-1.0~rc 1.hart"
CONTENT = random.Random(11).randbytes(3_000_000)


@pytest.fixture(scope="module", autouse=True)
def stored(s3: Any) -> None:
    """Two objects in the bucket: KEY and `small`."""
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=CONTENT)
    s3.put_object(Bucket=BUCKET, Key="small", Body=b"0123456789")


def test_an_internal_redirect_sends_the_object_with_the_headers_of_the_app(wire: Wire) -> None:
    reply = wire.get(f"/v1/stored/{quote(KEY, safe='')}")

    assert reply.status == 200
    assert hashlib.sha256(reply.body).digest() == hashlib.sha256(CONTENT).digest()
    assert reply.headers["Content-Length"] == str(len(CONTENT))
    assert reply.headers["X-Filename"] == "stored.hart"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Cache-Control"] == "public, max-age=31536000"
    assert reply.headers["Accept-Ranges"] == "bytes"
    assert reply.headers["X-Accel-Redirect"] is None
    assert wire.get("/v1/status").status == 200


@pytest.mark.parametrize(
    ("byte_range", "content_range", "body"),
    [
        ("bytes=0-3", "bytes 0-3/10", b"0123"),
        ("bytes=7-", "bytes 7-9/10", b"789"),
        ("bytes=-2", "bytes 8-9/10", b"89"),
        ("bytes=4-400", "bytes 4-9/10", b"456789"),
    ],
)
def test_a_range_is_206_with_these_bytes(wire: Wire, byte_range: str, content_range: str, body: bytes) -> None:
    reply = wire.get("/v1/stored/small", f"Range: {byte_range}")

    assert (reply.status, reply.body) == (206, body)
    assert reply.headers["Content-Range"] == content_range
    assert reply.headers["Content-Length"] == str(len(body))
    assert reply.headers["X-Filename"] == "stored.hart"


@pytest.mark.parametrize("byte_range", ["bytes=0-1,4-5", "lines=1-2", "bytes=x-y", "bytes=-"])
def test_an_unsupported_range_is_ignored(wire: Wire, byte_range: str) -> None:
    reply = wire.get("/v1/stored/small", f"Range: {byte_range}")

    assert (reply.status, reply.body) == (200, b"0123456789")


def test_a_conditional_range_is_ignored_because_objects_have_no_validators(wire: Wire) -> None:
    assert wire.get("/v1/stored/small", "Range: bytes=0-1", 'If-Range: "x"').status == 200


def test_a_range_beyond_the_end_is_416(wire: Wire) -> None:
    reply = wire.get("/v1/stored/small", "Range: bytes=10-")

    assert (reply.status, reply.body) == (416, b"")
    assert reply.headers["Content-Range"] == "bytes */10"


def test_a_missing_object_is_an_empty_404(wire: Wire) -> None:
    reply = wire.get("/v1/stored/nowhere")

    assert (reply.status, reply.body) == (404, b"")
    assert reply.headers["X-Accel-Redirect"] is None


def test_the_answer_to_head_has_the_length_of_the_object(wire: Wire) -> None:
    wire.head("HEAD /v1/stored/small")
    reply = wire.reply(to="HEAD")

    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "10")
    assert wire.get("/v1/status").status == 200


def test_a_signed_url_sends_the_object_with_its_file_name(wire: Wire) -> None:
    reply = wire.get(f"/artifacts/{quote(KEY)}?Expires=1&Signature=good&Key-Pair-Id=K")

    assert reply.status == 200
    assert reply.body == CONTENT
    assert reply.headers["X-Filename"] == "core-a+b-1.0~rc 1.hart"
    assert reply.headers["Content-Type"] == "application/octet-stream"
    assert reply.headers["Content-Disposition"] == 'attachment; filename="core-a+b-1.0~rc 1.hart"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("query", ["", "?Expires=1&Signature=bad&Key-Pair-Id=K"])
@pytest.mark.parametrize("key", ["small", "nowhere"])
def test_a_url_without_a_valid_signature_is_403_whether_the_object_exists_or_not(
    wire: Wire, key: str, query: str
) -> None:
    reply = wire.get(f"/artifacts/{key}{query}")

    assert (reply.status, reply.body) == (403, b"")


def test_artifacts_can_only_be_read(wire: Wire) -> None:
    wire.head("POST /artifacts/small?Signature=good", "Content-Length: 0")

    assert wire.reply().status == 404


def test_a_client_that_disconnects_during_a_download_does_not_affect_others(front: Server, wire: Wire) -> None:
    for _ in range(3):
        with Wire(front.port) as impatient:
            impatient.head(f"GET /v1/stored/{quote(KEY, safe='')}")
            impatient.receive(1000)

    assert wire.get(f"/v1/stored/{quote(KEY, safe='')}").body == CONTENT
