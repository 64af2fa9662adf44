"""Copies of large objects, and objects that cannot be copied."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from infra.restore import object_copy
from infra.restore.clients import client
from infra.restore.object_copy import copy_objects, create_bucket
from infra.restore.object_versions import objects_at
from infra.restore.source import NotPossible
from tests.builders.names import a_name
from tests.servers import Server, aws

MIB = 1 << 20


@pytest.fixture
def s3(engine: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A client of the engine, which the copies use, too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", engine.url)
    client.cache_clear()
    yield aws("s3", engine.url)
    client.cache_clear()


@pytest.fixture
def source(s3: Any) -> str:
    """A versioned bucket."""
    name: str = a_name("source")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


@pytest.fixture
def copy(s3: Any) -> str:
    """An empty bucket."""
    name: str = a_name("copy")
    create_bucket(name)
    return name


def test_a_large_object_is_copied_in_parts_with_its_headers(
    s3: Any, source: str, copy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_copy, "SINGLE_COPY_BYTES", 5 * MIB)
    content = bytes(range(256)) * (6 * MIB // 256)
    s3.put_object(Bucket=source, Key="a.hart", Body=content, ContentDisposition="attachment", ContentType="x/y")

    copied = copy_objects(source, copy, datetime.now(UTC))

    assert (copied.copied, copied.present) == (1, 0)
    stored = s3.get_object(Bucket=copy, Key="a.hart")
    assert stored["Body"].read() == content
    assert stored["ETag"].endswith('-2"')
    assert (stored["ContentDisposition"], stored["ContentType"]) == ("attachment", "x/y")
    assert copy_objects(source, copy, datetime.now(UTC)).present == 1


def test_unfinished_uploads_are_not_copied(s3: Any, source: str, copy: str) -> None:
    s3.put_object(Bucket=source, Key="_staging/1", Body=b"part")
    s3.put_object(Bucket=source, Key="_logs/1.log", Body=b"log")

    copy_objects(source, copy, datetime.now(UTC))

    assert [each["Key"] for each in s3.list_objects_v2(Bucket=copy)["Contents"]] == ["_logs/1.log"]


def test_an_object_with_other_bytes_is_copied_again(s3: Any, source: str, copy: str) -> None:
    s3.put_object(Bucket=source, Key="_logs/1.log", Body=b"right")
    s3.put_object(Bucket=copy, Key="_logs/1.log", Body=b"wrong")
    s3.put_object(Bucket=copy, Key="_logs/0.log", Body=b"other")

    assert copy_objects(source, copy, datetime.now(UTC)).copied == 1
    assert s3.get_object(Bucket=copy, Key="_logs/1.log")["Body"].read() == b"right"


def test_an_object_that_fails_does_not_stop_the_others(
    s3: Any, source: str, copy: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(5):
        s3.put_object(Bucket=source, Key=f"{number}.hart", Body=b"x")
    lost = s3.list_object_versions(Bucket=source)["Versions"][2]

    def vanishing(bucket: str, at: datetime) -> Iterator[Any]:
        listed = list(objects_at(bucket, at))
        s3.delete_object(Bucket=source, Key=lost["Key"], VersionId=lost["VersionId"])
        return iter(listed)

    monkeypatch.setattr(object_copy, "objects_at", vanishing)

    with pytest.raises(NotPossible, match="1 objects could not be copied; repeat"):
        copy_objects(source, copy, datetime.now(UTC))

    assert len(s3.list_objects_v2(Bucket=copy)["Contents"]) == 4
    assert "not copied: " in capsys.readouterr().err
