"""The build order of the build graph (builds.md 8.1, 8.2)."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds import build_order
from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from tests.builders.cost import function_calls, growth
from tests.builders.graphs import NAMES, NODES, a_graph, a_node, needs, nodes_like_a_depot, reached


class TestBuildOrder:
    @given(NODES)
    def test_puts_a_name_behind_all_that_it_needs_outside_of_its_cycles(self, nodes: dict[str, Node]) -> None:
        ordered = BuildGraph(nodes).order(NAMES)

        assert sorted(ordered) == NAMES
        position = {name: number for number, name in enumerate(ordered)}
        for name in NAMES:
            for needed in needs(nodes, name):
                assert position[needed] < position[name] or name in reached(nodes, needed)

    @given(NODES)
    def test_leaves_out_only_edges_that_close_a_cycle_of_the_others(self, nodes: dict[str, Node]) -> None:
        ordered = BuildGraph(nodes).order(NAMES)
        position = {name: number for number, name in enumerate(ordered)}
        kept = {
            name: Node("o/x/1/1", tuple(each for each in needs(nodes, name) if position[each] < position[name]))
            for name in NAMES
        }

        for name in NAMES:
            for needed in needs(nodes, name):
                assert position[needed] < position[name] or name in reached(kept, needed)

    @given(NODES, st.randoms())
    def test_does_not_depend_on_the_order_in_which_names_arrived(
        self, nodes: dict[str, Node], source: random.Random
    ) -> None:
        names = list(nodes)
        source.shuffle(names)
        shuffled = BuildGraph()
        for name in names:
            shuffled = shuffled.changed({name: nodes[name]})

        assert shuffled.order(NAMES) == BuildGraph(nodes).order(NAMES[::-1])

    def test_leaves_out_an_edge_to_build_rather_than_one_to_run(self) -> None:
        assert a_graph(a="b", b="| a").order(["o/a", "o/b"]) == ["o/b", "o/a"]
        assert a_graph(a="| b", b="a").order(["o/a", "o/b"]) == ["o/a", "o/b"]

    def test_puts_names_without_a_node_first(self) -> None:
        graph = a_graph(a="lost", b="past").changed({"o/b": a_node("o/b")})

        assert graph.order(["o/past", "o/a", "o/lost", "o/new"]) == ["o/lost", "o/new", "o/past", "o/a"]

    def test_of_a_large_cycle_takes_bounded_work(self) -> None:
        names = [f"o/{number:05d}" for number in range(3_000)]
        source = random.Random(7)
        nodes = {
            name: a_node(name, " ".join([names[position - 1], *source.sample(names, 5)]))
            for position, name in enumerate(names)
        }
        graph = BuildGraph(nodes)

        with function_calls(at_most=2_000_000):
            ordered = graph.order(names)

        assert sorted(ordered) == names

    def test_with_a_cycle_at_the_beginning_takes_little_more_work(self) -> None:
        nodes = nodes_like_a_depot(2_000)
        first, second, *_ = nodes
        closing = next(name for name in nodes if second in nodes[name].deps)
        cyclic = {**nodes, second: a_node(second, first, closing)}
        graph, with_cycle = BuildGraph(nodes), BuildGraph(cyclic)
        assert len(graph.dependents(second)) == len(with_cycle.dependents(second))

        with function_calls() as calls:
            ordered = graph.dependents(first)
        with function_calls(at_most=calls.made * 3 // 2):
            assert sorted(with_cycle.dependents(first)) == sorted(ordered)

    @given(NODES)
    def test_does_not_depend_on_how_cycles_are_found(self, nodes: dict[str, Node]) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(build_order, "CYCLES_ALONE", 0)
            together = BuildGraph(nodes).order(NAMES)

        assert BuildGraph(nodes).order(NAMES) == together

    def test_of_names_that_all_need_each_other_takes_time_in_proportion_to_their_edges(self) -> None:
        small, large = a_clique(100), a_clique(400)

        assert sorted(large.order(list(large))) == sorted(large)
        assert growth(lambda graph: graph.order(list(graph)), small, large) < 16


def a_clique(number: int) -> BuildGraph:
    """Return a graph in which every name needs every other one, half of them only to build."""
    names = [f"o/{each:05d}" for each in range(number)]
    return BuildGraph({name: a_node(name, " ".join(names[::2]), " ".join(names[1::2])) for name in names})
