"""Rows of projects, written without GitHub."""

from typing import Any

from chalicelib.catalog.project_rows import ProjectRow, project_key
from chalicelib.core.target import Target
from chalicelib.platform.clock import new_id, now, timestamp
from chalicelib.platform.table import put_many


def a_stored_project(name: str, target: Target = Target.X86_64_LINUX, **fields: Any) -> ProjectRow:
    """Write the row of a project, and return it; `name` is `origin/name`."""
    row = a_project_row(name, target, **fields)
    put_many([row])
    return row


def a_project_row(name: str, target: Target = Target.X86_64_LINUX, **fields: Any) -> ProjectRow:
    """Return the row of a project with automatic builds; `name` is `origin/name`."""
    origin, _, package = name.partition("/")
    key, moment = project_key(origin, package, target), now()
    values: dict[str, Any] = {
        "id": new_id(moment),
        "owner_id": 1,
        "origin": origin,
        "package_name": package,
        "target": str(target),
        "plan_path": "habitat/plan.sh",
        "vcs_data": "https://example.com/repository.git",
        "installation_id": "17",
        "repository_id": 42,
        "auto_build": True,
        "created_at": timestamp(moment),
        "updated_at": timestamp(moment),
    }
    return ProjectRow(key.pk, key.sk, **values | fields)
