"""Dependents, groups and cycles of the build graph (builds.md 7, 8.1)."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.numbered_graph import Node
from tests.builders.cost import function_calls
from tests.builders.graphs import NAMES, NODES, a_graph, a_graph_of, needs, reached


class TestDependents:
    def test_are_in_build_order_and_independent_names_in_order_of_their_text(self) -> None:
        graph = a_graph(libc="", zlib="libc", app="zlib", bash="libc", curl="zlib | bash")

        assert graph.dependents("o/libc") == ["o/bash", "o/zlib", "o/app", "o/curl"]

    def test_include_those_of_a_name_without_a_node(self) -> None:
        assert a_graph(app="lost").dependents("o/lost") == ["o/app"]

    def test_of_an_unknown_name_are_none(self) -> None:
        assert a_graph(app="").dependents("o/other") == []

    def test_do_not_include_the_name_itself(self) -> None:
        assert a_graph(gcc="| gcc libc", libc="| gcc").dependents("o/gcc") == ["o/libc"]

    @given(NODES)
    def test_are_all_names_that_need_it(self, nodes: dict[str, Node]) -> None:
        graph = BuildGraph(nodes)

        for name in NAMES:
            expected = {other for other in NAMES if other != name and name in reached(nodes, other)}
            dependents = graph.dependents(name)
            assert set(dependents) == expected
            assert len(dependents) == len(expected)


class TestGroups:
    def test_start_where_a_name_needs_one_of_the_current_group_to_run(self) -> None:
        graph = a_graph(root="", a="root", b="a", c="root", d="root | c", e="d b")

        assert graph.groups("o/root") == [["o/a"], ["o/b", "o/c", "o/d"], ["o/e"]]

    def test_ignore_needs_to_build(self) -> None:
        assert a_graph(root="", a="root", b="root | a").groups("o/root") == [["o/a", "o/b"]]

    def test_are_none_without_dependents(self) -> None:
        assert a_graph(root="").groups("o/root") == []

    @given(NODES)
    def test_follow_the_contract(self, nodes: dict[str, Node]) -> None:
        graph = BuildGraph(nodes)

        for root in NAMES:
            assert graph.groups(root) == _groups_of_the_contract(graph, root)


class TestCycles:
    def test_are_closed_by_a_name_that_a_needed_one_needs(self) -> None:
        graph = a_graph(a="", b="a", c="| b")

        assert graph.cycle_closed_by("o/a", {"o/c"}) == ["o/a", "o/c", "o/b", "o/a"]

    def test_are_closed_by_a_name_that_needs_itself(self) -> None:
        assert a_graph(a="").cycle_closed_by("o/a", {"o/a"}) == ["o/a", "o/a"]

    def test_are_not_closed_by_a_new_name_or_unknown_needs(self) -> None:
        graph = a_graph(b="a", c="")

        assert graph.cycle_closed_by("o/a", {"o/b"}) == []
        assert graph.cycle_closed_by("o/c", {"o/unknown", "o/b"}) == []

    @given(NODES, st.sampled_from(NAMES), st.sets(st.sampled_from(NAMES)))
    def test_are_those_of_a_search(self, nodes: dict[str, Node], name: str, needed: set[str]) -> None:
        cycle = BuildGraph(nodes).cycle_closed_by(name, needed)

        closes = name in nodes and any(each == name or name in reached(nodes, each) for each in needed)
        assert bool(cycle) == closes
        if cycle:
            assert (cycle[0], cycle[-1], cycle[1] in needed) == (name, name, True)
            assert all(after in needs(nodes, before) for before, after in pairwise(cycle[1:]))


def _groups_of_the_contract(graph: BuildGraph, root: str) -> list[list[str]]:
    dependents = graph.dependents(root)
    if not dependents:
        return []
    satisfied, current, groups = {root}, dependents[:1], []
    for name in dependents[1:]:
        needed = graph.runtime_dependencies(name)
        if any(each in dependents and each not in satisfied for each in needed):
            groups.append(current)
            satisfied.update(current)
            current = []
        current.append(name)
    return [*groups, current]


@given(NODES, st.sets(st.sampled_from(NAMES)))
def test_the_dependents_of_several_names_are_those_of_each(nodes: dict[str, Node], names: set[str]) -> None:
    graph = BuildGraph(nodes)

    assert graph.dependents_of_any(names) == {each for name in names for each in graph.dependents(name)} - names


def test_the_dependents_of_several_names_are_found_together() -> None:
    many = [f"o/{number}" for number in range(300)]
    graph = a_graph_of({"o/hub": many, **{f"o/behind-{each}": ["o/hub"] for each in range(300)}})

    with function_calls(at_most=10_000):
        assert len(graph.dependents_of_any(many)) == 301
