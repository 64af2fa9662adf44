"""Which projects a job group builds (builds.md 6.1, 8.2)."""

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.builds.build_graph import BuildGraph
from chalicelib.core.builds.build_set import BuildSet, Flags, LeftOut, Reason, build_set, rebuild_set
from tests.builders.graphs import a_graph_of

ROOT = "a/root"
CHAIN = a_graph_of({ROOT: (), "a/one": [ROOT], "b/two": ["a/one"], "a/three": ["b/two"], "a/other": [ROOT]})


def chosen(graph: BuildGraph, flags: Flags = Flags(), **automatic: bool) -> BuildSet:  # noqa: B008 - immutable
    named = {name.replace("__", "/"): value for name, value in automatic.items()}
    return build_set(graph, ROOT, graph.dependents(ROOT), flags, named)


def all_automatic(graph: BuildGraph, flags: Flags) -> BuildSet:
    dependents = graph.dependents(ROOT)
    return build_set(graph, ROOT, dependents, flags, dict.fromkeys(dependents, True))


def test_the_root_comes_first_and_its_dependents_in_build_order() -> None:
    assert all_automatic(CHAIN, Flags()).projects == [ROOT, "a/one", "a/other", "b/two", "a/three"]


def test_the_root_needs_no_project() -> None:
    assert chosen(CHAIN).projects == [ROOT]


def test_a_name_without_project_is_left_out_with_all_that_need_it() -> None:
    found = chosen(CHAIN, a__one=True, a__three=True, a__other=True)

    assert found.projects == [ROOT, "a/one", "a/other"]
    assert found.left_out == [
        LeftOut("b/two", Reason.NO_PROJECT),
        LeftOut("a/three", Reason.DEPENDENCY_LEFT_OUT, "b/two"),
    ]


def test_a_name_without_automatic_builds_has_the_same_effect() -> None:
    found = chosen(CHAIN, a__one=False, b__two=True, a__three=True, a__other=True)

    assert found.projects == [ROOT, "a/other"]
    assert [(each.name, each.reason) for each in found.left_out] == [
        ("a/one", Reason.NO_AUTOMATIC_BUILDS),
        ("b/two", Reason.DEPENDENCY_LEFT_OUT),
        ("a/three", Reason.DEPENDENCY_LEFT_OUT),
    ]


def test_a_name_in_another_origin_is_skipped_alone() -> None:
    found = all_automatic(CHAIN, Flags(origin_only=True))

    assert found.projects == [ROOT, "a/one", "a/other", "a/three"]
    assert found.left_out == [LeftOut("b/two", Reason.OTHER_ORIGIN)]


def test_a_missing_project_in_another_origin_excludes_its_dependents() -> None:
    found = chosen(CHAIN, Flags(origin_only=True), a__one=True, a__three=True, a__other=True)

    assert "a/three" not in found.projects


def test_deps_only_leaves_out_the_root() -> None:
    assert all_automatic(CHAIN, Flags(deps_only=True)).projects == ["a/one", "a/other", "b/two", "a/three"]
    assert all_automatic(CHAIN, Flags(deps_only=True)).left_out == [LeftOut(ROOT, Reason.NOT_WANTED)]


def test_package_only_builds_the_root_even_with_deps_only() -> None:
    for flags in (Flags(package_only=True), Flags(package_only=True, deps_only=True)):
        found = all_automatic(CHAIN, flags)
        assert found.projects == [ROOT]
        assert {each.reason for each in found.left_out} == {Reason.NOT_WANTED}


def test_flags_survive_their_text() -> None:
    for flags in (Flags(), Flags(origin_only=True), Flags(deps_only=True, package_only=True)):
        assert Flags.parse(str(flags)) == flags


def test_seeds_are_not_tested_and_bring_their_dependents() -> None:
    dependents = CHAIN.dependents_of_any(["b/two"])
    automatic = {"a/three": False}

    found = rebuild_set(CHAIN, ROOT, {"b/two"}, dependents, Flags(), automatic)

    assert found.projects == ["b/two"]
    assert rebuild_set(CHAIN, ROOT, {"b/two"}, dependents, Flags(), {"a/three": True}).projects == ["b/two", "a/three"]


NAMES = [f"{origin}/p{number:02d}" for number in range(6) for origin in "ab"]


@st.composite
def graphs(draw: st.DrawFn) -> BuildGraph:
    needs: dict[str, set[str]] = {ROOT: set()}
    for name in NAMES:
        needs[name] = draw(st.sets(st.sampled_from(sorted(needs)), max_size=3))
    return a_graph_of(needs)


automatic_builds = st.dictionaries(st.sampled_from(NAMES), st.booleans())
flags_of = st.builds(Flags, st.booleans(), st.booleans(), st.booleans())


@given(graphs(), automatic_builds, flags_of)
def test_every_dependent_is_built_or_left_out_for_a_reason(
    graph: BuildGraph, automatic: dict[str, bool], flags: Flags
) -> None:
    dependents = graph.dependents(ROOT)

    found = build_set(graph, ROOT, dependents, flags, automatic)

    left_out = [each.name for each in found.left_out]
    assert sorted([*found.projects, *left_out]) == sorted([ROOT, *dependents])
    assert [name for name in dependents if name in found.projects] == [name for name in found.projects if name != ROOT]


@given(graphs(), automatic_builds)
def test_nothing_is_built_that_needs_what_cannot_be_built(graph: BuildGraph, automatic: dict[str, bool]) -> None:
    dependents = graph.dependents(ROOT)

    found = build_set(graph, ROOT, dependents, Flags(), automatic)

    impossible = {name for name in dependents if not automatic.get(name, False)}
    needing = {name for each in impossible for name in graph.dependents(each)}
    assert set(found.projects) == {ROOT, *dependents} - impossible - needing
