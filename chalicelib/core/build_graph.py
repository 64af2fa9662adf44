"""The build graph of one target: dependents, build order and cycles (builds.md 7, 8.1, 8.2). Names are `origin/name`."""

from collections.abc import Collection, Mapping


class BuildGraph:
    """An immutable graph of names. Edges lead from a name to the names that its latest release needs."""

    def __contains__(self, name: str) -> bool:
        raise NotImplementedError

    def latest(self, name: str) -> str:
        """Return the full ident of the latest release known for a name, or an empty text."""
        raise NotImplementedError

    def dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly, to build or to run."""
        raise NotImplementedError

    def runtime_dependencies(self, name: str) -> Collection[str]:
        """Return the names that a name needs directly to run."""
        raise NotImplementedError

    def dependents(self, name: str) -> list[str]:
        """Return all names that need a name directly or indirectly, in build order, without the name itself.

        Edges that close a cycle are left out of the order, the same ones every time; independent names are in order
        of their text.
        """
        raise NotImplementedError

    def order(self, names: Collection[str]) -> list[str]:
        """Return some names in build order."""
        raise NotImplementedError

    def needed_within(self, ordered: list[str]) -> Mapping[str, Collection[str]]:
        """Return for each of some names in build order the names among them that it must wait for.

        The result has no cycle, and no edge that follows from others (a transitive reduction).
        """
        raise NotImplementedError

    def cycle_closed_by(self, name: str, needed: Collection[str]) -> list[str]:
        """Return the cycle that a release would close if `name` needed these names, or an empty list."""
        raise NotImplementedError
