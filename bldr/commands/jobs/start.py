"""`bldr jobs start`: show what would be built and what is left out, ask, and start a job group."""

import click

from bldr.build_shapes import NO_ID, Group
from bldr.builds import Builds, Selection
from bldr.client import Builder
from bldr.commands.jobs.ids import package_parts
from bldr.commands.jobs.plan import require_buildable, show_plan
from bldr.commands.jobs.watching import require_built, watch, watch_silently
from bldr.commands.options import TargetType, builder_options, json_option, yes_option
from bldr.errors import ChangeRefused
from bldr.output import counted, require_confirmation, show_json
from chalicelib.core.target import DEFAULT_TARGET, Target


@click.command()
@click.argument("package")
@click.option(
    "--target",
    type=TargetType(),
    default=DEFAULT_TARGET.value,  # of a member of an enumeration, click would show the name
    show_default=True,
    help="Target to build for.",
)
@click.option("--package-only", is_flag=True, help="Build the package without its dependents.")
@click.option("--deps-only", is_flag=True, help="Build the dependents without the package.")
@click.option("--origin-only", is_flag=True, help="Leave out dependents of other origins.")
@click.option("--dry-run", is_flag=True, help="Show the plan and stop.")
@click.option("--watch", "watched", is_flag=True, help="Show the progress until the group has ended.")
@yes_option
@json_option
@builder_options
def start(builder: Builder, package: str, target: Target, **options: bool) -> None:
    """Build PACKAGE (origin/name) and everything that depends on it, in the order of the dependencies.

    The plan is shown first: what is built, in which order, and why other dependents are left out. --json asks no
    question and prints the plan with --dry-run, else the job group; with --watch after its end. With --watch, the exit
    code is 1 if something was not built.
    """
    origin, name = package_parts(package)
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
    require_buildable(plan)
    require_confirmation(f"Build {counted(len(plan.projects), 'package')}?", options["yes"] or as_json)
    group = builds.start(origin, name, selection)
    if group.id == NO_ID:
        raise ChangeRefused("there is nothing to build any more")
    if as_json:
        group = watch_silently(builds, group.id) if options["watched"] else group
        show_json(group)
    else:
        click.echo(_started(group, options["watched"]))
        group = watch(builds, group.id) if options["watched"] else group
    if options["watched"]:
        require_built(group)


def _started(group: Group, watched: bool) -> str:
    """Return what to print about a new group. An answer without projects is a group that other requests started."""
    text = f"job group {group.id} is queued"
    if not group.projects:
        text = f"job group {group.id} was queued already, perhaps with other options; this request joined it"
    return text if watched else f"{text}; follow it with `bldr jobs status {group.id} --watch`"
