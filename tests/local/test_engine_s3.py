"""The engine's S3 where moto had to be mended, and what uploads and downloads need of it (platform.md 4.1, 4.4)."""

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
from tests.servers import BUCKET, aws

MIB = 1024 * 1024


@pytest.mark.parametrize("key", ["core/a+b/1.0~x/2020/\u00e9 %25.hart", "x y", "a%2Fb", "q?z&c=#h"])
def test_keys_may_hold_anything(s3, key):
    s3.put_object(Bucket=BUCKET, Key=key, Body=key.encode())

    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == key.encode()
    assert _http("GET", s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": key})) == (
        200,
        key.encode(),
    )


@pytest.fixture(scope="module")
def contested(nervous_engine):
    client = aws("s3", nervous_engine.url)
    client.create_bucket(Bucket=BUCKET)
    return client


@pytest.mark.parametrize("attempt", range(5))
def test_of_sixteen_writers_who_want_to_be_first_one_is(contested, attempt):
    key = f"first-{attempt}"

    def write(number: int) -> bool:
        try:
            contested.put_object(Bucket=BUCKET, Key=key, Body=b"%d" % number, IfNoneMatch="*")
        except ClientError as refused:
            assert refused.response["Error"]["Code"] == "PreconditionFailed"
            return False
        return True

    with ThreadPoolExecutor(16) as threads:
        winners = [number for number, won in enumerate(threads.map(write, range(16))) if won]

    assert len(winners) == 1
    assert contested.get_object(Bucket=BUCKET, Key=key)["Body"].read() == b"%d" % winners[0]


def test_parallel_writers_and_listers_do_not_disturb_each_other(contested):
    s3 = contested
    content = {number: random.Random(number).randbytes(MIB) for number in range(16)}

    def write(number: int) -> None:
        s3.put_object(Bucket=BUCKET, Key=f"parallel/{number}", Body=content[number])
        s3.list_objects_v2(Bucket=BUCKET)

    with ThreadPoolExecutor(16) as threads:
        list(threads.map(write, content))

    assert all(s3.get_object(Bucket=BUCKET, Key=f"parallel/{n}")["Body"].read() == content[n] for n in content)


@pytest.mark.parametrize("content_type", [None, "application/x-www-form-urlencoded", "application/octet-stream"])
def test_a_presigned_put_stores_the_bytes_whatever_they_are_called(s3, content_type):
    content = random.Random(1).randbytes(300_000)
    url = s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "presigned"})
    headers = {"Content-Type": content_type} if content_type else {}

    assert _http("PUT", url, content, headers)[0] == 200
    assert s3.get_object(Bucket=BUCKET, Key="presigned")["Body"].read() == content


def test_an_upload_that_breaks_off_stores_nothing(s3, engine):
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": BUCKET, "Key": "broken-off"}))
    with Wire(engine.port) as wire:
        wire.head(f"PUT {url.path}?{url.query}", "Content-Length: 100000")
        wire.send(bytes(50_000))
        wire.break_off()
    with Wire(engine.port) as wire:
        wire.head(f"PUT {url.path}-whole?{url.query}", "Content-Length: 5")
        wire.send(b"whole")
        assert wire.reply().status == 200

    listed = s3.list_objects_v2(Bucket=BUCKET, Prefix="broken-off")["Contents"]
    assert [found["Key"] for found in listed] == ["broken-off-whole"]


def test_presigned_parts_make_an_object(s3):
    parts = [random.Random(1).randbytes(5 * MIB), b"the rest"]
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="in-parts", ContentType="application/octet-stream")[
        "UploadId"
    ]
    for number, part in enumerate(parts, 1):
        place = {"Bucket": BUCKET, "Key": "in-parts", "UploadId": upload, "PartNumber": number}
        assert _http("PUT", s3.generate_presigned_url("upload_part", Params=place), part)[0] == 200
    listed = s3.list_parts(Bucket=BUCKET, Key="in-parts", UploadId=upload)["Parts"]
    _complete(s3, "in-parts", upload, [part["ETag"] for part in listed])

    stored = s3.get_object(Bucket=BUCKET, Key="in-parts")
    assert stored["Body"].read() == b"".join(parts)
    assert stored["ContentType"] == "application/octet-stream"
    assert s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", []) == []


def test_parts_that_are_not_what_was_uploaded_are_refused(s3):
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="wrong-parts")["UploadId"]
    etag = s3.upload_part(Bucket=BUCKET, Key="wrong-parts", UploadId=upload, PartNumber=1, Body=b"x")["ETag"]
    small = s3.upload_part(Bucket=BUCKET, Key="wrong-parts", UploadId=upload, PartNumber=2, Body=b"y")["ETag"]

    for etags, code in ([small], "InvalidPart"), ([etag, small], "EntityTooSmall"):
        with pytest.raises(ClientError) as refused:
            _complete(s3, "wrong-parts", upload, etags)
        assert refused.value.response["Error"]["Code"] == code


def test_a_large_object_is_joined_copied_and_read_in_parts_without_being_held(s3, engine):
    part = random.Random(5).randbytes(8 * MIB)
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key="large")["UploadId"]
    etags = [
        s3.upload_part(Bucket=BUCKET, Key="large", UploadId=upload, PartNumber=number, Body=part)["ETag"]
        for number in range(1, 9)
    ]
    before = engine.peak_memory()
    _complete(s3, "large", upload, etags)
    s3.copy_object(Bucket=BUCKET, Key="copied", CopySource={"Bucket": BUCKET, "Key": "large"})
    s3.delete_object(Bucket=BUCKET, Key="large")
    digest = hashlib.sha256()
    for piece in s3.get_object(Bucket=BUCKET, Key="copied")["Body"].iter_chunks(MIB):
        digest.update(piece)
    across = s3.get_object(Bucket=BUCKET, Key="copied", Range=f"bytes={8 * MIB - 2}-{8 * MIB + 1}")

    assert digest.digest() == hashlib.sha256(part * 8).digest()
    assert across["Body"].read() == part[-2:] + part[:2]
    assert across["ContentRange"] == f"bytes {8 * MIB - 2}-{8 * MIB + 1}/{64 * MIB}"
    assert engine.peak_memory() - before < 24 * MIB


def test_a_range_behind_the_end_is_refused(s3):
    s3.put_object(Bucket=BUCKET, Key="short", Body=b"0123456789")

    with pytest.raises(ClientError) as refused:
        s3.get_object(Bucket=BUCKET, Key="short", Range="bytes=10-")
    assert refused.value.response["Error"]["Code"] == "InvalidRange"


@pytest.mark.parametrize("sizes", [[0], [3, 4], [300_000], [2, 300_000, 1]])
def test_content_is_sliced_as_bytes_are(sizes):
    raw = [random.Random(size).randbytes(size) for size in sizes]
    content, whole = Content.joined([Content.of(part) for part in raw]), b"".join(raw)

    assert len(content) == len(whole)
    for start, stop in [(0, None), (1, 4), (2, -1), (-3, None), (len(whole), None), (5, 2)]:
        assert bytes(content[start:stop]) == whole[start:stop]


def _complete(s3: Any, key: str, upload: str, etags: list[str]) -> None:
    parts = [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]
    s3.complete_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload, MultipartUpload={"Parts": parts})


def _http(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    address = urlsplit(url)
    connection = HTTPConnection(address.hostname or "", address.port)
    connection.request(method, f"{address.path}?{address.query}", body, headers or {})
    response = connection.getresponse()
    answer = response.status, response.read()
    connection.close()
    return answer
