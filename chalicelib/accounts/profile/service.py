"""The rules of profiles (accounts.md 8.2)."""

from contextlib import suppress

from chalicelib.accounts.errors import AccountMissing, EmailMissing
from chalicelib.core.plain_text import is_plain
from chalicelib.identity import rows
from chalicelib.identity.rows import AccountRow
from chalicelib.platform.change import Change
from chalicelib.platform.table import read

LONGEST_EMAIL = 10_000


def profile(account_id: int) -> AccountRow:
    """Return an account. Raises AccountMissing."""
    row = read(rows.account_key(account_id))
    if row is None:
        raise AccountMissing
    return row


def change_email(account_id: int, email: str) -> None:
    """Set the e-mail address of an account without validating it.

    Raises EmailMissing if it is empty or too long, or has control characters. Does nothing for the build service, which
    has no account.
    """
    if not email or len(email) > LONGEST_EMAIL or not is_plain(email):
        raise EmailMissing
    key = rows.account_key(account_id)
    with suppress(AccountMissing), Change() as change:
        change.update(key, [AccountRow.email.set(email)], AccountRow.pk.exists(), otherwise=AccountMissing())
