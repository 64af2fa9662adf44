"""PynamoDB's types for the declaration of rows, conditions and actions; only `platform` imports PynamoDB itself.

The attributes do what PynamoDB's do, in a fraction of the time: theirs also support maps, which rows do not have.
"""

import json
from typing import TYPE_CHECKING, Any

import msgspec
from pynamodb import attributes as of_pynamodb
from pynamodb.attributes import Attribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

__all__ = [
    "Action",
    "Attribute",
    "BinaryAttribute",
    "BooleanAttribute",
    "Condition",
    "NumberAttribute",
    "UnicodeAttribute",
    "UnicodeSetAttribute",
]


class _OfRow:
    """What all attributes share: a row has the values of its attributes in a dictionary."""

    if not TYPE_CHECKING:  # PynamoDB declares the types of both methods

        def __get__(self, row: Any, kind: Any) -> Any:
            return self if row is None else row.attribute_values.get(self.attr_path[0])

        def __set__(self, row: Any, value: Any) -> None:
            row.attribute_values[self.attr_path[0]] = value


class UnicodeAttribute(_OfRow, of_pynamodb.UnicodeAttribute):
    """A text."""


class BooleanAttribute(_OfRow, of_pynamodb.BooleanAttribute):
    """True or False."""


class BinaryAttribute(_OfRow, of_pynamodb.BinaryAttribute):
    """Bytes."""


class UnicodeSetAttribute(_OfRow, of_pynamodb.UnicodeSetAttribute):
    """A set of texts."""


class NumberAttribute(_OfRow, of_pynamodb.NumberAttribute):
    """A number."""

    def serialize(self, value: Any) -> str:
        """Return the text that DynamoDB gets. `json`, which PynamoDB uses, takes much longer."""
        return str(value) if type(value) is int else json.dumps(value)

    def deserialize(self, value: str) -> Any:
        """Return the number in a text of DynamoDB."""
        return msgspec.json.decode(value)
