"""The limit of sign-ins per address: clients may guess codes, and each attempt costs two calls to the provider."""

import time

from chalicelib.accounts.errors import TooManySignIns
from chalicelib.accounts.sign_in.rows import SignInsRow, sign_ins_key
from chalicelib.platform.change import Change
from chalicelib.platform.config import config

COUNTED_SECONDS = 60


def count_sign_in(address: str) -> None:
    """Count a sign-in attempt. Raises TooManySignIns if the address has reached the limit of the current minute."""
    limit = config.sign_ins_per_minute
    if not limit or config.functional_test:
        return
    minute = int(time.time()) // COUNTED_SECONDS
    with Change() as change:
        change.update(
            sign_ins_key(address, minute),
            [SignInsRow.tried.add(1), SignInsRow.expires_at.set((minute + 2) * COUNTED_SECONDS)],
            SignInsRow.tried.does_not_exist() | (SignInsRow.tried < limit),
            otherwise=TooManySignIns(),
        )
