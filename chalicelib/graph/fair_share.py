"""Which nodes of a shard stay if not all fit: an origin cannot push out the nodes of origins that need less. Pure.

The shard of a name is a hash of the name, so any account that may upload can choose names that fill one shard.
"""

from collections.abc import Mapping

from chalicelib.core.builds import fair_share
from chalicelib.core.builds.numbered_graph import Node

OVERHEAD = 16
"""Bytes of quotes and commas that a node adds to a snapshot, besides those of its names."""


def fitting(nodes: Mapping[str, Node], most: int) -> dict[str, Node]:
    """Return the nodes that fit into `most` bytes, by name (`origin/name`).

    All origins may use the same number of bytes, and what some do not need is shared by the others. An origin that uses
    more loses its largest nodes.
    """
    sizes = {name: size_of(name, node) for name, node in nodes.items()}
    kept = fair_share.fitting(sizes, most, owner=lambda name: name.partition("/")[0])
    return {name: node for name, node in nodes.items() if name in kept}


def size_of(name: str, node: Node) -> int:
    """Return about how many bytes a node takes, uncompressed."""
    needed = sum(len(each) + 3 for each in (*node.deps, *node.build_deps))
    return len(name) + len(node.ident) + needed + OVERHEAD
