"""The generated graph has the shape of the public `core` plans at any size, and is the same on every machine."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from graphlib import TopologicalSorter

import pytest

from chalicelib.core.ident import PackageIdent, is_package_name, is_storable
from chalicelib.core.version_order import version_key
from local.seed.package_graph import MEASURED, Plan, generate

SEEDS = range(1, 7)
SIZES = [100, 250, MEASURED, 12_000]

Edges = Mapping[str, Iterable[str]]


@cache
def graph(seed: int, names: int = MEASURED) -> list[Plan]:
    """Return a cached graph."""
    return generate(seed, names)


def run_time(plans: Iterable[Plan]) -> Edges:
    """Return the run-time edges."""
    return {plan.name: plan.deps for plan in plans}


def build_time(plans: Iterable[Plan]) -> Edges:
    """Return the build-time edges."""
    return {plan.name: plan.build_deps for plan in plans}


def all_edges(plans: Iterable[Plan]) -> Edges:
    """Return run-time and build-time edges together."""
    return {plan.name: {*plan.deps, *plan.build_deps} for plan in plans}


def reachable(start: str, edges: Edges, within: set[str]) -> set[str]:
    """Return the names that can be reached from a name, itself included."""
    reached, pending = {start}, [start]
    while pending:
        new = (set(edges[pending.pop()]) & within) - reached
        reached |= new
        pending += new
    return reached


def cycles(edges: Edges) -> list[int]:
    """Return the sizes of the strongly connected components of more than one package, in ascending order."""
    backwards: dict[str, list[str]] = {name: [] for name in edges}
    for name, dependencies in edges.items():
        for dependency in dependencies:
            backwards[dependency].append(name)
    sizes, remaining = [], set(edges)
    for name in edges:
        if name in remaining:
            component = reachable(name, edges, remaining) & reachable(name, backwards, remaining)
            remaining -= component
            sizes += [len(component)] if len(component) > 1 else []
    return sorted(sizes)


def closures(plans: Iterable[Plan]) -> list[set[str]]:
    """Return the transitive run-time dependencies of each package."""
    by_name: dict[str, set[str]] = {}
    for plan in plans:
        by_name[plan.name] = set(plan.deps).union(*(by_name[dep] for dep in plan.deps))
    return list(by_name.values())


def depths(plans: Iterable[Plan]) -> dict[str, int]:
    """Return the length of each package's longest chain of run-time dependencies."""
    by_name: dict[str, int] = {}
    for plan in plans:
        by_name[plan.name] = max((by_name[dep] + 1 for dep in plan.deps), default=0)
    return by_name


def dependents(edges: Edges) -> list[int]:
    """Return the numbers of dependents, in descending order."""
    return [count for _, count in Counter(dep for deps in edges.values() for dep in deps).most_common()]


@pytest.mark.parametrize("names", SIZES)
def test_a_graph_has_the_given_number_of_different_valid_names(names: int) -> None:
    plans = graph(1, names)

    assert len({plan.name for plan in plans}) == len(plans) == names
    assert [plan.name for plan in plans if not is_package_name(plan.name)] == []


def test_a_graph_of_fewer_than_100_names_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 100 names, not 99"):
        generate(1, 99)


def test_equal_arguments_give_equal_graphs() -> None:
    assert generate(1) == generate(1) != generate(2)


def test_a_graph_is_the_same_on_every_machine_and_version_of_python() -> None:
    """The digest was computed once and changes only with the generator."""
    digest = hashlib.blake2b(repr(generate(1)).encode(), digest_size=16).hexdigest()

    assert digest == "1a64730b87a99bc96e7350812349da38"


def test_names_have_the_formats_of_real_names() -> None:
    names = [plan.name for plan in graph(1, 12_000)]
    formats = [
        "lib[a-z]+",
        "[a-z]+-tools",
        "python-[a-z]+",
        "perl-[a-z]+",
        "[a-z]+[0-9]+",
        "[a-z]+_[a-z]+",
        "[0-9][a-z]+",
    ]

    assert [pattern for pattern in formats if sum(bool(re.fullmatch(pattern, name)) for name in names) < 10] == []
    assert any(name != name.lower() for name in names)


@pytest.mark.parametrize("names", SIZES)
def test_every_dependency_is_in_the_graph_and_listed_once(names: int) -> None:
    plans = graph(1, names)
    known = {plan.name for plan in plans}

    for plan in plans:
        for dependencies in (plan.deps, plan.build_deps):
            assert len(dependencies) == len(set(dependencies))
            assert known.issuperset(dependencies)


@pytest.mark.parametrize("names", SIZES)
def test_run_time_dependencies_are_listed_before_their_dependents_and_have_no_cycle(names: int) -> None:
    plans = graph(1, names)
    listed: set[str] = set()

    for plan in plans:
        assert listed.issuperset(plan.deps)
        listed.add(plan.name)
    TopologicalSorter(run_time(plans)).prepare()  # raises CycleError


@pytest.mark.parametrize("seed", SEEDS)
def test_run_time_and_build_time_edges_form_a_large_and_a_small_cycle(seed: int) -> None:
    plans = graph(seed)

    assert cycles(all_edges(plans)) == [2, 45]
    assert cycles(build_time(plans)) == [2, 18]


@pytest.mark.parametrize("names", SIZES)
def test_a_graph_of_another_size_has_the_same_cycles(names: int) -> None:
    assert cycles(all_edges(graph(1, names))) == [2, 45]


@pytest.mark.parametrize("seed", SEEDS)
def test_three_packages_are_build_time_dependencies_of_themselves(seed: int) -> None:
    assert sum(plan.name in plan.build_deps for plan in graph(seed)) == 3


@pytest.mark.parametrize("seed", SEEDS)
def test_the_number_of_edges_is_as_measured(seed: int) -> None:
    plans = graph(seed)

    assert sum(len(plan.deps) for plan in plans) == pytest.approx(2_512, rel=0.08)
    assert sum(len(plan.build_deps) for plan in plans) == pytest.approx(3_147, rel=0.08)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_few_packages_have_most_dependents(seed: int) -> None:
    plans = graph(seed)
    linked, built_with, both = (dependents(edges(plans)) for edges in (run_time, build_time, all_edges))

    assert linked[0] == pytest.approx(503, rel=0.1)
    assert linked[1] == pytest.approx(167, rel=0.25)
    assert both[0] == pytest.approx(556, rel=0.1)
    assert built_with[:2] == pytest.approx([523, 503], rel=0.1)
    assert built_with[2] == pytest.approx(233, rel=0.25)
    assert len(plans) - len(linked) == pytest.approx(440, rel=0.2), "packages without run-time dependents"


@pytest.mark.parametrize("seed", SEEDS)
def test_closures_stay_small(seed: int) -> None:
    sizes = [len(closure) for closure in closures(graph(seed))]

    assert max(sizes) == pytest.approx(61, rel=0.35)
    assert sum(sizes) == pytest.approx(7_918, rel=0.35)


def test_closures_of_a_large_graph_stay_small() -> None:
    assert max(len(closure) for closure in closures(graph(1, 12_000))) < 150


@pytest.mark.parametrize("seed", SEEDS)
def test_depths_are_distributed_as_measured(seed: int) -> None:
    counts = Counter(depths(graph(seed)).values())

    measured = [76, 7, 143, 43, 89, 77, 57, 49, 58, 76, 24, 2, 3]
    assert [counts[depth] for depth in range(len(measured))] == pytest.approx(measured, abs=3)
    assert max(counts) == 12


@pytest.mark.parametrize("seed", SEEDS)
def test_the_number_of_versions_and_the_share_of_other_formats_are_as_measured(seed: int) -> None:
    plans = graph(seed)
    versions = [version for plan in plans for version in plan.versions]
    other_formats = [version for version in versions if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version)]

    assert len(versions) == pytest.approx(2_930, rel=0.1)
    assert 0.03 < len(other_formats) / len(versions) < 0.08
    most, second = sorted((len(plan.versions) for plan in plans), reverse=True)[:2]
    assert most == 56
    assert second == pytest.approx(33, abs=5)


def test_versions_have_the_formats_of_real_versions() -> None:
    formats = {
        "1.0.2i": r"\d+\.\d+\.\d+[a-z]",
        "8u151": r"\d+u\d+",
        "19.308-12": r"\d+\.\d+-\d+",
        "6.9.2-10": r"\d+\.\d+\.\d+-\d+",
        "v1.4.5": r"v\d+\.\d+\.\d+",
        "0+bzr681": r"0\+bzr\d+",
        "11.0.13+8": r"\d+\.\d+\.\d+\+\d+",
        "1.0.0-rc10": r"\d+\.\d+\.\d+-rc\d+",
        "R16B03-1": r"R\d+B\d+-\d",
        "2018-05-11T00-29-24Z": r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ",
        "no digit": r"[a-z]+",
    }
    versions = {version for plan in graph(1, 12_000) for version in plan.versions}

    missing = [
        example for example, pattern in formats.items() if not any(re.fullmatch(pattern, each) for each in versions)
    ]
    assert missing == []


@pytest.mark.parametrize("names", SIZES)
def test_the_versions_of_a_package_differ_and_are_listed_oldest_first(names: int) -> None:
    for plan in graph(1, names):
        assert plan.versions
        assert all(is_storable(PackageIdent("core", plan.name, version, "20240101000000")) for version in plan.versions)
        assert len(plan.versions) == len(set(plan.versions))
        if all(re.fullmatch("[0-9.]+", version) for version in plan.versions):
            order = [version_key(version) for version in plan.versions]
            assert order == sorted(order, key=str)
