"""The CPU time of the build graph, for docs/PERFORMANCE.md: `python -m tests.perf.build_graphs [NAMES]`."""

import sys
import tracemalloc
from collections.abc import Callable
from time import process_time

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_set import Flags, build_set
from tests.builders.graphs import nodes_like_a_depot

REPEATS = 7


def main() -> None:
    """Print the least CPU time of each operation, in milliseconds, and the memory of the graph."""
    nodes = nodes_like_a_depot(int(sys.argv[1]) if sys.argv[1:] else 100_000)
    tracemalloc.start()
    graph = BuildGraph(nodes)
    print(f"memory besides the nodes: {tracemalloc.get_traced_memory()[0] / 1e6:.0f} MB")
    tracemalloc.stop()
    root = next(iter(nodes))
    dependents = graph.dependents(root)
    automatic, few = dict.fromkeys(dependents, True), dict.fromkeys(dependents[::2], True)
    operations: dict[str, Callable[[], object]] = {
        "graph from its nodes": lambda: BuildGraph(nodes),
        "one changed node": lambda: graph.changed({root: nodes[root]}),
        f"{len(dependents)} dependents, in build order": lambda: graph.dependents(root),
        "build order of these names": lambda: graph.order(dependents),
        "build set of them, all with projects": lambda: build_set(graph, root, dependents, Flags(), automatic),
        "build set of them, half with projects": lambda: build_set(graph, root, dependents, Flags(), few),
        "groups of rdeps": lambda: graph.groups(root),
    }
    for label, operation in operations.items():
        print(f"{label}: {min(_milliseconds(operation) for _ in range(REPEATS)):.0f} ms")


def _milliseconds(operation: Callable[[], object]) -> float:
    began = process_time()
    operation()
    return (process_time() - began) * 1000


if __name__ == "__main__":
    main()
