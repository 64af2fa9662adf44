"""Reading infra/template.yaml: the one list of resources, for packaging, the embedded stack and tests."""

from pathlib import Path
from typing import Any

import yaml

TEMPLATE = Path(__file__).with_name("template.yaml")


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms: `!Ref x` is `{"Ref": "x"}`, `!Sub x` is `{"Fn::Sub": "x"}`."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    if isinstance(node, yaml.MappingNode):
        return {name: loader.construct_mapping(node, deep=True)}
    value = str(node.value)
    return {name: value.split(".", 1) if suffix == "GetAtt" else value}


_Loader.add_multi_constructor("!", _intrinsic)


def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    """A template with intrinsics in their long form."""
    template = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a subclass of the safe loader
    if not isinstance(template, dict):
        raise TypeError(f"{path} is not a template")
    return template


def properties(logical_id: str, template: dict[str, Any] | None = None) -> dict[str, Any]:
    """The declared properties of a resource."""
    resource = (template or read_template())["Resources"][logical_id]
    return dict(resource.get("Properties", {}))
