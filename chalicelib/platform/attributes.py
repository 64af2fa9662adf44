"""PynamoDB's types for the declaration of rows, conditions and actions; only `platform` imports PynamoDB itself."""

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

__all__ = [
    "Action",
    "BinaryAttribute",
    "BooleanAttribute",
    "Condition",
    "NumberAttribute",
    "UnicodeAttribute",
    "UnicodeSetAttribute",
]
