"""Reads infra/resources/, the single list of resources, for packaging, the embedded stack and tests."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import yaml

RESOURCES = Path(__file__).with_name("resources")
REPOSITORY = RESOURCES.parents[1]
HEAD = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Description": "Habitat Builder, serverless - package depot and build service on Lambda, DynamoDB and S3",
}

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


class NameTaken(Exception):
    """Two files declare the same name in the same section."""


def read_template() -> dict[str, Any]:
    """Return the template, joined from its files, with its intrinsic functions in long form. Raises NameTaken."""
    template: dict[str, Any] = json.loads(_joined())  # a copy, which callers may change
    return template


@cache
def _joined() -> str:
    return json.dumps(join({path: _read(path) for path in sorted(RESOURCES.rglob("*.yaml"))}))


def join(files: dict[Path, dict[str, Any]]) -> dict[str, Any]:
    """Return the template that some files make together. Raises NameTaken."""
    template: dict[str, Any] = dict(HEAD)
    for path, sections in files.items():
        for section, entries in sections.items():
            joined = template.setdefault(section, {})
            for name, entry in entries.items():
                if name in joined:
                    raise NameTaken(f"{path} declares {name} of {section} again")
                joined[name] = entry
    return template


def _read(path: Path) -> dict[str, Any]:
    sections: dict[str, Any] = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a subclass of the safe loader
    return sections


def machine(logical_id: str) -> dict[str, Any]:
    """Return the definition of a state machine. It names functions as CloudFormation does: `${StepGroup.Arn}`."""
    path = REPOSITORY / properties(logical_id)["DefinitionString"]
    definition: dict[str, Any] = json.loads(path.read_text())
    return definition


def properties(logical_id: str) -> dict[str, Any]:
    """Return the properties of a resource."""
    return dict(read_template()["Resources"][logical_id].get("Properties", {}))
