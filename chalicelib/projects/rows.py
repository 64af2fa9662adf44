"""Rows of projects, by origin."""

from collections.abc import Iterable

from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.table import Key, Row, partition, read_many


class ProjectRow(Row):
    """A project: a package name and a target of an origin, with the plan that builds it."""

    id = NumberAttribute()
    owner_id = NumberAttribute()
    origin = UnicodeAttribute()
    package_name = UnicodeAttribute()
    target = UnicodeAttribute()
    plan_path = UnicodeAttribute()
    vcs_type = UnicodeAttribute(default="git")
    vcs_data = UnicodeAttribute()
    installation_id = UnicodeAttribute(default="")
    auto_build = BooleanAttribute()
    created_at = UnicodeAttribute()
    updated_at = UnicodeAttribute()

    @property
    def name(self) -> str:
        """`origin/name`."""
        return f"{self.origin}/{self.package_name}"


def projects_partition(origin: str) -> str:
    """Partition of the projects of an origin."""
    return partition("PROJECTS", origin)


def project_key(origin: str, name: str, target: Target) -> Key[ProjectRow]:
    """Key of the project of a name and a target."""
    return Key(ProjectRow, projects_partition(origin), f"{name}/{target}")


def projects_of(names: Iterable[str], target: Target) -> dict[str, ProjectRow]:
    """Return the projects that exist for some names (`origin/name`) and a target. One call per hundred names."""
    keys = {}
    for name in names:
        origin, _, package = name.partition("/")
        keys[name] = project_key(origin, package, target)
    found = read_many(list(keys.values()))
    return {name: row for name, key in keys.items() if (row := found.get(key)) is not None}
