"""Rows and the members of transactions have the forms that PynamoDB gives them."""

from typing import Any

import pynamodb.attributes
import pytest
from pynamodb.connection import Connection
from pynamodb.models import Model

from chalicelib.platform.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from chalicelib.platform.change import Change
from chalicelib.platform.config import config
from chalicelib.platform.row import Key, Row


class Ours(Row):
    """A row with attributes of all types."""

    text = UnicodeAttribute()
    number = NumberAttribute()
    flag = BooleanAttribute(default=False)
    content = BinaryAttribute(legacy_encoding=False, null=True)
    texts = UnicodeSetAttribute(null=True)
    uses = NumberAttribute(default=0)
    note = UnicodeAttribute(null=True)


class Theirs(Model):
    """The same row, with PynamoDB's own code."""

    class Meta:
        table_name = config.table

    pk = pynamodb.attributes.UnicodeAttribute(hash_key=True)
    sk = pynamodb.attributes.UnicodeAttribute(range_key=True)
    text = pynamodb.attributes.UnicodeAttribute()
    number = pynamodb.attributes.NumberAttribute()
    flag = pynamodb.attributes.BooleanAttribute(default=False)
    content = pynamodb.attributes.BinaryAttribute(legacy_encoding=False, null=True)
    texts = pynamodb.attributes.UnicodeSetAttribute(null=True)
    uses = pynamodb.attributes.NumberAttribute(default=0)
    note = pynamodb.attributes.UnicodeAttribute(null=True)


SEVERAL: list[dict[str, Any]] = [
    {"text": "", "number": 0},
    {"text": "caf\u00e9", "number": 2**70, "flag": True, "content": b"\x00\xff", "texts": {"b", "a"}, "note": ""},
    {"text": "a", "number": -1.5, "texts": set(), "uses": True},
    {"text": "a", "number": 1e40, "content": b"", "note": None},
]


@pytest.mark.parametrize("values", SEVERAL)
def test_a_row_is_stored_as_pynamodb_stores_it(values: dict[str, Any]) -> None:
    assert Ours("p", "s", **values).serialize() == Theirs("p", "s", **values).serialize()


@pytest.mark.parametrize("values", SEVERAL)
def test_a_stored_row_is_read_as_pynamodb_reads_it(values: dict[str, Any]) -> None:
    stored = Theirs("p", "s", **values).serialize()

    ours, theirs = Ours.from_raw_data(stored), Theirs("p", "s")
    theirs.deserialize(stored)

    for name in Ours.get_attributes():
        assert getattr(ours, name) == getattr(theirs, name), name
        assert type(getattr(ours, name)) is type(getattr(theirs, name)), name


def test_a_row_without_a_needed_value_cannot_be_stored() -> None:
    with pytest.raises(ValueError, match="number"):
        Ours("p", "s", text="a").serialize()


def test_a_row_has_no_other_attributes() -> None:
    with pytest.raises(ValueError, match="Ours has no wrong"):
        Ours("p", "s", text="a", wrong=1)


def test_a_value_can_be_changed() -> None:
    row = Ours("p", "s", text="a", number=1)

    row.number = 2

    assert row.number == 2
    assert row.serialize()["number"] == {"N": "2"}


def test_the_members_of_a_transaction_are_those_of_pynamodb(monkeypatch: pytest.MonkeyPatch) -> None:
    key = Key(Ours, "p", "s")
    row = Ours("p", "put", text="a", number=1)
    condition = (Ours.number == 3) & Ours.text.exists() & ~Ours.note.is_in("a", "b") & (Ours.pk != "x")
    actions = [Ours.number.add(2), Ours.text.set("b"), Ours.note.remove(), Ours.uses.set(Ours.uses + 1)]
    sent: list[Any] = []
    monkeypatch.setattr("chalicelib.platform.change.connection", lambda: Recorder(sent))

    with Change() as change:
        change.update(Key(Ours, "p", "updated"), actions[:1], condition)
        change.update(Key(Ours, "p", "updated"), actions[1:])
        change.update(Key(Ours, "p", "other"), actions[:1])
        change.put(row, condition)
        change.add(row)
        change.delete(key)
        change.delete(key, condition)
        change.check(key, condition)

    theirs = Connection()
    theirs.add_meta_table(Row._get_connection().get_meta_table())

    def member(sk: str, **options: Any) -> Any:
        return theirs.get_operation_kwargs(config.table, "p", sk, **options)

    def put(put_condition: Any) -> Any:
        return member("put", key="Item", attributes=row.serialize(), condition=put_condition)

    assert sent == [
        [member("s", condition=condition)],
        [member("s"), member("s", condition=condition)],
        [put(condition), put(Row.pk.does_not_exist())],
        [member("updated", condition=condition, actions=actions), member("other", actions=actions[:1])],
    ]


class Recorder:
    """Takes the members of a transaction in the place of PynamoDB's connection."""

    def __init__(self, sent: list[Any]) -> None:
        self._sent = sent

    def transact_write_items(self, *kinds: list[Any]) -> None:
        """Note the members: checks, deletes, puts and updates."""
        self._sent.extend(kinds)
