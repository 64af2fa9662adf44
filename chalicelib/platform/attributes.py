"""PynamoDB's types for declarations of rows, conditions and actions; nothing outside of `platform` imports PynamoDB."""

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

__all__ = ["Action", "BinaryAttribute", "BooleanAttribute", "Condition", "NumberAttribute", "UnicodeAttribute"]
