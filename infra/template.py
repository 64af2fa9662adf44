"""Reads infra/template.yaml, the single list of resources, for packaging, the embedded stack and tests."""

import json
from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("template.yaml")


# The loader that is written in C takes a tenth of the time, which is a tenth of the start of `make run`.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[valid-type,misc]  # one of two classes
    """YAML with CloudFormation's short forms: `!Ref x` becomes `{"Ref": "x"}`, `!Sub x` becomes `{"Fn::Sub": "x"}`."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    value = str(node.value)
    return {name: value.split(".", 1) if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _intrinsic)


def read_template() -> dict[str, Any]:
    """Return the template with its intrinsic functions in long form."""
    template: dict[str, Any] = yaml.load(TEMPLATE.read_text(), _Loader)  # noqa: S506 - a subclass of the safe loader
    return template


def machine(logical_id: str) -> dict[str, Any]:
    """Return the definition of a state machine. It names functions as CloudFormation does: `${StepGroup.Arn}`."""
    path = TEMPLATE.parents[1] / properties(logical_id)["DefinitionString"]
    definition: dict[str, Any] = json.loads(path.read_text())
    return definition


def properties(logical_id: str) -> dict[str, Any]:
    """Return the properties of a resource."""
    return dict(read_template()["Resources"][logical_id].get("Properties", {}))
