"""A dependency graph of packages, generated from a random seed, with the shape of a large origin.

The shape is that of the public `core` plans, of which 704 were measured:
- Run-time dependencies form a directed acyclic graph, 12 edges deep. Most packages depend on the same C library.
- The 45 packages of the toolchain form one cycle of run-time and build-time dependencies. 18 of them form a cycle of
  build-time dependencies alone. Two other packages are build-time dependencies of each other.
- Three packages are build-time dependencies of themselves (an earlier release).
- One package has 56 versions. About 5% of all versions are not dotted numbers.

A larger graph also has one toolchain of 45 packages; everything else grows in proportion.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import isqrt

from local.seed.package_names import package_names
from local.seed.package_versions import package_versions
from local.seed.seeded_random import SeededRandom

MEASURED = 704
FEWEST = 100
"""Minimum size: a smaller graph would consist of little more than the toolchain."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A package: its direct run-time and build-time dependencies by name, and its versions, oldest first."""

    name: str
    deps: tuple[str, ...]
    build_deps: tuple[str, ...]
    versions: tuple[str, ...]


def generate(seed: int, names: int = MEASURED) -> list[Plan]:
    """Return the plans of a graph of `names` packages, each after its run-time dependencies.

    The result depends only on the arguments, not on the machine or the version of Python. Raises ValueError for fewer
    than 100 names.
    """
    if names < FEWEST:
        raise ValueError(f"a graph needs at least {FEWEST} names, not {names}")
    nodes = sorted([*_toolchain(), *_others(names)], key=lambda node: node.depth)
    _Edges(nodes, SeededRandom(f"edges {seed}")).add_all()
    name_of = package_names(names, SeededRandom(f"names {seed}"))
    versions = package_versions(names, SeededRandom(f"versions {seed}"))
    return [
        Plan(
            name_of[index],
            tuple(name_of[dep] for dep in node.deps),
            tuple(name_of[dep] for dep in node.build_deps),
            versions[index],
        )
        for index, node in enumerate(nodes)
    ]


@dataclass(slots=True, eq=False)
class _Node:
    """A package without a name. Its dependencies are indices in the list of nodes.

    `depth` is the length of its longest chain of run-time dependencies. `linked` and `built_with` are weights: how
    often it is chosen as a run-time and as a build-time dependency.
    """

    depth: int
    linked: int
    built_with: int
    is_tool: bool = False
    is_part: bool = False
    deps: list[int] = field(default_factory=list)
    build_deps: list[int] = field(default_factory=list)


_MAKE, _COMPILER, _C_LIBRARY = (2, 4, 503), (5, 33, 523), (1, 503, 14)
_TOOLS = [
    _MAKE, (2, 1, 233), (2, 5, 135), (2, 4, 35), (3, 3, 152), (3, 1, 52), (3, 3, 2), (4, 80, 216), (4, 22, 65),
    (4, 12, 15), (4, 4, 18), (4, 2, 17), _COMPILER, (5, 17, 26), (5, 1, 4), (6, 43, 88), (6, 0, 5), (7, 0, 16),
]  # fmt: skip
"""Tools of the toolchain: depth, number of run-time dependents and of build-time dependents among 704 packages."""

_PARTS = [
    (0, 1, 13), _C_LIBRARY, (2, 159, 14), (2, 67, 4), (2, 36, 7), (2, 23, 1), (2, 21, 9), (2, 11, 0), (2, 8, 1),
    (2, 1, 20), (2, 0, 14), (3, 167, 7), (3, 19, 19), (3, 7, 1), (3, 7, 1), (3, 3, 0), (3, 0, 29), (4, 34, 9),
    (4, 5, 0), (4, 2, 31), (4, 1, 0), (4, 1, 1), (4, 0, 1), (4, 0, 49), (5, 3, 0), (6, 0, 34), (6, 0, 40),
]  # fmt: skip
"""The same for the other parts of the toolchain. Each is built with tools and is a run-time dependency of a tool."""

_OTHERS = [75, 6, 130, 34, 77, 73, 55, 46, 58, 76, 24, 2, 3]
"""Number of packages outside the toolchain at each depth."""

_MAX_DEPENDENTS = [32, 2, 24, 80, 50, 25, 13, 45, 25, 6, 4, 3, 0]
"""Run-time dependents of the most popular package at each depth, outside the toolchain."""

_WEIGHT = 1_000_000
"""Weight of one dependent. Weights are integers because floats could be rounded differently between machines."""

_DEPS = [
    [0], [1], [1, 1, 1, 1, 1, 1, 1, 1, 3], [2, 2, 2, 2, 2, 3, 5], [2, 2, 2, 2, 2, 3, 3, 3, 4, 6],
    [1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 7], [1, 1, 2, 2, 3, 3, 5, 6, 7, 7, 12], [2, 2, 3, 4, 6, 7, 9, 9, 11, 11, 13],
    [3, 4, 5, 7, 7, 8, 9, 10, 11, 11], [1, 2, 2, 3, 3, 4, 4, 4, 4, 5, 6, 7, 8, 9, 11], [2, 2, 3, 4, 5, 8, 11, 16, 20],
    [14, 19], [21, 25, 32],
]  # fmt: skip
"""Typical numbers of run-time dependencies at each depth."""

_BUILD_DEPS_IN_TOOLCHAIN = 5
_BUILD_DEPS = [0, 0, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 5, 5, 5, 6, 6, 7, 7, 8, 9, 14]
"""Typical numbers of build-time dependencies outside the toolchain."""

_ATTEMPTS = 6
"""Attempts per dependency. An attempt fails mostly because the dependency exists already."""

_PAIR_DEPTH = 8
"""Depth of the two packages that are build-time dependencies of each other."""

_LINK_C_AT_DEPTH_2, _LINK_C = 97, 52
"""Percentages of packages that depend on the C library directly, at depth 2 and deeper."""

_SHARED = 60
"""Percentage of run-time dependencies that are also dependencies of another dependency. Keeps the closures small."""

_COMPILE, _USE_MAKE = 92, 88
"""Percentages of packages with several build-time dependencies that need the compiler and make."""


def _toolchain() -> Iterator[_Node]:
    for depth, linked, built_with in _TOOLS:
        yield _Node(depth, linked * _WEIGHT, built_with * _WEIGHT, is_tool=True)
    for depth, linked, built_with in _PARTS:
        yield _Node(depth, linked * _WEIGHT, built_with * _WEIGHT, is_part=True)


def _others(names: int) -> Iterator[_Node]:
    size = names - len(_TOOLS) - len(_PARTS)
    ends = list(accumulate(_OTHERS))
    depth, rank = 0, 0
    for number in range(size):
        measured = bisect_right(ends, number * ends[-1] // size)
        if measured > depth:
            depth, rank = depth + 1, 0  # by one, so that a small graph skips no depth
        rank += 1
        dependents = _MAX_DEPENDENTS[depth] * _WEIGHT // isqrt(rank**3)
        yield _Node(depth, dependents, dependents // 2)


class _Edges:
    """Adds the edges between nodes, which are sorted by depth.

    A run-time dependency always has a smaller depth. A build-time dependency comes earlier in an order that begins with
    the toolchain, except within the toolchain and for the two packages that are build-time dependencies of each other.
    """

    def __init__(self, nodes: Sequence[_Node], rng: SeededRandom) -> None:
        self._nodes, self._rng = nodes, rng
        indices = range(len(nodes))
        self._tools = [index for index in indices if nodes[index].is_tool]
        self._parts = [index for index in indices if nodes[index].is_part]
        self._others = [index for index in indices if not nodes[index].is_tool and not nodes[index].is_part]
        self._first = [bisect_left(nodes, depth, key=lambda node: node.depth) for depth in range(len(_OTHERS))]
        self._c_library = max(self._parts, key=lambda index: nodes[index].linked)
        self._compiler, self._make = sorted(self._tools, key=lambda index: -nodes[index].built_with)[:2]
        excluded = {self._c_library, self._compiler, self._make}
        order = [*self._tools, *self._parts, *self._others]
        self._linked = _Pool(indices, [0 if index in excluded else nodes[index].linked for index in indices])
        self._built_with = _Pool(order, [0 if index in excluded else nodes[index].built_with for index in order])

    def add_all(self) -> None:
        """Add the dependencies of all nodes."""
        toolchain = [*self._tools, *self._parts]
        for index in toolchain:
            self._add_within_toolchain(index, toolchain)
        self._close_cycle()
        for rank, index in enumerate(self._others, start=len(toolchain)):
            self._add_deps(self._nodes[index])
            self._add_build_deps(self._nodes[index], rank)
        self._add_small_cycles()

    def _add_within_toolchain(self, index: int, toolchain: Sequence[int]) -> None:
        node = self._nodes[index]
        above = [other for other in toolchain if self._nodes[other].depth == node.depth - 1]
        node.deps += [self._rng.one_of(above)] if above else []
        if node.depth > 1:
            _add(node.deps, self._c_library)
        for tool in (self._compiler, self._make):
            if tool != index:
                _add(node.build_deps, tool)
        while len(node.build_deps) < _BUILD_DEPS_IN_TOOLCHAIN:
            tool = self._built_with.pick(self._rng, 0, len(self._tools))
            if tool != index:
                _add(node.build_deps, tool)

    def _close_cycle(self) -> None:
        """Build each tool with another, in a ring, and make each part a run-time dependency of a tool."""
        ring = self._rng.shuffled(self._tools)
        for tool, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            _add(self._nodes[tool].build_deps, other)
        for part in self._parts:
            deeper = [tool for tool in self._tools if self._nodes[tool].depth > self._nodes[part].depth]
            _add(self._nodes[self._rng.one_of(deeper)].deps, part)

    def _add_deps(self, node: _Node) -> None:
        depth = node.depth
        if depth == 0:
            return
        if depth > 1 and self._rng.chance(_LINK_C_AT_DEPTH_2 if depth == 2 else _LINK_C):
            _add(node.deps, self._c_library)
        if depth != 2 or not node.deps:
            _add(node.deps, self._linked.pick(self._rng, self._first[depth - 1], self._first[depth]))
        count = self._rng.one_of(_DEPS[depth])
        for _ in range(_ATTEMPTS * count):
            if len(node.deps) >= count:
                break
            indirect = self._nodes[self._rng.one_of(node.deps)].deps
            if indirect and self._rng.chance(_SHARED):
                _add(node.deps, self._rng.one_of(indirect))
            else:
                _add(node.deps, self._linked.pick(self._rng, 0, self._first[depth]))

    def _add_build_deps(self, node: _Node, rank: int) -> None:
        count = self._rng.one_of(_BUILD_DEPS)
        if count > 1:
            node.build_deps += [self._compiler] if self._rng.chance(_COMPILE) else []
            node.build_deps += [self._make] if self._rng.chance(_USE_MAKE) else []
        for _ in range(_ATTEMPTS * count):
            if len(node.build_deps) < count:
                _add(node.build_deps, self._built_with.pick(self._rng, 0, rank))

    def _add_small_cycles(self) -> None:
        """Make two packages build-time dependencies of each other, and three packages of themselves."""
        one, other = [index for index in self._others if self._nodes[index].depth == _PAIR_DEPTH][-2:]
        _add(self._nodes[one].build_deps, other)
        _add(self._nodes[other].build_deps, one)
        for index in (self._compiler, self._make, self._others[-1]):
            _add(self._nodes[index].build_deps, index)


class _Pool:
    """Node indices to choose from by weight."""

    def __init__(self, indices: Sequence[int], weights: Iterable[int]) -> None:
        self._indices = indices
        self._ends = list(accumulate(weights, initial=0))

    def pick(self, rng: SeededRandom, start: int, end: int) -> int:
        """Return one of the items from position `start` to `end` - 1, by weight."""
        low, high = self._ends[start], self._ends[end]
        return self._indices[bisect_right(self._ends, low + rng.below(high - low)) - 1]


def _add(deps: list[int], index: int) -> None:
    if index not in deps:
        deps.append(index)
