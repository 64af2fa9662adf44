"""The sweep removes what interruptions left and nothing else, in bounded runs (design.md section 5)."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.catalog import channel_rows, package_rows
from chalicelib.channels import service as channels
from chalicelib.core.ident import PackageIdent
from chalicelib.core.target import Target
from chalicelib.packages import artifacts
from chalicelib.packages import upload as uploading
from chalicelib.platform.aws import client
from chalicelib.platform.config import config
from chalicelib.platform.table import read
from chalicelib.scheduled import sweep
from chalicelib.scheduled import sweep_rows as sweep_store
from chalicelib.uploads import leftovers
from chalicelib.uploads import rows as upload_store
from chalicelib.uploads import service as uploads
from tests.builders.hart import a_hart
from tests.builders.names import a_name
from tests.builders.origins import an_origin
from tests.builders.releases import a_release, promoted
from tests.builders.uploads import an_upload

NAMES = st.text(st.characters(codec="ascii", categories=["Ll", "Nd"], include_characters="-_"), min_size=1, max_size=9)
VERSIONS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/"), min_size=1, max_size=9)
IDENTS = st.builds(PackageIdent, NAMES | st.sampled_from(["texts", "_staging", "staging"]), NAMES, VERSIONS, VERSIONS)


@pytest.fixture
def origin(depot):
    return an_origin(depot)


@pytest.fixture
def a_day_later(monkeypatch):
    """Everything that is there now is old."""
    sweep_store.go_on_behind("")
    monkeypatch.setattr(sweep, "GRACE", timedelta(days=-1))
    monkeypatch.setattr(sweep, "LINKS_LIVE", timedelta())
    monkeypatch.setattr(leftovers, "EXPIRED", timedelta(days=-1))


def swept():
    """Two runs: what has no row is noted by the first and removed by the second."""
    sweep.sweep(60)
    return sweep.sweep(60)


def put(key):
    client("s3").put_object(Bucket=config.bucket, Key=key, Body=b"debris")
    return key


def there(key):
    found = client("s3").list_objects_v2(Bucket=config.bucket, Prefix=key).get("Contents", [])
    return key in [each["Key"] for each in found]


def row_of(ident, target="x86_64-linux"):
    row = read(package_rows.package_key(ident, Target(target)))
    assert row is not None
    return row


def debris_of(ident, upload_id="1"):
    return artifacts.key_of(ident, Target.X86_64_LINUX, upload_id)


@given(IDENTS, st.sampled_from(Target), st.integers(1, 2**63))
def test_an_object_tells_which_row_would_name_it(ident, target, upload_id):
    key = artifacts.key_of(ident, target, str(upload_id))

    assert sweep.owner_of(key) == package_rows.package_key(ident, target)
    assert sweep.owner_of(artifacts.texts_key_of(key)) == package_rows.texts_key(ident, target)


@given(st.text() | st.lists(NAMES | st.sampled_from(["texts", "x86_64", "linux", "a.hart"]), max_size=9).map("/".join))
def test_any_key_can_be_asked_about(key):
    sweep.owner_of(key)


def test_objects_without_a_row_go_after_a_day_and_named_ones_stay(depot, origin, a_day_later):
    ident = a_release(depot, origin)
    unnamed = [put(debris_of(ident)), put(debris_of(PackageIdent(origin, "gone", "1", "2")))]
    unnamed += [put(artifacts.texts_key_of(key)) for key in unnamed]

    assert swept().objects >= 4
    assert not any(map(there, unnamed))
    assert there(row_of(ident).artifact)
    assert depot.get(f"/depot/pkgs/{ident}/download").status == 200


def test_long_texts_stay_with_their_package(depot, origin, a_day_later, monkeypatch):
    monkeypatch.setattr(uploading, "INLINE_TEXTS_BYTES", 1)
    ident = a_release(depot, origin)
    texts = artifacts.texts_key_of(row_of(ident).artifact)
    assert there(texts)

    swept()

    assert there(texts)


def test_what_came_within_a_day_stays(depot, origin, a_day_later, monkeypatch):
    monkeypatch.setattr(sweep, "GRACE", timedelta(days=1))
    key = put(debris_of(PackageIdent(origin, "young", "1", "2")))
    swept()
    assert there(key)

    monkeypatch.setattr(sweep, "GRACE", timedelta(hours=-1))
    swept()
    assert not there(key)


def test_what_was_replaced_stays_while_links_to_it_may_be_in_use(depot, origin, a_day_later, monkeypatch):
    hart = a_hart(origin=origin, name=a_name("replaced"))
    query = {"checksum": hart.checksum, "forced": "true"}
    assert depot.post(hart.url, by="bobo", body=hart.content, query=query).status == 201
    replaced = row_of(hart.ident).artifact
    swept()
    assert depot.post(hart.url, by="bobo", body=hart.content, query=query).status == 201
    monkeypatch.setattr(sweep, "LINKS_LIVE", timedelta(minutes=30))

    swept()
    assert there(replaced)

    monkeypatch.setattr(sweep, "LINKS_LIVE", timedelta())
    swept()
    assert not there(replaced)
    assert there(row_of(hart.ident).artifact)


@pytest.mark.parametrize(
    "key", ["logs/1", "a.hart", "texts/a", "o/n/v/r/no/target/1/a.hart", "o/n/v/r/x86_64/linux/1/a.txt"]
)
def test_what_is_neither_archive_nor_texts_is_not_its_business(depot, a_day_later, key):
    put(key)

    swept()

    assert there(key)


def test_a_run_is_bounded_and_the_next_goes_on_until_all_were_looked_at(depot, origin, a_day_later, monkeypatch):
    monkeypatch.setattr(artifacts, "LISTED_AT_ONCE", 3)
    sweep.sweep(60)
    keys = [put(debris_of(PackageIdent(origin, f"n{number}", "1", "2"))) for number in range(8)]
    monkeypatch.setattr(sweep, "OBJECTS_PER_RUN", 4)

    looked_at, runs = [], 0
    while any(map(there, keys)):
        looked_at.append(sweep.sweep(60).looked_at)
        runs += 1
        assert runs < 1000, "all objects of the tests before are looked at, too"

    assert runs >= 2
    assert max(looked_at) <= 6, "the pages that the limit falls into"


def test_a_run_without_time_does_nothing(depot, origin, a_day_later):
    key = put(debris_of(PackageIdent(origin, "waits", "1", "2")))

    assert sweep.sweep(-1) == sweep.Swept(0, 0, 0, 0)
    assert there(key)


def test_a_run_that_dies_is_made_good_by_the_next(depot, origin, a_day_later, monkeypatch):
    keys = [put(debris_of(PackageIdent(origin, f"n{number}", "1", "2"))) for number in range(3)]
    remove, lives = artifacts.remove, [1, 1]

    def mortal(key):
        if not lives:
            raise KeyboardInterrupt
        lives.pop()
        remove(key)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(artifacts, "remove", mortal)
        swept()
    assert any(map(there, keys))

    swept()
    assert not any(map(there, keys))


def test_a_deletion_of_a_channel_that_was_interrupted_is_finished(depot, origin, a_day_later, monkeypatch):
    idents = [a_release(depot, origin) for _ in range(3)]
    for ident in idents:
        promoted(depot, ident, "leaving")
    with monkeypatch.context() as patched, suppress(KeyboardInterrupt):
        patched.setattr(channels, "_leave", interrupt)
        channels.delete(origin, "leaving")
    assert "leaving" in row_of(idents[0]).channels

    assert sweep.sweep(60).channels == 1

    assert all("leaving" not in row_of(ident).channels for ident in idents)
    assert read(channel_rows.leaving_key(origin, "leaving")) is None
    assert read(channel_rows.leaving_from_key(origin)) is None
    assert sweep.sweep(60).channels == 0
    promoted(depot, idents[0], "leaving")
    assert depot.get(f"/depot/channels/{origin}/leaving/pkgs").json()["total_count"] == 1


def interrupt(*_):
    raise KeyboardInterrupt


def test_a_deletion_that_begins_while_the_sweep_looks_is_not_lost(depot, origin, monkeypatch):
    for channel in ("one", "two"):
        assert depot.post(f"/depot/channels/{origin}/{channel}", by="bobo").status == 201
    assert depot.delete(f"/depot/channels/{origin}/one", by="bobo").status == 200
    take_down = channels._remove_members
    with monkeypatch.context() as patched:
        patched.setattr(channels, "_remove_members", lambda *_: None)
        channels.delete(origin, "two")

        def late(*told):
            take_down(*told)
            assert depot.post(f"/depot/channels/{origin}/three", by="bobo").status == 201
            patched.setattr(channels, "_remove_members", lambda *_: None)
            channels.delete(origin, "three")

        patched.setattr(channels, "_remove_members", late)
        channels.finish_deletions(lambda: False)

    assert read(channel_rows.leaving_from_key(origin)) is not None
    assert channels.finish_deletions(lambda: False) == 1
    assert read(channel_rows.leaving_from_key(origin)) is None


def test_uploads_that_nobody_completed_go_with_everything(depot, origin, a_day_later, monkeypatch):
    monkeypatch.setattr(uploads, "LIFE_SECONDS", -1)
    begun = an_upload(depot, a_hart(origin=origin, name=a_name("open"))).send()
    upload_id = begun.url.rpartition("/")[2]

    assert sweep.sweep(60).uploads >= 1

    assert read(upload_store.upload_key(upload_id)) is None
    parts = client("s3").list_multipart_uploads(Bucket=config.bucket).get("Uploads", [])
    assert f"_staging/{upload_id}.hart" not in [each["Key"] for each in parts]
    assert begun.complete().status == 404


def test_a_staged_archive_of_nobody_goes_too(depot, origin, a_day_later):
    key = put("_staging/17.hart")

    sweep.sweep(60)

    assert not there(key)


def test_an_upload_that_may_still_be_completed_stays(depot, origin, a_day_later):
    hart = a_hart(origin=origin, name=a_name("alive"))
    begun = an_upload(depot, hart).send()

    sweep.sweep(60)

    assert begun.complete().status == 201


def test_the_scheduled_function_sweeps(depot, origin, a_day_later):
    import app

    key = put(debris_of(PackageIdent(origin, "scheduled", "1", "2")))
    event = {"version": "0", "account": "1", "region": "r", "detail": {}, "detail-type": "Scheduled Event"}
    event |= {"source": "aws.events", "time": "t", "id": "i", "resources": []}

    for _ in range(2):
        app.sweep(event, None)

    assert not there(key)
