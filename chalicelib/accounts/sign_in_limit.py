"""How often one address may try to sign in: codes can be guessed, and every try costs two calls to the provider."""

import time

from chalicelib.accounts import store
from chalicelib.accounts.errors import TooManySignIns
from chalicelib.accounts.store import SignInsRow
from chalicelib.platform.change import Change
from chalicelib.platform.settings import settings

COUNTED_SECONDS = 60


def count_sign_in(address: str) -> None:
    """Count a try. Raises TooManySignIns above the limit of the minute, which begins for all at the full one."""
    limit = settings.sign_ins_per_minute
    if not limit or settings.functional_test:
        return
    minute = int(time.time()) // COUNTED_SECONDS
    change = Change()
    change.update(
        store.sign_ins_key(address, minute),
        [SignInsRow.tried.add(1), SignInsRow.expires_at.set((minute + 2) * COUNTED_SECONDS)],
        SignInsRow.tried.does_not_exist() | (SignInsRow.tried < limit),
        otherwise=TooManySignIns(),
    )
    change.commit()
