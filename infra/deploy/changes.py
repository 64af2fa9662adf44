"""The changes in a change set, as a table for people, and those of them that lose data."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HOLDS_DATA = {
    "AWS::DynamoDB::Table": "TABLE",
    "AWS::S3::Bucket": "BUCKET",
    "AWS::SecretsManager::Secret": "SECRET",
}
"""Resources whose content is not in the template, with their names in warnings."""

IDENTITY = {
    "AWS::DynamoDB::Table": {"AttributeDefinitions", "ImportSourceSpecification", "KeySchema", "TableName"},
    "AWS::S3::Bucket": {"BucketName", "BucketNamePrefix", "BucketNamespace"},
    "AWS::SecretsManager::Secret": {"Name"},
}
"""The properties whose change can replace such a resource. A change set may call other changes conditional, too."""

LISTED = 20
"""A longer list of nothing but additions is that of a new stack."""

LOSSES = {"replace": "REPLACES", "may replace": "MAY REPLACE", "remove": "REMOVES"}


@dataclass(frozen=True)
class ResourceChange:
    """What an update does to one resource.

    `action` is add, change, replace, may replace, remove, keep (removed from the stack only), or follow (changes only
    if a resource changes to which it refers).
    """

    action: str
    name: str
    kind: str
    properties: tuple[str, ...] = ()

    @property
    def danger(self) -> str | None:
        """What is lost, in capital letters, or None. A new resource of such a kind is empty."""
        content = HOLDS_DATA.get(self.kind)
        if content is None or self.action not in LOSSES:
            return None
        return f"{LOSSES[self.action]} {content}"


def parse(changes: Iterable[Mapping[str, Any]]) -> list[ResourceChange]:
    """Return the changes of resources in the answer of DescribeChangeSet."""
    return [_parsed(change["ResourceChange"]) for change in changes if change.get("Type", "Resource") == "Resource"]


def _parsed(change: Mapping[str, Any]) -> ResourceChange:
    targets = [detail.get("Target", {}) for detail in change.get("Details", ())]
    names = sorted({target.get("Name") or target.get("Attribute", "") for target in targets} - {""})
    return ResourceChange(_action(change, names), change["LogicalResourceId"], change["ResourceType"], tuple(names))


def _action(change: Mapping[str, Any], properties: Sequence[str]) -> str:
    action, kind = str(change["Action"]), change["ResourceType"]
    if action == "Modify":
        return _modification(change, IDENTITY.get(kind), properties)
    if action == "Remove":
        # A secret with DeletionPolicy Retain only leaves the stack. A table or bucket that leaves it is lost to the
        # service, which would continue with another one or none.
        kept = change.get("PolicyAction") == "Retain" and kind == "AWS::SecretsManager::Secret"
        return "keep" if kept else "remove"
    return {"Add": "add", "Dynamic": "may replace"}.get(action, action.lower())


def _modification(change: Mapping[str, Any], identity: set[str] | None, properties: Sequence[str]) -> str:
    replacement = str(change.get("Replacement", "False"))
    details = change.get("Details", ())
    if replacement == "True":
        return "replace"
    if identity is not None:
        return "may replace" if replacement == "Conditional" and identity & set(properties) else "change"
    if details and all(detail.get("Evaluation") == "Dynamic" for detail in details):
        return "follow"
    return "may replace" if replacement == "Conditional" else "change"


def dangers(changes: Iterable[ResourceChange], allowed: Iterable[str] = ()) -> list[ResourceChange]:
    """Return the changes that lose data and that the operator has not allowed by name."""
    return [change for change in changes if change.danger is not None and change.name not in set(allowed)]


def described(changes: Sequence[ResourceChange]) -> str:
    """Return the changes as a table, the dangerous ones first.

    Not listed, only counted: what only follows other changes, and the additions of a new stack.
    """
    creates = len(changes) > LISTED and all(change.action == "add" for change in changes)
    shown = [] if creates else [change for change in changes if change.action != "follow"]
    shown.sort(key=lambda change: (change.danger is None, change.action, change.name))
    width = max((len(change.name) for change in shown), default=0)
    counts = Counter(change.action for change in changes)
    total = ", ".join(f"{number} to {action}" for action, number in sorted(counts.items()))
    return "\n".join([*(_line(change, width) for change in shown), f"  {total}"])


def _line(change: ResourceChange, width: int) -> str:
    properties = f"  ({', '.join(change.properties)})" if change.properties else ""
    return f"  {change.danger or change.action:<18} {change.name:<{width}}  {change.kind}{properties}"
