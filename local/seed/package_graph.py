"""A graph of packages with the shape of a large origin, generated from a seed.

The shape is that of the public `core` plans, measured at 704 packages:
- Run-time dependencies form a directed acyclic graph, 12 edges deep. Most packages need the same C library.
- A toolchain of 45 packages is built with itself: run-time and build-time edges together make it one cycle. 18 of
  its packages form a cycle of build-time edges alone. Two other packages need each other to build.
- Three packages need an earlier release of themselves to build.
- One package has 56 versions. About 5% of all versions are not dotted numbers.

A larger graph has one such toolchain too, and the same proportions otherwise.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import isqrt

from local.seed.package_names import package_names
from local.seed.package_versions import package_versions
from local.seed.repeatable import Draw

MEASURED = 704
FEWEST = 100
"""A smaller graph would be little more than the toolchain."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A package: the names that it needs at run time and to build, and its versions, oldest first."""

    name: str
    deps: tuple[str, ...]
    build_deps: tuple[str, ...]
    versions: tuple[str, ...]


def generate(seed: int, names: int = MEASURED) -> list[Plan]:
    """Return the plans of a graph, each after its run-time dependencies. Raises ValueError for fewer than 100 names.

    The result depends on the arguments only, not on the machine or the version of Python.
    """
    if names < FEWEST:
        raise ValueError(f"a graph has at least {FEWEST} names, not {names}")
    nodes = sorted([*_toolchain(), *_others(names)], key=lambda node: node.depth)
    _Edges(nodes, Draw(f"edges {seed}")).add_all()
    called = package_names(names, Draw(f"names {seed}"))
    versions = package_versions(names, Draw(f"versions {seed}"))
    return [
        Plan(
            called[place],
            tuple(called[dep] for dep in node.deps),
            tuple(called[dep] for dep in node.build_deps),
            versions[place],
        )
        for place, node in enumerate(nodes)
    ]


@dataclass(slots=True, eq=False)
class _Node:
    """A package that has no name yet; its dependencies are places in the list of nodes.

    `depth` is the length of its longest chain of run-time dependencies. `linked` and `built_with` are weights: how
    often other packages need it at run time and to build.
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
"""Depth of each tool, and how many of 704 packages need it at run time and to build. Tools are built with tools."""

_PARTS = [
    (0, 1, 13), _C_LIBRARY, (2, 159, 14), (2, 67, 4), (2, 36, 7), (2, 23, 1), (2, 21, 9), (2, 11, 0), (2, 8, 1),
    (2, 1, 20), (2, 0, 14), (3, 167, 7), (3, 19, 19), (3, 7, 1), (3, 7, 1), (3, 3, 0), (3, 0, 29), (4, 34, 9),
    (4, 5, 0), (4, 2, 31), (4, 1, 0), (4, 1, 1), (4, 0, 1), (4, 0, 49), (5, 3, 0), (6, 0, 34), (6, 0, 40),
]  # fmt: skip
"""The same for the rest of the toolchain. A part is built with tools, and a tool needs it at run time."""

_OTHERS = [75, 6, 130, 34, 77, 73, 55, 46, 58, 76, 24, 2, 3]
"""How many of the packages outside the toolchain have each depth."""

_FAVOURITES = [32, 2, 24, 80, 50, 25, 13, 45, 25, 6, 4, 3, 0]
"""How many packages need the most needed one of each depth outside the toolchain."""

_WEIGHT = 1_000_000
"""Weight of one dependent. Weights are integers, which are equal on every machine."""

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

_TRIES = 6
"""Picks per dependency; most of those that fail are doubles."""

_DEPTH_OF_THE_PAIR = 8

_LINK_C_AT_DEPTH_2, _LINK_C = 97, 52
"""Per cent of packages that need the C library for themselves, at depth 2 and deeper."""

_SHARED = 60
"""Per cent of run-time dependencies that another dependency needs too, which keeps their closures small."""

_COMPILE, _MAKE_IT = 92, 88
"""Per cent of packages with several build-time dependencies that need the compiler, and make."""


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
            depth, rank = depth + 1, 0  # one step at a time: a small graph must not leave out a depth
        rank += 1
        needed = _FAVOURITES[depth] * _WEIGHT // isqrt(rank**3)
        yield _Node(depth, needed, needed // 2)


class _Edges:
    """The edges between nodes that are sorted by depth.

    A run-time dependency has a smaller depth. A build-time dependency comes earlier in an order that begins with the
    toolchain; the only exceptions are those within the toolchain, and one package that is built with the next one.
    """

    def __init__(self, nodes: Sequence[_Node], draw: Draw) -> None:
        self._nodes, self._draw = nodes, draw
        places = range(len(nodes))
        self._tools = [place for place in places if nodes[place].is_tool]
        self._parts = [place for place in places if nodes[place].is_part]
        self._others = [place for place in places if not nodes[place].is_tool and not nodes[place].is_part]
        self._first = [bisect_left(nodes, depth, key=lambda node: node.depth) for depth in range(len(_OTHERS))]
        self._c_library = max(self._parts, key=lambda place: nodes[place].linked)
        self._compiler, self._make = sorted(self._tools, key=lambda place: -nodes[place].built_with)[:2]
        apart = {self._c_library, self._compiler, self._make}
        order = [*self._tools, *self._parts, *self._others]
        self._linked = _Pool(places, [0 if place in apart else nodes[place].linked for place in places])
        self._built_with = _Pool(order, [0 if place in apart else nodes[place].built_with for place in order])

    def add_all(self) -> None:
        """Give every node its dependencies."""
        toolchain = [*self._tools, *self._parts]
        for place in toolchain:
            self._add_within_toolchain(place, toolchain)
        self._close_the_cycle()
        for rank, place in enumerate(self._others, start=len(toolchain)):
            self._add_deps(self._nodes[place])
            self._add_build_deps(self._nodes[place], rank)
        self._add_small_cycles()

    def _add_within_toolchain(self, place: int, toolchain: Sequence[int]) -> None:
        node = self._nodes[place]
        above = [other for other in toolchain if self._nodes[other].depth == node.depth - 1]
        node.deps += [self._draw.one_of(above)] if above else []
        if node.depth > 1:
            _add(node.deps, self._c_library)
        for tool in (self._compiler, self._make):
            if tool != place:
                _add(node.build_deps, tool)
        while len(node.build_deps) < _BUILD_DEPS_IN_TOOLCHAIN:
            tool = self._built_with.pick(self._draw, 0, len(self._tools))
            if tool != place:
                _add(node.build_deps, tool)

    def _close_the_cycle(self) -> None:
        """Build each tool with another one, in a ring, and have each part needed by a tool."""
        ring = self._draw.shuffled(self._tools)
        for tool, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            _add(self._nodes[tool].build_deps, other)
        for part in self._parts:
            deeper = [tool for tool in self._tools if self._nodes[tool].depth > self._nodes[part].depth]
            _add(self._nodes[self._draw.one_of(deeper)].deps, part)

    def _add_deps(self, node: _Node) -> None:
        depth = node.depth
        if depth == 0:
            return
        if depth > 1 and self._draw.chance(_LINK_C_AT_DEPTH_2 if depth == 2 else _LINK_C):
            _add(node.deps, self._c_library)
        if depth != 2 or not node.deps:
            _add(node.deps, self._linked.pick(self._draw, self._first[depth - 1], self._first[depth]))
        wanted = self._draw.one_of(_DEPS[depth])
        for _ in range(_TRIES * wanted):
            if len(node.deps) >= wanted:
                break
            known = self._nodes[self._draw.one_of(node.deps)].deps
            if known and self._draw.chance(_SHARED):
                _add(node.deps, self._draw.one_of(known))
            else:
                _add(node.deps, self._linked.pick(self._draw, 0, self._first[depth]))

    def _add_build_deps(self, node: _Node, rank: int) -> None:
        wanted = self._draw.one_of(_BUILD_DEPS)
        if wanted > 1:
            node.build_deps += [self._compiler] if self._draw.chance(_COMPILE) else []
            node.build_deps += [self._make] if self._draw.chance(_MAKE_IT) else []
        for _ in range(_TRIES * wanted):
            if len(node.build_deps) < wanted:
                _add(node.build_deps, self._built_with.pick(self._draw, 0, rank))

    def _add_small_cycles(self) -> None:
        """Build two neighbours with each other, and three packages with themselves."""
        one, other = [place for place in self._others if self._nodes[place].depth == _DEPTH_OF_THE_PAIR][-2:]
        _add(self._nodes[one].build_deps, other)
        _add(self._nodes[other].build_deps, one)
        for place in (self._compiler, self._make, self._others[-1]):
            _add(self._nodes[place].build_deps, place)


class _Pool:
    """Places to pick from, by weight."""

    def __init__(self, places: Sequence[int], weights: Iterable[int]) -> None:
        self._places = places
        self._ends = list(accumulate(weights, initial=0))

    def pick(self, draw: Draw, start: int, end: int) -> int:
        """Return one of the places from index `start` to `end` - 1."""
        low, high = self._ends[start], self._ends[end]
        return self._places[bisect_right(self._ends, low + draw.below(high - low)) - 1]


def _add(deps: list[int], place: int) -> None:
    if place not in deps:
        deps.append(place)
