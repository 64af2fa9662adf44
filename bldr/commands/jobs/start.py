"""`bldr jobs start`: show what would be built and what is left out, ask, and start a job group."""

import click

from bldr.builds import Builds, Plan, Selection
from bldr.client import Builder
from bldr.commands.jobs.status import watch
from bldr.commands.options import TargetType, builder_options, json_option, yes_option
from bldr.errors import ChangeRefused, IdentInvalid
from bldr.output import counted, require_confirmation, show_json, show_table
from chalicelib.core.target import DEFAULT_TARGET, Target


@click.command()
@click.argument("package")
@click.option("--target", type=TargetType(), default=DEFAULT_TARGET, show_default=True, help="Target to build for.")
@click.option("--package-only", is_flag=True, help="Build the package without its dependents.")
@click.option("--deps-only", is_flag=True, help="Build the dependents without the package.")
@click.option("--origin-only", is_flag=True, help="Leave out dependents of other origins.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--watch", "watched", is_flag=True, help="Show the progress until the group has ended.")
@yes_option
@json_option
@builder_options
def start(builder: Builder, package: str, target: Target, **options: bool) -> None:
    """Build PACKAGE (origin/name) and everything that depends on it, each in its turn.

    The plan is shown first: what is built, in which order, and what is left out for which reason.
    """
    origin, name = _parts(package)
    selection = Selection(target, options["package_only"], options["deps_only"], options["origin_only"])
    builds, as_json = Builds(builder), options["as_json"]
    plan = builds.plan(origin, name, selection)
    if options["dry_run"] and as_json:
        show_json(plan)
        return
    if not as_json:
        show_plan(plan)
    if options["dry_run"]:
        return
    if not plan.projects:
        raise ChangeRefused("there is nothing to build")
    require_confirmation(f"Build {counted(len(plan.projects), 'package')}?", options["yes"] or as_json)
    group = builds.start(origin, name, selection)
    if as_json:
        show_json(group)
        return
    click.echo(f"job group {group.id} is queued; follow it with `bldr jobs status {group.id} --watch`")
    if options["watched"]:
        watch(builds, group.id)


def show_plan(plan: Plan) -> None:
    """Print the packages of a plan in build order, and those that are left out."""
    rows = [[each.name, each.ident or "-", ", ".join(each.needs) or "-"] for each in plan.projects]
    show_table(["package", "latest release", "waits for"], rows)
    if plan.left_out:
        click.echo()
        show_table(["left out", "reason"], [[each.name, each.reason] for each in plan.left_out])


def _parts(package: str) -> tuple[str, str]:
    origin, separator, name = package.partition("/")
    if not (origin and separator and name) or "/" in name:
        raise IdentInvalid(f"'{package}' is not a package; write origin/name")
    return origin, name
