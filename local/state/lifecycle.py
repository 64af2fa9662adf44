"""The rules of the template by which AWS deletes rows and objects, with the values of this stack. Pure."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from msgspec import Struct

from infra.template import read_template


class Expiry(Struct, frozen=True):
    """Objects below a prefix are deleted after an age."""

    prefix: str
    age: timedelta


class Rules(Struct, frozen=True):
    """What to delete: expired objects, and multipart uploads that were not completed within an age (None: never)."""

    objects: tuple[Expiry, ...]
    unfinished_uploads: timedelta | None
    expires_at: str | None
    """The attribute of rows with the time (seconds) from which they may be deleted."""


def rules(settings: Mapping[str, str]) -> Rules:
    """Return the rules of the template's table and bucket. `settings` are the environment of the service."""
    template = read_template()
    values = _Values(template, settings)
    lifecycle = template["Resources"]["Artifacts"]["Properties"]["LifecycleConfiguration"]["Rules"]
    enabled = [rule for rule in map(values.of, lifecycle) if rule["Status"] == "Enabled"]
    ages = [each["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] for each in enabled if _aborts(each)]
    time_to_live = template["Resources"]["Table"]["Properties"].get("TimeToLiveSpecification", {})
    return Rules(
        tuple(Expiry(each["Prefix"], _days(each["ExpirationInDays"])) for each in enabled if _expires(each)),
        min(map(_days, ages), default=None),
        time_to_live.get("AttributeName") if time_to_live.get("Enabled") else None,
    )


def _expires(rule: Mapping[str, Any]) -> bool:
    """Return whether a rule deletes objects of one prefix. Rules of versions do not matter to a store without them."""
    return "ExpirationInDays" in rule and bool(rule.get("Prefix"))


def _aborts(rule: Mapping[str, Any]) -> bool:
    return "AbortIncompleteMultipartUpload" in rule


def _days(number: Any) -> timedelta:
    return timedelta(days=int(number))


class _Values:
    """Evaluates the intrinsic functions that the rules use, as CloudFormation does."""

    def __init__(self, template: dict[str, Any], settings: Mapping[str, str]) -> None:
        self._template = template
        self._settings = settings
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._parameter,
            "Condition": self._condition,
            "Fn::If": lambda parts: self.of(parts[1] if self._condition(parts[0]) else parts[2]),
            "Fn::Equals": lambda parts: str(self.of(parts[0])) == str(self.of(parts[1])),
            "Fn::Not": lambda parts: not self.of(parts[0]),
            "Fn::And": lambda parts: all(self.of(part) for part in parts),
            "Fn::Or": lambda parts: any(self.of(part) for part in parts),
        }

    def of(self, value: Any) -> Any:
        """Return a value of the template without intrinsic functions."""
        if isinstance(value, list):
            return [self.of(each) for each in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (function := self._functions.get(next(iter(value)))) is not None:
            return function(next(iter(value.values())))
        return {name: self.of(each) for name, each in value.items()}

    def _condition(self, name: str) -> bool:
        return bool(self.of(self._template["Conditions"][name]))

    def _parameter(self, name: str) -> Any:
        """Return the value of a parameter: that of the setting to which the template passes it, or its default."""
        variables = self._template["Globals"]["Function"]["Environment"]["Variables"]
        settings = [variable for variable, value in variables.items() if value == {"Ref": name}]
        given = [value for variable in settings if (value := self._settings.get(variable))]
        return given[0] if given else self._template["Parameters"][name]["Default"]
