"""Matching of raw request paths to declared paths (platform.md 1.1)."""

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, field


class Match(Struct, frozen=True):
    """A declared path, its methods, and the request's path variables, percent-encoded as the client sent them."""

    resource: str
    methods: Collection[str]
    variables: Mapping[str, str]


class _Node(Struct):
    literals: dict[str, "_Node"] = field(default_factory=dict)
    variable: "_Node | None" = None
    resource: str = ""
    names: tuple[str, ...] = ()
    methods: Collection[str] = ()


class RouteTree:
    """Declared paths as a tree of segments. A literal takes precedence over a variable if the whole path matches."""

    def __init__(self, routes: Mapping[str, Iterable[str]]) -> None:
        """`routes` maps each declared path, for example `/depot/{origin}/pkgs`, to its methods."""
        self._root = _Node()
        for path, methods in routes.items():
            self._add(path, frozenset(methods))

    def match(self, raw_path: str) -> Match | None:
        """Return the declared path that matches a raw path, or None.

        The path is split into segments before it is percent-decoded. An empty segment matches nothing; one trailing
        slash is ignored.
        """
        trimmed = raw_path[:-1] if raw_path.endswith("/") and raw_path != "/" else raw_path
        if not trimmed.startswith("/"):
            return None
        segments = trimmed[1:].split("/") if trimmed != "/" else []
        if "" in segments:
            return None
        values: list[str] = []
        node = _descend(self._root, segments, values)
        if node is None:
            return None
        return Match(node.resource, node.methods, dict(zip(node.names, values, strict=True)))

    def _add(self, path: str, methods: Collection[str]) -> None:
        node = self._root
        names = []
        for segment in (part for part in path.split("/") if part):
            if segment.startswith("{"):
                names.append(segment.strip("{}"))
                node.variable = node.variable or _Node()
                node = node.variable
            else:
                node = node.literals.setdefault(segment, _Node())
        node.resource, node.names, node.methods = path, tuple(names), methods


def _descend(node: _Node, segments: list[str], values: list[str]) -> _Node | None:
    """Return the node that matches the segments, or None. Appends the values of its variables to `values`."""
    if not segments:
        return node if node.methods else None
    head, rest = segments[0], segments[1:]
    literal = node.literals.get(head)
    if literal is not None and (leaf := _descend(literal, rest, values)):
        return leaf
    if node.variable is None:
        return None
    values.append(head)
    leaf = _descend(node.variable, rest, values)
    if leaf is None:
        values.pop()
    return leaf
