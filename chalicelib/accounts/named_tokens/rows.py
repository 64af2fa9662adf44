"""The count of an account's named tokens; the tokens themselves are rows of `identity`, which proves them."""

from chalicelib.identity.rows import account_partition
from chalicelib.platform.attributes import NumberAttribute
from chalicelib.platform.row import Key, Row


class NamedTokenCountRow(Row):
    """At least the number of valid tokens. It does not notice when a token expires, so it may be too high.

    Every transaction that creates or revokes a token changes the count and sets a new revision.
    """

    tokens = NumberAttribute()
    revision = NumberAttribute()


def count_key(account_id: int) -> Key[NamedTokenCountRow]:
    """Return the key of the count of an account's named tokens."""
    return Key(NamedTokenCountRow, account_partition(account_id), "NAMED-TOKENS")
