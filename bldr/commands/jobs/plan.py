"""The plan of a job group in words: what it builds, in which order, and why it leaves other packages out."""

import click

from bldr.build_shapes import LeftOut, Plan
from bldr.errors import ChangeRefused
from bldr.output import show_table

_REASONS = {
    "no_project": "it has no project for {target}",
    "automatic_builds_off": "automatic builds of its project are turned off",
    "dependency_left_out": "it needs {dependency}, which is left out",
    "other_origin": "it is in another origin (--origin-only)",
    "not_wanted": "the options exclude it",
}


def show_plan(plan: Plan) -> None:
    """Print the packages of a plan in build order, and those that are left out."""
    rows = [[str(place), each.name, each.ident or "-"] for place, each in enumerate(plan.projects, 1)]
    show_table(["", "package", "latest release"], rows)
    if plan.left_out:
        click.echo()
        show_table(["left out", "reason"], [[each.name, reason_of(each, plan.target)] for each in plan.left_out])


def reason_of(left_out: LeftOut, target: str) -> str:
    """Return why a package is left out, in words. A reason that this program does not know is returned unchanged."""
    text = _REASONS.get(left_out.reason, left_out.reason)
    return text.replace("{target}", target).replace("{dependency}", left_out.dependency)


def require_buildable(plan: Plan) -> None:
    """Raises ChangeRefused if a plan builds nothing, or a package without a project."""
    if not plan.projects:
        raise ChangeRefused(f"there is nothing to build: no dependent of {plan.project_name} can be built")
    if not plan.has_project and any(each.name == plan.project_name for each in plan.projects):
        raise ChangeRefused(
            f"{plan.project_name} has no project for {plan.target}, so it cannot be built; "
            "connect it with a plan first: POST /v1/projects, or in the web UI"
        )
