"""The evaluation of IAM policies as AWS describes it: statements, their conditions, and the rights that they give."""

import re
from collections.abc import Iterable, Mapping
from functools import cache

from msgspec import Struct

Context = Mapping[str, tuple[str, ...]]
"""The values of the condition keys of a request. Most keys have one value, `dynamodb:LeadingKeys` one for each item."""

OPERATORS = ("StringEquals", "StringLike", "Bool", "Null", "ForAllValues:StringEquals", "ForAllValues:StringLike")


class Right(Struct, frozen=True, order=True):
    """An action that a function may take on the resources of a pattern."""

    function: str
    action: str
    resource: str


class PermittedValue(Struct, frozen=True, order=True):
    """A value that a statement of a function permits for a condition key, such as the beginning of a partition key."""

    function: str
    statement: str
    key: str
    value: str


class Condition(Struct, frozen=True):
    """A condition of a statement."""

    operator: str
    key: str
    values: tuple[str, ...]

    def holds(self, context: Context) -> bool:
        """Return whether the condition holds. A missing key fails all operators but `Null` and `ForAllValues`."""
        if self.operator == "Null":
            return (self.key not in context) == (self.values == ("true",))
        if self.operator.startswith("ForAllValues:"):
            return all(self._permitting(text) for text in context.get(self.key, ()))
        return any(self._permitting(text) for text in context.get(self.key, ()))

    def used(self, context: Context) -> set[str]:
        """Return the permitted values that the values of a request match."""
        if self.operator == "Null":
            return set(self.values)
        return {value for text in context.get(self.key, ()) for value in self._permitting(text)}

    def _permitting(self, text: str) -> list[str]:
        if self.operator.endswith("StringLike"):
            return [value for value in self.values if fits(value, text)]
        return [value for value in self.values if value == text]


class Statement(Struct, frozen=True):
    """A statement of a policy."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...] = ()
    sid: str = ""

    def matches(self, action: str, resource: str, context: Context) -> str | None:
        """Return the pattern of the resource, or None if the statement is not about this request."""
        if not any(fits(pattern, action, ignore_case=True) for pattern in self.actions):
            return None
        if not all(condition.holds(context) for condition in self.conditions):
            return None
        return next((pattern for pattern in self.resources if fits(pattern, resource)), None)


class Use(Struct, frozen=True):
    """The right that permits a request, and the values of conditions that the request matches."""

    right: Right
    values: frozenset[PermittedValue]


class Policies(Struct, frozen=True):
    """The statements of each function, by its logical id."""

    statements: dict[str, tuple[Statement, ...]]

    def use_of(self, function: str, action: str, resource: str, context: Context) -> Use | None:
        """Return what permits a request, or None. A matching `Deny` wins over every `Allow`."""
        use = None
        for statement in self.statements[function]:
            pattern = statement.matches(action, resource, context)
            if pattern is not None and statement.effect == "Deny":
                return None
            if pattern is not None and use is None:
                values = _permitted(function, statement, ((each, each.used(context)) for each in statement.conditions))
                use = Use(Right(function, action, pattern), frozenset(values))
        return use

    def granted(self) -> set[Right]:
        """Return all rights."""
        return {
            Right(function, action, resource)
            for function, statement in self._allowing()
            for action in statement.actions
            for resource in statement.resources
        }

    def permitted_values(self) -> set[PermittedValue]:
        """Return the values that conditions permit."""
        return {
            value
            for function, statement in self._allowing()
            for value in _permitted(function, statement, ((each, each.values) for each in statement.conditions))
        }

    def _allowing(self) -> Iterable[tuple[str, Statement]]:
        for function, statements in self.statements.items():
            for statement in statements:
                if statement.effect == "Allow":
                    yield function, statement


def _permitted(
    function: str, statement: Statement, values_of: Iterable[tuple[Condition, Iterable[str]]]
) -> set[PermittedValue]:
    return {
        PermittedValue(function, statement.sid, condition.key, value)
        for condition, values in values_of
        for value in values
    }


def fits(pattern: str, text: str, *, ignore_case: bool = False) -> bool:
    """Return whether a text matches a pattern, in which `*` is any text and `?` any character."""
    return _compiled(pattern, ignore_case).fullmatch(text) is not None


@cache
def _compiled(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    expression = "".join({"*": ".*", "?": "."}.get(each, re.escape(each)) for each in pattern)
    return re.compile(expression, re.DOTALL | (re.IGNORECASE if ignore_case else 0))
