"""What CloudFormation makes of a template: the resources whose conditions hold, with their conditional values."""

from collections.abc import Mapping
from typing import Any

NO_VALUE = {"Ref": "AWS::NoValue"}


def effective(template: Mapping[str, Any], parameters: Mapping[str, str]) -> dict[str, Any]:
    """Return the resources of a template with these parameters; the others have their defaults."""
    values = {name: each.get("Default", "") for name, each in template["Parameters"].items()} | dict(parameters)
    values.setdefault("AWS::Region", "eu-central-1")
    conditions = template["Conditions"]

    def holds(condition: Any) -> bool:
        if isinstance(condition, str):
            return holds(conditions[condition])
        [(function, of)] = condition.items()
        if function == "Condition":
            return holds(of)
        if function == "Fn::Equals":
            one, other = (values[each["Ref"]] if isinstance(each, dict) else each for each in of)
            return bool(one == other)
        if function == "Fn::Not":
            return not holds(of[0])
        return {"Fn::Or": any, "Fn::And": all}[function](holds(each) for each in of)

    def resolved(value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(resolved, value) if each != NO_VALUE]
        if not isinstance(value, dict):
            return value
        if "Fn::If" in value:
            condition, yes, no = value["Fn::If"]
            return resolved(yes if holds(condition) else no)
        if value.get("Ref") in values:
            return values[value["Ref"]]
        return {name: each for name, each in ((n, resolved(v)) for n, v in value.items()) if each != NO_VALUE}

    resources = template["Resources"].items()
    kept = {name: one for name, one in resources if "Condition" not in one or holds(one["Condition"])}
    return {
        name: resolved({k: v for k, v in one.items() if k != "Condition"} | {"Type": one.get("Type")})
        for name, one in kept.items()
    }
