"""What each name of a group waits for: a transitive reduction."""

import tracemalloc

import pytest
from hypothesis import given

from chalicelib.core.builds import reduction
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from tests.builders.graphs import NAMES, NODES, a_graph, needs, nodes_like_a_depot, reached


class TestNeedsWithinAGroup:
    def test_leave_out_what_follows_from_others(self) -> None:
        graph = a_graph(a="", b="a", c="a b", d="a | c")

        assert graph.needed_within(["o/a", "o/b", "o/c", "o/d"]) == {
            "o/a": [],
            "o/b": ["o/a"],
            "o/c": ["o/b"],
            "o/d": ["o/c"],
        }

    def test_pass_over_names_outside_of_the_group(self) -> None:
        assert a_graph(a="", b="a", c="b").needed_within(["o/a", "o/c"]) == {"o/a": [], "o/c": []}

    @given(NODES)
    def test_are_a_transitive_reduction(self, nodes: dict[str, Node]) -> None:
        graph = BuildGraph(nodes)
        ordered = graph.order(NAMES)
        kept = {
            name: Node("o/x/1/1", tuple(needs(nodes, name).intersection(ordered[:position])))
            for position, name in enumerate(ordered)
        }

        reduced = {name: Node("o/x/1/1", tuple(needed)) for name, needed in graph.needed_within(ordered).items()}

        for name in NAMES:
            assert reached(reduced, name) == reached(kept, name)
            for needed in reduced[name].deps:
                without = {**reduced, name: Node("o/x/1/1", tuple(set(reduced[name].deps) - {needed}))}
                assert needed not in reached(without, name)

    def test_are_found_in_parts_for_very_large_groups(self) -> None:
        nodes = nodes_like_a_depot(600)
        graph = BuildGraph(nodes)
        ordered = graph.order(nodes)
        whole = graph.needed_within(ordered)

        with_parts = _with_columns(graph, ordered, 64)

        assert with_parts == whole


def _with_columns(graph: BuildGraph, ordered: list[str], columns: int) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reduction, "BITSET_COLUMNS", columns)
        return graph.needed_within(ordered)


def test_the_edges_that_are_left_out_take_no_memory() -> None:
    needs = [list(range(position - 1, -1, -1)) for position in range(600)]

    tracemalloc.start()
    reduced = reduction.reduced(needs)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert reduced == [[], *([position] for position in range(599))]
    assert most < sum(map(len, needs))  # bytes
