"""Rebuilds: a new group for what an ended group has not built, or for some of its projects (builds.md 4.4)."""

from collections.abc import Collection, Iterable, Sequence
from functools import partial

from chalicelib.builds import rows
from chalicelib.builds.groups import choice, creation, inheritance, reads, start
from chalicelib.builds.groups.errors import GroupUnfinished, IdentsMalformed
from chalicelib.builds.groups.inheritance import RebuiltMeanwhile
from chalicelib.builds.groups.new_group import NewGroup
from chalicelib.builds.groups.requester import Requester
from chalicelib.builds.rows import EntryRow, GroupRow
from chalicelib.core.builds.build_set import Flags
from chalicelib.core.builds.build_states import EntryState
from chalicelib.core.target import Target
from chalicelib.graph import service as graphs
from chalicelib.platform.table import read

ATTEMPTS = 3


def rebuild(group_id: int, names: Collection[str], by: Requester) -> int | None:
    """Return the id of the group that repeats an ended group, or None if there is nothing to build.

    `names` are the projects to build; if there are none, those that the group has not built. Their dependents are
    built too, as the flags of the group say. While the new group has not ended, a repeat of the request returns it.
    Raises GroupMissing, GroupUnfinished, GroupQueued, GroupTooLarge, OriginMissing, RoleLost.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return _rebuild(reads.group(group_id), names, by)
        except RebuiltMeanwhile:
            continue
    return _rebuild(reads.group(group_id), names, by)


def names_of(idents: Iterable[str]) -> set[str]:
    """Return the `origin/name` of idents, of which the version and release are cut. Raises IdentsMalformed."""
    names = set()
    for ident in idents:
        parts = ident.split("/")
        if len(parts) not in (2, 3, 4) or not all(parts):
            raise IdentsMalformed(f"'{ident}' is not an ident: `origin/name` is expected")
        names.add("/".join(parts[:2]))
    return names


def _rebuild(old: GroupRow, names: Collection[str], by: Requester) -> int | None:
    if not old.group_state.is_final:
        raise GroupUnfinished(f"The group {int(old.id)} has not ended")
    running = _running_rebuild(old)
    if running is not None:
        return running
    found = reads.entries(old)
    if any(entry.entry_state is EntryState.RUNNING for entry in found):
        raise GroupUnfinished(f"Jobs of the group {int(old.id)} are being stopped; try again in a minute")
    seeds = _seeds(found, names)
    if not seeds:
        return None
    target, flags = Target(old.target), Flags.parse(old.flags)
    graph = graphs.graph_of(target)
    projects = choice.chosen_again(graph, old.root, target, flags, seeds)
    inherited = {entry.name.partition("/")[0] for entry in reads.built(found)} | inheritance.origins_inherited_by(old)
    new = NewGroup(old.root, target, flags, by, rebuilds=old, seeds=seeds, inherited=inherited)
    return int(creation.create(new, graph, projects.projects).group.id)


def _running_rebuild(old: GroupRow) -> int | None:
    """Return the id of the group that repeats a group already and has not ended, or None.

    What an interrupted request has left of that group is started.
    """
    newer = None if old.rebuilt_as is None else read(rows.group_key(int(old.rebuilt_as)))
    if newer is None or newer.group_state.is_final:
        return None
    start.without_failing(newer, partial(start.resume, newer))
    return int(newer.id)


def _seeds(found: Sequence[EntryRow], names: Collection[str]) -> set[str]:
    """Return the projects of a group that are named, or else those that it has not built."""
    if names:
        return {entry.name for entry in found if entry.name in names}
    return {entry.name for entry in found if entry.entry_state is not EntryState.COMPLETE}
