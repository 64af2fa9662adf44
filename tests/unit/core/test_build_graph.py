"""Dependents, build order, groups and cycles of the build graph (builds.md 7, 8.1, 8.2)."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core import build_graph
from chalicelib.core.build_graph import BuildGraph, Node
from tests.builders.cost import function_calls
from tests.builders.graphs import a_graph, a_node, nodes_like_a_depot

NAMES = [f"o/{letter}" for letter in "abcdefghij"]
SOME = st.lists(st.sampled_from(NAMES), max_size=4).map(tuple)
NODES = st.dictionaries(st.sampled_from(NAMES), st.builds(Node, st.just("o/x/1/1"), SOME, SOME))


def needs(nodes: dict[str, Node], name: str) -> set[str]:
    """The names that a name needs directly."""
    node = nodes.get(name, a_node(name))
    return {*node.deps, *node.build_deps} - {name}


def reached(nodes: dict[str, Node], start: str) -> set[str]:
    """The names that a name needs directly or indirectly."""
    found: set[str] = set()
    pending = [start]
    while pending:
        new = needs(nodes, pending.pop()) - found
        found |= new
        pending += new
    return found


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
            patch.setattr(build_graph, "CYCLES_ALONE", 0)
            together = BuildGraph(nodes).order(NAMES)

        assert BuildGraph(nodes).order(NAMES) == together


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


def _with_columns(graph: BuildGraph, ordered: list[str], columns: int) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_graph, "BITSET_COLUMNS", columns)
        return graph.needed_within(ordered)
