"""The sweep removes what interruptions leave and nothing else, in limited runs."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from chalicelib.catalog import package_rows
from chalicelib.catalog.package_rows import PackageRow
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import artifacts
from chalicelib.packages import upload as uploading
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.table import read
from chalicelib.scheduled import sweep, sweep_rows
from chalicelib.uploads import leftovers
from chalicelib.uploads import rows as upload_rows
from tests.api.client import Depot
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release
from tests.builders.uploads import an_upload

NAMES = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"], include_characters="-_"), min_size=1, max_size=9)
VERSIONS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=9)
IDENTS = st.builds(PackageIdent, NAMES | st.sampled_from(["texts", "_staging", "staging"]), NAMES, VERSIONS, VERSIONS)


@pytest.fixture
def origin(depot: Depot) -> str:
    """An origin owned by bobo."""
    return an_origin(depot)


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    """All objects and uploads are old, no signed links are valid, and the sweep starts with the first object."""
    sweep_rows.store_cursor("")
    monkeypatch.setattr(sweep, "GRACE", timedelta(days=-1))
    monkeypatch.setattr(sweep, "LINK_LIFE", timedelta())
    monkeypatch.setattr(leftovers, "EXPIRED", timedelta(days=-1))


def sweep_twice() -> sweep.SweepResult:
    """The first run notes objects without a row, the second one removes them."""
    sweep.sweep(60)
    return sweep.sweep(60)


def put(key: str) -> str:
    client("s3").put_object(Bucket=config.bucket, Key=key, Body=b"debris")
    return key


def exists(key: str) -> bool:
    objects = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=key).get("Contents", [])
    return key in [each["Key"] for each in objects]


def row_of(ident: PackageIdent, target: str = "x86_64-linux") -> PackageRow:
    row = read(package_rows.package_key(ident, Target(target)))
    assert row is not None
    return row


def unnamed_archive(ident: PackageIdent) -> str:
    """The key of an archive that no row names."""
    return artifacts.key_of(ident, Target.X86_64_LINUX, "1")


@given(IDENTS, st.sampled_from(Target), st.integers(1, 2**63))
def test_the_key_of_an_object_gives_the_row_that_would_name_it(
    ident: PackageIdent, target: Target, upload_id: int
) -> None:
    key = artifacts.key_of(ident, target, str(upload_id))

    assert sweep.owner_of(key) == package_rows.package_key(ident, target)
    assert sweep.owner_of(artifacts.texts_key_of(key)) == package_rows.texts_key(ident, target)


@given(st.text() | st.lists(NAMES | st.sampled_from(["texts", "x86_64", "linux", "a.hart"]), max_size=9).map("/".join))
def test_any_key_is_accepted(key: str) -> None:
    sweep.owner_of(key)


@pytest.mark.usefixtures("a_day_later")
def test_objects_without_a_row_are_removed_and_named_ones_stay(depot: Depot, origin: str) -> None:
    ident = a_release(depot, origin)
    unnamed = [put(unnamed_archive(ident)), put(unnamed_archive(PackageIdent(origin, "gone", "1", "2")))]
    unnamed += [put(artifacts.texts_key_of(key)) for key in unnamed]

    assert sweep_twice().objects >= 4
    assert not any(map(exists, unnamed))
    assert exists(row_of(ident).artifact)
    assert depot.get(f"/depot/pkgs/{ident}/download").status == 200


@pytest.mark.usefixtures("a_day_later")
def test_long_texts_of_a_package_stay(depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploading, "INLINE_TEXTS_BYTES", 1)
    ident = a_release(depot, origin)
    texts = artifacts.texts_key_of(row_of(ident).artifact)
    assert exists(texts)

    sweep_twice()

    assert exists(texts)


@pytest.mark.usefixtures("a_day_later")
def test_objects_stay_for_a_day(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "GRACE", timedelta(days=1))
    key = put(unnamed_archive(PackageIdent(origin, "young", "1", "2")))
    sweep_twice()
    assert exists(key)

    monkeypatch.setattr(sweep, "GRACE", timedelta(hours=-1))
    sweep_twice()
    assert not exists(key)


@pytest.mark.usefixtures("a_day_later")
def test_a_replaced_archive_stays_while_links_to_it_are_valid(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hart = a_hart(origin=origin, name=a_name("replaced"))
    query = {"checksum": hart.checksum, "forced": "true"}
    assert depot.post(hart.url, by="bobo", body=hart.content, query=query).status == 201
    replaced = row_of(hart.ident).artifact
    sweep_twice()
    assert depot.post(hart.url, by="bobo", body=hart.content, query=query).status == 201
    monkeypatch.setattr(sweep, "LINK_LIFE", timedelta(minutes=30))

    sweep_twice()
    assert exists(replaced)

    monkeypatch.setattr(sweep, "LINK_LIFE", timedelta())
    sweep_twice()
    assert not exists(replaced)
    assert exists(row_of(hart.ident).artifact)


@pytest.mark.usefixtures("depot", "a_day_later")
@pytest.mark.parametrize(
    "key", ["logs/1", "a.hart", "texts/a", "o/n/v/r/no/target/1/a.hart", "o/n/v/r/x86_64/linux/1/a.txt"]
)
def test_objects_that_are_neither_archives_nor_texts_stay(key: str) -> None:
    put(key)

    sweep_twice()

    assert exists(key)


@pytest.mark.usefixtures("a_day_later")
def test_a_run_is_limited_and_the_next_one_continues(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "LISTED_AT_ONCE", 3)
    sweep.sweep(60)
    keys = [put(unnamed_archive(PackageIdent(origin, f"n{number}", "1", "2"))) for number in range(8)]
    monkeypatch.setattr(sweep, "OBJECTS_PER_RUN", 4)

    examined: list[int] = []
    while any(map(exists, keys)):
        examined.append(sweep.sweep(60).examined)
        assert len(examined) < 1000, "more runs than all objects of earlier tests need"

    assert len(examined) >= 2
    assert max(examined) <= 6, "the limit, rounded up to whole pages"


@pytest.mark.usefixtures("a_day_later")
def test_a_run_without_time_does_nothing(origin: str) -> None:
    key = put(unnamed_archive(PackageIdent(origin, "waits", "1", "2")))

    assert sweep.sweep(-1) == sweep.SweepResult(0, 0, 0, 0)
    assert exists(key)


class Killed(BaseException):
    """The process ended. Not an Exception, so that the code under test does not catch it."""


@pytest.mark.usefixtures("a_day_later")
def test_an_interrupted_run_is_completed_by_the_next(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [put(unnamed_archive(PackageIdent(origin, f"n{number}", "1", "2"))) for number in range(3)]
    real, allowed = artifacts.remove, iter(range(2))

    def remove(key: str) -> None:
        if next(allowed, None) is None:
            raise Killed
        real(key)

    with monkeypatch.context() as fault, pytest.raises(Killed):
        fault.setattr(artifacts, "remove", remove)
        sweep_twice()
    assert any(map(exists, keys))

    sweep_twice()
    assert not any(map(exists, keys))


@pytest.mark.usefixtures("a_day_later")
def test_an_object_that_cannot_be_removed_does_not_stop_the_others(
    origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [put(unnamed_archive(PackageIdent(origin, f"n{number}", "1", "2"))) for number in range(3)]
    real = artifacts.remove

    def remove(key: str) -> None:
        if key == keys[1]:
            raise ZeroDivisionError
        real(key)

    with monkeypatch.context() as fault:
        fault.setattr(artifacts, "remove", remove)
        assert sweep_twice().failed == 1
    assert [exists(key) for key in keys] == [False, True, False]

    assert sweep_twice().failed == 0
    assert not exists(keys[1])


@pytest.mark.parametrize("part", ["remove_expired", "_sweep_objects"])
def test_a_part_of_the_sweep_that_fails_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    started = []
    for module, name in ((leftovers, "remove_expired"), (sweep, "_sweep_objects")):

        def run(*_: Any, name: str = name) -> int:
            started.append(name)
            if name == part:
                raise ZeroDivisionError
            return 0

        monkeypatch.setattr(module, name, run)

    assert sweep.sweep(60).failed == 1
    assert len(started) == 2


@pytest.mark.usefixtures("a_day_later")
def test_an_expired_upload_is_removed_with_its_parts(
    depot: Depot, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_rows, "LIFE_SECONDS", -1)
    upload = an_upload(depot, a_hart(origin=origin, name=a_name("open"))).send()

    assert sweep.sweep(60).uploads >= 1

    assert read(upload_rows.upload_key(upload.id)) is None
    parts = client("s3").list_multipart_uploads(Bucket=config.bucket).get("Uploads", [])
    assert f"_staging/{upload.id}.hart" not in [each["Key"] for each in parts]
    assert upload.complete().status == 404


@pytest.mark.usefixtures("depot", "a_day_later")
def test_a_staged_archive_without_an_upload_is_removed() -> None:
    key = put("_staging/17.hart")

    sweep.sweep(60)

    assert not exists(key)


@pytest.mark.usefixtures("a_day_later")
def test_an_open_upload_stays(depot: Depot, origin: str) -> None:
    upload = an_upload(depot, a_hart(origin=origin, name=a_name("alive"))).send()

    sweep.sweep(60)

    assert upload.complete().status == 201


@pytest.mark.usefixtures("a_day_later")
def test_the_scheduled_function_sweeps(origin: str) -> None:
    key = put(unnamed_archive(PackageIdent(origin, "scheduled", "1", "2")))
    event: dict[str, Any] = {"version": "0", "account": "1", "region": "r", "detail": {}}
    event |= {"detail-type": "Scheduled Event", "source": "aws.events", "time": "t", "id": "i", "resources": []}

    for _ in range(2):
        app.sweep(event, None)

    assert not exists(key)


@pytest.mark.usefixtures("a_day_later")
def test_in_a_versioned_bucket_the_sweep_only_hides_objects(origin: str) -> None:
    """A restored table may name what was removed later (docs/OPERATIONS.md, "Restoring")."""
    s3, bucket = client("s3"), config.bucket
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    try:
        key = put(unnamed_archive(PackageIdent(origin, "hidden", "1", "2")))

        sweep_twice()

        assert not exists(key)
        [version] = s3.list_object_versions(Bucket=bucket, Prefix=key)["Versions"]
        stored = s3.get_object(Bucket=bucket, Key=key, VersionId=version["VersionId"])
        assert stored["Body"].read() == b"debris"
    finally:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
