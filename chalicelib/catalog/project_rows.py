"""Rows of projects, by origin."""

from collections.abc import Iterable

from chalicelib.core.target import Target
from chalicelib.platform.attributes import BooleanAttribute, NumberAttribute, UnicodeAttribute
from chalicelib.platform.row import Key, Row, partition
from chalicelib.platform.table import read_many, rows


class ProjectRow(Row):
    """A project: a package name and a target of an origin, with the plan that builds it.

    Ids grow with time. `repository_id` is 0 for a repository that is not at GitHub.
    """

    id = NumberAttribute()
    owner_id = NumberAttribute()
    origin = UnicodeAttribute()
    package_name = UnicodeAttribute()
    target = UnicodeAttribute()
    plan_path = UnicodeAttribute()
    vcs_type = UnicodeAttribute(default="git")
    vcs_data = UnicodeAttribute()
    installation_id = UnicodeAttribute(default="")
    repository_id = NumberAttribute(default=0)
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


def project_keys(origin: str, name: str) -> list[Key[ProjectRow]]:
    """Return the keys of the projects that a name can have, one for each target."""
    return [project_key(origin, name, target) for target in Target]


def names_in_order(origin: str) -> list[str]:
    """Return the package names of all projects of an origin, in the order of their creation.

    A name has one entry for each of its projects. One call per megabyte of rows; the number of projects is limited.
    """
    found = rows(ProjectRow, projects_partition(origin), only=["sk", "id"])
    return [row.sk.rpartition("/")[0] for row in sorted(found, key=lambda row: int(row.id))]


def projects_of(names: Iterable[str], target: Target) -> dict[str, ProjectRow]:
    """Return the projects that exist for some names (`origin/name`) and a target. One call per hundred names."""
    keys = {}
    for name in names:
        origin, _, package = name.partition("/")
        keys[name] = project_key(origin, package, target)
    found = read_many(list(keys.values()))
    return {name: row for name, key in keys.items() if (row := found.get(key)) is not None}
