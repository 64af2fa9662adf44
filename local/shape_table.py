"""Types of JSON schemas as short texts with links."""

from typing import Any


def type_text(schema: dict[str, Any]) -> str:
    """Return the type of a value: `string`, a link to a shape, `list of …`, `… or null`."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#shape-{name})"
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return " or ".join(type_text(each) for each in schema[choice])
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    kind = schema.get("type", "any value")
    if kind == "array":
        return f"list of {type_text(schema.get('items') or {})}"
    values = schema.get("additionalProperties")
    if kind == "object" and isinstance(values, dict):
        return f"object of {type_text(values)}"
    return str(kind) if isinstance(kind, str) else " or ".join(kind)
