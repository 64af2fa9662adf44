"""A part of the template: some resources with what they refer to."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from infra.template import read_template


def excerpt(resources: Iterable[str]) -> dict[str, Any]:
    """Return a template with some resources, and the parameters, conditions and outputs that belong to them.

    A resource may refer only to parameters, conditions and itself.
    """
    whole = read_template()
    part: dict[str, Any] = {"Resources": {name: whole["Resources"][name] for name in resources}}
    part["Outputs"] = {
        name: output
        for name, output in whole["Outputs"].items()
        if "Condition" not in output and set(_referred(output)) <= part["Resources"].keys()
    }
    named = set(_referred(part["Resources"]))
    while (
        more := {each for name in named & whole["Conditions"].keys() for each in _referred(whole["Conditions"][name])}
        - named
    ):
        named |= more
    part["Conditions"] = {name: whole["Conditions"][name] for name in sorted(named & whole["Conditions"].keys())}
    part["Parameters"] = {name: whole["Parameters"][name] for name in named & whole["Parameters"].keys()}
    return {"AWSTemplateFormatVersion": whole["AWSTemplateFormatVersion"], **part}


def _referred(value: Any) -> Iterator[str]:
    """Yield the names of parameters, conditions and resources in a part of a template."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _named_by(key, inner)
            yield from _referred(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _referred(inner)


def _named_by(function: str, argument: Any) -> Iterator[str]:
    """Yield the names that an intrinsic function, or an entry of another name, refers to itself."""
    match function, argument:
        case "Ref" | "Condition", str(name):
            yield name
        case "Fn::If" | "Fn::GetAtt", [str(name), *_]:
            yield name
        case "Fn::Sub", str(text) | [str(text), *_]:
            yield from (name.partition(".")[0] for name in re.findall(r"\$\{([^!}]+)\}", text))
