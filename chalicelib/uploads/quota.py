"""The limit on the open uploads of an account: each of them takes one of the account's numbered slots.

A slot is taken in the transaction that adds the upload, so the limit also holds for parallel requests, and uploads of
one account write no common row. Slots are not given back: when all of them look taken, those whose upload has ended are
taken again. So an interruption leaves nothing to repair.
"""

import random
import time

from msgspec import Struct

from chalicelib.platform.attributes import Condition, NumberAttribute, UnicodeAttribute
from chalicelib.platform.change import Change
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import read_many, rows
from chalicelib.uploads.errors import TooManyUploads
from chalicelib.uploads.rows import UploadRow, upload_key

OPEN_UPLOADS = 100


class SlotRow(Row):
    """One of the open uploads that an account may have. The table deletes the row when the upload has expired."""

    upload = UnicodeAttribute()
    expires_at = NumberAttribute()


class Slot(Struct, frozen=True):
    """A slot that is free, on condition that its row still is as it was read."""

    key: Key[SlotRow]
    unchanged: Condition


def slot_key(account_id: int, number: int) -> Key[SlotRow]:
    """Return the key of a slot."""
    return Key(SlotRow, _slots(account_id), str(number))


def free_slot(account_id: int) -> Slot:
    """Return a free slot of an account, any of them, so that parallel uploads rarely take the same. One or two calls.

    Raises TooManyUploads.
    """
    taken = {row.sk: row for row in rows(SlotRow, _slots(account_id))}
    numbers = [number for number in range(OPEN_UPLOADS) if str(number) not in taken]
    if numbers:
        number = random.choice(numbers)  # noqa: S311 - spreads parallel uploads, and is not a secret
        return Slot(slot_key(account_id, number), SlotRow.pk.does_not_exist())
    uploads = read_many([upload_key(row.upload) for row in taken.values()])
    ended = [row for row in taken.values() if not _is_open(uploads.get(upload_key(row.upload)))]
    if not ended:
        raise TooManyUploads(OPEN_UPLOADS)
    row = random.choice(ended)  # noqa: S311 - spreads parallel uploads, and is not a secret
    return Slot(slot_key(account_id, int(row.sk)), SlotRow.upload == row.upload)


def take(change: Change, slot: Slot, upload: UploadRow) -> None:
    """Take a slot for an upload in the change that adds it, on condition that it is still free (Stale)."""
    row = SlotRow(slot.key.pk, slot.key.sk, upload=upload.id, expires_at=int(upload.expires_at))
    change.put(row, condition=slot.unchanged)


def _slots(account_id: int) -> str:
    return partition("OPEN-UPLOADS", str(account_id))


def _is_open(row: UploadRow | None) -> bool:
    return row is not None and row.is_open and row.expires_at >= time.time()
