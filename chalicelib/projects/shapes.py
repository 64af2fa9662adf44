"""Shapes of projects over HTTP (builds.md section 2)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.catalog.project_rows import ProjectRow

U32 = Annotated[int, Meta(ge=0, lt=2**32)]


class TargetQuery(Struct):
    """The target of the project. An unknown target means `x86_64-linux` (builds.md 1.4)."""

    target: str = "x86_64-linux"


class ProjectChange(Struct):
    """Where the plan is, and whether pushes and uploads start builds.

    `clone_url` names a repository outside of GitHub; it needs a setting of the service and is ignored otherwise.
    """

    plan_path: str = ""
    target: str = "x86_64-linux"
    installation_id: U32 = 0
    repo_id: U32 = 0
    auto_build: bool = False
    clone_url: str | None = None


class NewProject(ProjectChange):
    """A new project. `name` is the name of the package in the plan."""

    origin: str = ""
    name: str = ""


class Project(Struct):
    """A project. `owner_id` is the account that created or last changed it."""

    id: str
    origin: str
    owner_id: str
    package_name: str
    name: str
    plan_path: str
    target: str
    vcs_type: str
    vcs_data: str
    vcs_installation_id: str
    auto_build: bool
    created_at: str
    updated_at: str

    @classmethod
    def of(cls, row: ProjectRow) -> Project:
        """Return the project in a row."""
        return cls(
            str(int(row.id)),
            row.origin,
            str(int(row.owner_id)),
            row.package_name,
            row.name,
            row.plan_path,
            row.target,
            row.vcs_type,
            row.vcs_data,
            row.installation_id,
            bool(row.auto_build),
            row.created_at,
            row.updated_at,
        )
