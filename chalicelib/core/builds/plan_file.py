"""Plan files, from which packages are built: the few values that the service reads (builds.md 9.4)."""

from msgspec import Struct

MOST_CHARACTERS = 1_000
"""Of a name or version. Longer values cannot be those of a package."""


class PlanMalformed(ValueError):
    """The plan is not UTF-8, or lacks the name or the origin of its package. The text says which."""


class Plan(Struct, frozen=True):
    """The name, origin and version that a plan gives. The version is None if the plan computes it."""

    name: str
    origin: str
    version: str | None = None


def read_plan(content: bytes) -> Plan:
    """Return the values in a `plan.sh` or `plan.ps1`. Raises PlanMalformed.

    Nothing is evaluated: a line counts if the text before its first `=` is a known key. The last line with a key wins.
    All quotes are removed from a value, and a comment after a value is part of it.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as problem:
        raise PlanMalformed("the plan is not UTF-8") from problem
    values: dict[str, str] = {}
    for line in text.split("\n"):
        key, equals, value = line.partition("=")
        if equals:
            values[key.strip().removeprefix("$")] = value.strip().replace('"', "").replace("'", "")
    for key in ("pkg_name", "pkg_origin"):
        if key not in values:
            raise PlanMalformed(f"the plan has no {key}")
    plan = Plan(values["pkg_name"], values["pkg_origin"], values.get("pkg_version"))
    if any(len(value or "") > MOST_CHARACTERS for value in (plan.name, plan.origin, plan.version)):
        raise PlanMalformed(f"a value of the plan has more than {MOST_CHARACTERS} characters")
    return plan
