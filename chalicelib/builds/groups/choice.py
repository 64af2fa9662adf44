"""Which projects a group builds: the rules of core/builds/build_set.py on the graph and the table's projects."""

from collections.abc import Collection, Iterable

from chalicelib.builds.groups import inheritance
from chalicelib.builds.rows import GroupRow
from chalicelib.catalog import project_rows
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_set import BuildSet, Flags, build_set, rebuild_set
from chalicelib.core.target import Target
from chalicelib.graph import service as graphs


def chosen(graph: BuildGraph, root: str, target: Target, flags: Flags) -> BuildSet:
    """Return the build set of a root. One call per hundred dependents, none with `package_only`."""
    if not flags.wants_dependents:
        return BuildSet([root])
    return with_reasons(graph, root, target, flags)


def with_reasons(graph: BuildGraph, root: str, target: Target, flags: Flags) -> BuildSet:
    """Return the build set of a root, and a reason for every other dependent, also with `package_only`."""
    dependents = graph.dependents(root)
    return build_set(graph, root, dependents, flags, automatic(dependents, target))


def chosen_again(graph: BuildGraph, root: str, target: Target, flags: Flags, seeds: Collection[str]) -> BuildSet:
    """Return the build set of a group that repeats another one. One call per hundred dependents of the seeds."""
    found = graph.dependents_of_any(seeds) if flags.wants_dependents else set()
    return rebuild_set(graph, root, set(seeds), found, flags, automatic(found, target))


def chosen_for(group: GroupRow) -> tuple[BuildGraph, BuildSet]:
    """Return the current graph of a group's target, and what the group builds according to it."""
    target, flags = Target(group.target), Flags.parse(group.flags)
    graph = graphs.graph_of(target)
    if group.rebuilds is None:
        return graph, chosen(graph, group.root, target, flags)
    return graph, chosen_again(graph, group.root, target, flags, inheritance.seeds_of(group))


def automatic(names: Iterable[str], target: Target) -> dict[str, bool]:
    """Return which of some names have a project, and whether it has automatic builds."""
    found = project_rows.projects_of(names, target)
    return {name: bool(row.auto_build) for name, row in found.items()}
