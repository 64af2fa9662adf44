"""The engine's S3 where moto is patched, and the calls that uploads and downloads need (platform.md 4.1, 4.4)."""

import hashlib
import random
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from local.moto_s3 import Content
from tests.builders.wire import Wire
from tests.servers import BUCKET, Server, aws

MIB = 1024 * 1024


@pytest.mark.parametrize("key", ["core/a+b/1.0~x/2020/\u00e9 %25.hart", "x y", "a%2Fb", "q?z&c=#h"])
def test_keys_can_contain_any_character(s3: Any, key: str) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})
    assert _http("GET", url) == (200, key.encode())


@pytest.fixture(scope="module")
def racing_s3(preemptive_engine: Server) -> Any:
    """An S3 client of the preemptive engine, which has the front's bucket."""
    client = aws("s3", preemptive_engine.url)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.mark.parametrize("attempt", range(5))
def test_one_of_sixteen_conditional_writers_succeeds(racing_s3: Any, attempt: int) -> None:
    key = f"first-{attempt}"

    def write(number: int) -> bool:
        try:
            racing_s3.put_object(Bucket=BUCKET, Key=key, Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "PreconditionFailed"
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        winners = [number for number, succeeded in enumerate(threads.map(write, range(16))) if succeeded]

    assert len(winners) == 1
    assert racing_s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"%d" % winners[0]


def test_parallel_writes_and_lists_do_not_interfere(racing_s3: Any) -> None:
    content = {number: random.Random(number).randbytes(MIB) for number in range(16)}

    def write(number: int) -> None:
        racing_s3.put_object(Bucket=BUCKET, Key=f"parallel/{number}", Body=content[number])
        racing_s3.list_objects_v2(Bucket=BUCKET)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, content))

    stored = {n: racing_s3.get_object(Bucket=BUCKET, Key=f"parallel/{n}")["Body"].read() for n in content}
    assert stored == content


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "application/octet-stream"])
def test_a_presigned_put_stores_the_bytes_whatever_their_content_type(s3: Any, content_type: str | None) -> None:
    content = random.Random(1).randbytes(300_000)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "presigned"})
    headers = {"Content-Type": content_type} if content_type else {}

    assert _http("PUT", url, content, headers)[0] == 200
    assert s3.get_object(Bucket=BUCKET, Key="presigned")["Body"].read() == content


def test_an_incomplete_upload_stores_nothing(s3: Any, engine: Server) -> None:
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "incomplete"}))
    with Wire(engine.port) as wire:
        wire.head(f"PUT {url.path}?{url.query}", "Content-Length: 100000")
        wire.send(bytes(50_000))
        wire.stop_sending()
    with Wire(engine.port) as wire:
        wire.head(f"PUT {url.path}-whole?{url.query}", "Content-Length: 5")
        wire.send(b"whole")
        assert wire.reply().status == 200

    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="incomplete")["Contents"]
    assert [entry["Key"] for entry in listed] == ["incomplete-whole"]


def test_presigned_parts_become_an_object(s3: Any) -> None:
    parts = [random.Random(1).randbytes(5 * MIB), b"the rest"]
    upload = _start_upload(s3, "in-parts", ContentType="application/octet-stream")
    for number, part in enumerate(parts, 1):
        parameters = {"Bucket": BUCKET, "Key": "in-parts", "UploadId": upload, "PartNumber": number}
        assert _http("PUT", s3.generate_presigned_url("upload_part", Params=parameters), part)[0] == 200
    listed = s3.list_parts(Bucket=BUCKET, Key="in-parts", UploadId=upload)["Parts"]
    _complete(s3, "in-parts", upload, [part["ETag"] for part in listed])

    stored = s3.get_object(Bucket=BUCKET, Key="in-parts")
    assert stored["Body"].read() == b"".join(parts)
    assert stored["ContentType"] == "application/octet-stream"
    assert s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_wrong_and_too_small_parts_are_refused(s3: Any) -> None:
    upload = _start_upload(s3, "wrong-parts")
    etag, small = [
        s3.upload_part(Bucket=BUCKET, Key="wrong-parts", UploadId=upload, PartNumber=number, Body=body)["ETag"]
        for number, body in ((1, b"x"), (2, b"y"))
    ]

    for etags, code in ([small], "InvalidPart"), ([etag, small], "EntityTooSmall"):
        with pytest.raises(ClientError) as refused:
            _complete(s3, "wrong-parts", upload, etags)
        assert refused.value.response["Error"]["Code"] == code


def test_a_large_object_is_joined_copied_and_read_without_being_held_in_memory(s3: Any, engine: Server) -> None:
    part = random.Random(5).randbytes(8 * MIB)
    upload = _start_upload(s3, "large")
    etags = [
        s3.upload_part(Bucket=BUCKET, Key="large", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number in range(1, 9)
    ]
    before = engine.peak_memory()
    _complete(s3, "large", upload, etags)
    s3.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "large"})
    s3.delete_object(Bucket=BUCKET, Key="large")
    digest = hashlib.sha256()
    for chunk in s3.get_object(Bucket=BUCKET, Key="copied")["Body"].iter_chunks(MIB):
        digest.update(chunk)
    across_parts = s3.get_object(Bucket=BUCKET, Key="copied", Range=f"bytes={8 * MIB - 2}-{8 * MIB + 1}")

    assert digest.digest() == hashlib.sha256(part * 8).digest()
    assert across_parts["Body"].read() == part[-2:] + part[:2]
    assert across_parts["ContentRange"] == f"bytes {8 * MIB - 2}-{8 * MIB + 1}/{64 * MIB}"
    assert engine.peak_memory() - before < 24 * MIB


def test_a_range_beyond_the_end_is_refused(s3: Any) -> None:
    s3.put_object(Bucket=BUCKET, Key="short", Body=b"0123456789")

    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=BUCKET, Key="short", Range="bytes=10-")
    assert refused.value.response["Error"]["Code"] == "InvalidRange"


@pytest.mark.parametrize("sizes", [[0], [3, 4], [300_000], [2, 300_000, 1]])
def test_content_is_sliced_like_bytes(sizes: list[int]) -> None:
    raw = [random.Random(size).randbytes(size) for size in sizes]
    content, whole = Content.joined([Content.of(part) for part in raw]), b"".join(raw)

    assert len(content) == len(whole)
    for start, stop in [(0, None), (1, 4), (2, -1), (-3, None), (len(whole), None), (5, 2)]:
        assert bytes(content[start:stop]) == whole[start:stop]


def _start_upload(s3: Any, key: str, **parameters: str) -> str:
    return str(s3.create_multipart_upload(Bucket=BUCKET, Key=key, **parameters)["UploadId"])


def _complete(s3: Any, key: str, upload: str, etags: list[str]) -> None:
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def _http(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port)
    connection.request(method, f"{address.path}?{address.query}", body, headers or {})
    response = connection.getresponse()
    result = response.status, response.read()
    connection.close()
    return result
