"""The rows that depend on a builder key, and their re-encryption.

A row depends on a key in one of two ways. A signed box in the attribute `box` can be sealed again. An access token
(`key_revision`) cannot: its text, which only its owner has, is itself a box.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.core.keys.signed_box import BoxMalformed, BoxUnreadable, KeyRing, SignedBox

BOX, TOKEN_KEY = "box", "key_revision"
ROWS_PER_PAGE = 500
RETRYABLE = ("TransactionConflictException", "ProvisionedThroughputExceededException", "ThrottlingException")
CHANGED = "ConditionalCheckFailedException"

Row = Mapping[str, Any]
Key = dict[str, Any]


@dataclass
class Found:
    """What a walk has found. `unreadable` and `tokens` count rows by the full name of their key."""

    sealed_again: int = 0
    up_to_date: int = 0
    changed_meanwhile: int = 0
    unreadable: Counter[str] = field(default_factory=Counter)
    tokens: Counter[str] = field(default_factory=Counter)
    accounts: list[str] = field(default_factory=list)
    """Names of the accounts whose access tokens depend on another key."""

    @property
    def is_complete(self) -> bool:
        """Return whether every box names the key."""
        return not self.changed_meanwhile and not self.unreadable


class SealedRows:
    """The rows of a table that depend on a builder key. `tables` is a client of DynamoDB."""

    def __init__(self, tables: Any, table: str) -> None:
        self._tables = tables
        self._table = table

    def pages(self, start: Key | None = None) -> Iterator[tuple[list[Row], Key | None]]:
        """Yield the rows, a page at a time, each with the key behind which the next page begins."""
        more: dict[str, Any] = {} if start is None else {"ExclusiveStartKey": start}
        while True:
            page = self._tables.scan(
                TableName=self._table,
                Limit=ROWS_PER_PAGE,
                ConsistentRead=True,
                FilterExpression="attribute_exists(#box) OR attribute_exists(#token)",
                ProjectionExpression="pk, sk, #box, #token, #name",
                ExpressionAttributeNames={"#box": BOX, "#token": TOKEN_KEY, "#name": "name"},
                **more,
            )
            start = page.get("LastEvaluatedKey")
            yield page["Items"], start
            if start is None:
                return
            more = {"ExclusiveStartKey": start}

    def replace_box(self, row: Row, box: str) -> None:
        """Store another box in a row, if it still has its box. Raises ClientError."""
        self._tables.update_item(
            TableName=self._table,
            Key={"pk": row["pk"], "sk": row["sk"]},
            UpdateExpression="SET #box = :new",
            ConditionExpression="#box = :old",
            ExpressionAttributeNames={"#box": BOX},
            ExpressionAttributeValues={":new": {"S": box}, ":old": row[BOX]},
        )

    def delete_token(self, row: Row) -> None:
        """Delete an access token, if it still depends on its key. Raises ClientError."""
        self._tables.delete_item(
            TableName=self._table,
            Key={"pk": row["pk"], "sk": row["sk"]},
            ConditionExpression="#token = :key",
            ExpressionAttributeNames={"#token": TOKEN_KEY},
            ExpressionAttributeValues={":key": row[TOKEN_KEY]},
        )


class Walk:
    """One pass over the table, which seals all boxes with one key."""

    def __init__(self, rows: SealedRows, ring: KeyRing, key: str, *, revokes: bool = False) -> None:
        """`key` is the full name of the key. `revokes`: delete the access tokens that depend on other keys."""
        self._rows, self._ring, self._key, self._revokes = rows, ring, key, revokes

    def run(self, start: Key | None = None, note: Callable[[Key | None, Found], None] = lambda *_: None) -> Found:
        """Walk behind a key, and call `note` after each page. Repeating it changes nothing that is done."""
        found = Found()
        for page, following in self._rows.pages(start):
            for row in page:
                self._take(row, found)
            note(following, found)
        return found

    def _take(self, row: Row, found: Found) -> None:
        try:
            if TOKEN_KEY in row:
                self._take_token(row, found)
            elif row[BOX]["S"].startswith("BOX-1\n"):
                self._take_box(row, found)
        except ClientError as problem:
            if problem.response["Error"]["Code"] not in (CHANGED, *RETRYABLE):
                raise
            found.changed_meanwhile += 1

    def _take_box(self, row: Row, found: Found) -> None:
        text = row[BOX]["S"]
        try:
            key = str(SignedBox.parse(text).decryptor)
            if key == self._key:
                found.up_to_date += 1
                return
            plain = self._ring.open(text)
        except (BoxMalformed, BoxUnreadable):
            found.unreadable[text.split("\n")[1]] += 1
            return
        self._rows.replace_box(row, self._ring.seal(plain, key_revision=self._key))
        found.sealed_again += 1

    def _take_token(self, row: Row, found: Found) -> None:
        key = row[TOKEN_KEY]["S"]
        if key == self._key:
            found.up_to_date += 1
        elif self._revokes:
            self._rows.delete_token(row)
        else:
            found.tokens[key] += 1
            found.accounts.append(row.get("name", {}).get("S", "?"))
