"""The limit on the open uploads of an account holds for parallel requests (platform.md 4.4)."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from chalicelib.platform.change import Change, Stale
from chalicelib.platform.table import rows
from chalicelib.uploads import quota
from chalicelib.uploads.errors import TooManyUploads
from chalicelib.uploads.quota import Slot, SlotRow
from chalicelib.uploads.rows import State, UploadRow, refuse, upload_key

ACCOUNTS, UPLOADS = count(1), count(1)


pytestmark = pytest.mark.usefixtures("table")


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> int:
    """A new account, which may have three open uploads."""
    monkeypatch.setattr(quota, "OPEN_UPLOADS", 3)
    return next(ACCOUNTS)


def begin(account: int, slot: Slot | None = None, expires_in: int = 3600) -> UploadRow:
    """Add an open upload in a free slot. Raises TooManyUploads, Stale."""
    key = upload_key(str(next(UPLOADS)))
    row = UploadRow(
        key.pk,
        key.sk,
        ident="acme/tool/1/1",
        target="x86_64-linux",
        checksum="",
        part_size=1,
        forced=False,
        uploader_id=account,
        multipart="",
        state=str(State.OPEN),
        expires_at=int(time.time()) + expires_in,
    )
    with Change() as change:
        change.add(row)
        quota.take(change, slot or quota.free_slot(account), row)
    return row


def test_the_next_upload_after_the_last_free_slot_is_refused(account: int) -> None:
    for _ in range(3):
        begin(account)

    with pytest.raises(TooManyUploads, match="An account can have 3 open uploads at most"):
        begin(account)

    begin(next(ACCOUNTS))


def test_an_upload_that_ended_gives_way_to_a_new_one(account: int) -> None:
    refused, deleted, _ = (begin(account) for _ in range(3))
    refuse(refused, ValueError())
    with Change() as change:
        change.delete(upload_key(deleted.id))

    for _ in range(2):
        begin(account)
    with pytest.raises(TooManyUploads):
        begin(account)


def test_an_expired_upload_does_not_count(account: int) -> None:
    for seconds in (-1, -1, 3600):
        begin(account, expires_in=seconds)

    for _ in range(2):
        begin(account)
    with pytest.raises(TooManyUploads):
        begin(account)


def test_a_slot_that_another_request_has_taken_is_refused(account: int) -> None:
    slot = quota.free_slot(account)
    begin(account, slot)

    with pytest.raises(Stale):
        begin(account, slot)

    begin(account, expires_in=-1)
    begin(account)
    reused = quota.free_slot(account)
    begin(account, reused)
    with pytest.raises(Stale):
        begin(account, reused)


def test_parallel_requests_do_not_exceed_the_limit(account: int) -> None:
    def attempt(_: int) -> bool:
        while True:
            try:
                begin(account)
            except Stale:
                continue
            except TooManyUploads:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        begun = sum(pool.map(attempt, range(24)))

    assert begun == len(list(rows(SlotRow, quota.slot_key(account, 0).pk))) == 3
