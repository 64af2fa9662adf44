"""Build graphs for tests of what uses them: short, slow, and without cycles."""

from collections.abc import Collection, Mapping

from chalicelib.core.build_graph import BuildGraph


class PlainGraph(BuildGraph):
    """A graph without cycles. `needs` holds the names that each name needs."""

    def __init__(self, needs: Mapping[str, Collection[str]], latest: Mapping[str, str] | None = None) -> None:
        self._needs = {name: set(needed) for name, needed in needs.items()}
        self._latest = dict(latest or {})

    def __contains__(self, name: str) -> bool:
        return name in self._needs

    def latest(self, name: str) -> str:
        return self._latest.get(name, "")

    def dependencies(self, name: str) -> Collection[str]:
        return self._needs.get(name, set())

    def dependents(self, name: str) -> list[str]:
        found = {name}
        while more := {other for other, needed in self._needs.items() if needed & found} - found:
            found |= more
        return self.order(found - {name})

    def order(self, names: Collection[str]) -> list[str]:
        rest, done = sorted(names), []
        while rest:
            done.append(next(name for name in rest if not self._all_needed(name) & set(rest)))
            rest.remove(done[-1])
        return done

    def needed_within(self, ordered: list[str]) -> Mapping[str, Collection[str]]:
        needed = {}
        for name in ordered:
            inside = self._all_needed(name) & set(ordered)
            needed[name] = {each for each in inside if not any(each in self._all_needed(other) for other in inside)}
        return needed

    def _all_needed(self, name: str) -> set[str]:
        found: set[str] = set()
        todo = [name]
        while todo:
            more = set(self._needs.get(todo.pop(), ())) - found
            found |= more
            todo += more
        return found
