"""The graph with numbers: changes, and the order of the numbers."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node, NumberedGraph
from tests.builders.graphs import NAMES, NODES, a_graph, a_node, nodes_like_a_depot


class TestChanges:
    @given(NODES, NODES, st.sets(st.sampled_from(NAMES)))
    def test_give_the_graph_that_the_nodes_give(
        self, before: dict[str, Node], new: dict[str, Node], removed: set[str]
    ) -> None:
        changed = BuildGraph(before).changed({**new, **dict.fromkeys(removed)})

        expected = BuildGraph({name: node for name, node in {**before, **new}.items() if name not in removed})
        assert set(changed) == set(expected)
        assert len(changed) == len(expected)
        for name in NAMES:
            assert changed.dependents(name) == expected.dependents(name)
            assert (changed.latest(name), name in changed) == (expected.latest(name), name in expected)
            assert list(changed.dependencies(name)) == list(expected.dependencies(name))
            assert list(changed.runtime_dependencies(name)) == list(expected.runtime_dependencies(name))

    def test_leave_the_earlier_graph_as_it_was(self) -> None:
        graph = a_graph(a="", b="a")

        graph.changed({"o/c": a_node("o/c", "o/a"), "o/b": None})

        assert graph.dependents("o/a") == ["o/b"]


def test_names_have_numbers_behind_those_of_what_they_need() -> None:
    graph = NumberedGraph(nodes_like_a_depot(500))

    assert all(needed < number for number, needs in enumerate(graph.needs) for needed in needs)


def test_names_that_need_each_other_have_numbers() -> None:
    graph = NumberedGraph({"o/a": a_node("o/a", "o/b"), "o/b": a_node("o/b", "o/a o/lost")})

    assert sorted(graph.names) == ["o/a", "o/b", "o/lost"]
    assert graph.dependents_of({graph.numbers["o/a"]}) == {graph.numbers["o/b"]}
