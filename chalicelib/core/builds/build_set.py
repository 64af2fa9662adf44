"""Which projects a job group builds, and why others are left out (builds.md 6.1 and 8.2). Names are `origin/name`."""

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from chalicelib.core.builds.build_graph import BuildGraph


class Flags(Struct, frozen=True):
    """The flags of a request to build a package: which of the package and its dependents are wanted."""

    deps_only: bool = False
    origin_only: bool = False
    package_only: bool = False

    @property
    def wants_root(self) -> bool:
        """True if the package itself is built."""
        return self.package_only or not self.deps_only

    @property
    def wants_dependents(self) -> bool:
        """True if the dependents are built."""
        return not self.package_only

    def __str__(self) -> str:
        return " ".join(name for name in self.__struct_fields__ if getattr(self, name))

    @classmethod
    def parse(cls, text: str) -> "Flags":
        """Return the flags that `str()` has written."""
        return cls(**dict.fromkeys(text.split(), True))


class Reason(StrEnum):
    """Why a name is left out."""

    NO_PROJECT = "no_project"
    NO_AUTOMATIC_BUILDS = "automatic_builds_off"
    DEPENDENCY_LEFT_OUT = "dependency_left_out"
    OTHER_ORIGIN = "other_origin"
    NOT_WANTED = "not_wanted"


class LeftOut(Struct, frozen=True, gc=False):
    """A name that is not built; `dependency` is the first name that it needs and that is left out, if that is why."""

    name: str
    reason: Reason
    dependency: str = ""


class BuildSet(Struct, frozen=True):
    """The projects of a job group in build order, and the names that are left out, in the same order."""

    projects: Sequence[str]
    left_out: Sequence[LeftOut] = ()


def build_set(
    graph: BuildGraph, root: str, dependents: Sequence[str], flags: Flags, automatic: Mapping[str, bool]
) -> BuildSet:
    """Return the build set of a root.

    `dependents` are all dependents of the root in build order. `automatic` says for every name that has a project
    whether the project has automatic builds. The root is not tested (builds.md 8.2, 4).
    """
    kept, left_out = _select(graph, root, dependents, flags, automatic)
    if flags.wants_root:
        return BuildSet([root, *kept], left_out)
    return BuildSet(kept, [LeftOut(root, Reason.NOT_WANTED), *left_out])


def rebuild_set(
    graph: BuildGraph,
    root: str,
    seeds: Collection[str],
    dependents: Collection[str],
    flags: Flags,
    automatic: Mapping[str, bool],
) -> BuildSet:
    """Return the build set of several seeds, which are not tested, and of their dependents (builds.md 4.4)."""
    others = graph.order([name for name in dependents if name not in seeds])
    kept, left_out = _select(graph, root, others, flags, automatic)
    return BuildSet(graph.order([*seeds, *kept]), left_out)


def _select(
    graph: BuildGraph, root: str, ordered: Sequence[str], flags: Flags, automatic: Mapping[str, bool]
) -> tuple[list[str], list[LeftOut]]:
    """Return which of some names in build order are built, and the others with the reason."""
    if not flags.wants_dependents:
        return [], [LeftOut(name, Reason.NOT_WANTED) for name in ordered]
    origin = f"{root.partition('/')[0]}/" if flags.origin_only else ""
    kept: list[str] = []
    left_out: list[LeftOut] = []
    excluded: set[str] = set()
    for name in ordered:
        missing = graph.first_dependency_in(name, excluded) if excluded else ""
        if missing:
            left_out.append(LeftOut(name, Reason.DEPENDENCY_LEFT_OUT, missing))
        elif not automatic.get(name, False):
            reason = Reason.NO_AUTOMATIC_BUILDS if name in automatic else Reason.NO_PROJECT
            left_out.append(LeftOut(name, reason))
        elif name.startswith(origin):
            kept.append(name)
            continue
        else:
            left_out.append(LeftOut(name, Reason.OTHER_ORIGIN))
            continue  # what needs it may still be built
        excluded.add(name)
    return kept, left_out
